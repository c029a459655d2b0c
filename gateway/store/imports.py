"""How far files were imported."""

from dataclasses import asdict, dataclass

from sqlalchemy import delete, select, update

from gateway.store.work import Work, table

_RUN = table("import_run")


@dataclass(frozen=True, slots=True)
class Run:
    """One file of one kind. `position` and `line` are those up to which it is done with."""

    digest: str
    position: int = 0
    line: int = 0
    rejects: int = 0  #: bytes of the list of bad rows
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0

    @property
    def rows(self) -> int:
        """All that were read: neither a header nor an empty line is one."""
        return self.added + self.changed + self.unchanged + self.rejected


async def find(work: Work, digest: str) -> Run | None:
    row = await work.one(select(_RUN).where(_RUN.c.digest == digest))
    return Run(**dict(row._mapping)) if row else None


async def move(work: Work, before: Run, after: Run) -> bool:
    """Go on from `before` to `after`. False: somebody else has, and what this transaction did is theirs to do."""
    await work.insert_if_new("import_run", [asdict(before)])
    statement = update(_RUN).where(_RUN.c.digest == before.digest, _RUN.c.position == before.position)
    return await work.run(statement.values(asdict(after))) == 1


async def forget(work: Work, digest: str) -> None:
    """The file is done with: whoever imports it again begins anew, and finds it all there."""
    await work.run(delete(_RUN).where(_RUN.c.digest == digest))
