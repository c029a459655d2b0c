"""One transaction, with what the statements in it need."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, Table, select

from gateway.ids import Ids
from gateway.store.many import Prepared, Question, among, to_change, to_insert
from gateway.store.rules import RuleTexts
from gateway.store.tables import CustomerRow, metadata
from gateway.store.vault import Vault
from policies.decision import RuleInfo

Row = Mapping[str, Any]

_CUSTOMER: Table = metadata.tables["customer"]


_LOCK = Question(
    select(_CUSTOMER.c.id, _CUSTOMER.c.log_seq)
    .where(among(_CUSTOMER.c.id, "ids"))
    .order_by(_CUSTOMER.c.id)
    .with_for_update()
)


def table(name: str) -> Table:
    """The table of that name, for set-based statements."""
    return metadata.tables[name]


class Work:
    """A transaction. `now` is read once, so that all it writes carries one instant."""

    def __init__(
        self,
        connection: Connection,
        vault: Vault,
        ids: Ids,
        now: datetime,
        texts: RuleTexts,
        in_thread: Callable[[Callable[[], Any]], Awaitable[Any]] | None = None,
    ) -> None:
        self._connection = connection
        self._in_thread = in_thread
        self.vault = vault
        self.now = now
        self._ids = ids
        self._sequences: dict[str, int] = {}
        self._grown: set[str] = set()
        self._texts = texts
        self._new_rules: set[str] = set()

    def new_id(self) -> str:
        return self._ids(self.now)

    async def all(self, statement: Executable, parameters: Row | None = None) -> Sequence[Any]:
        return await self._do(statement, parameters, lambda result: result.all())  # type: ignore[no-any-return]

    async def ask(self, question: Question, values: Mapping[str, Any]) -> list[Any]:
        """The rows that answer one of the path's own questions. Lists are for `among`."""
        if self._in_thread is None:
            return question.ask(self._connection, values)
        return await self._in_thread(lambda: question.ask(self._connection, values))  # type: ignore[no-any-return]

    async def one(self, statement: Executable, parameters: Row | None = None) -> Any:
        """The first row, or None."""
        return await self._do(statement, parameters, lambda result: result.first())

    async def run(self, statement: Executable, parameters: Row | Sequence[Row] | None = None) -> int:
        """How many rows it changed."""
        return await self._do(statement, parameters, lambda result: result.rowcount)  # type: ignore[no-any-return]

    async def _do(
        self,
        statement: Executable,
        parameters: Row | Sequence[Row] | None,
        take: Callable[[CursorResult[Any]], Any],
    ) -> Any:
        def do() -> Any:
            return take(self._connection.execute(statement, parameters))

        return do() if self._in_thread is None else await self._in_thread(do)

    async def insert(self, name: str, rows: Sequence[Row]) -> None:
        """Many rows in one statement; none is fine. Every row names the same columns."""
        if rows:
            self._many(to_insert(name, tuple(rows[0]), self._connection.dialect), rows)

    async def change(self, name: str, rows: Sequence[Row]) -> None:
        """Set columns of many rows by their id: each row holds `id` and the columns to set, the same in all."""
        if rows:
            self._many(to_change(name, tuple(rows[0]), self._connection.dialect), rows)

    def _many(self, prepared: Prepared, rows: Sequence[Row]) -> None:
        self._connection.exec_driver_sql(prepared.sql, prepared.parameters(rows))

    async def lock(self, customer_ids: Collection[str]) -> None:
        """Take the customers' rows, in the order of their ids so that two batches never wait for each other.

        On PostgreSQL what is read afterwards is read after the lock. On SQLite the transaction is alone anyway.
        """
        missing = sorted(set(customer_ids) - self._sequences.keys())
        if missing and self._in_thread is None:
            self._sequences.update({row.id: row.log_seq for row in await self.ask(_LOCK, {"ids": missing})})

    def next_seq(self, customer_id: str) -> int:
        """The next number in the record of a customer that this transaction has locked or made."""
        self._sequences[customer_id] += 1
        self._grown.add(customer_id)
        return self._sequences[customer_id]

    def name_rule(self, info: RuleInfo) -> str:
        """The key that stands for a rule in a decision; its text is written with this transaction if it is new."""
        key = self._texts.key(info)
        if key not in self._texts.recorded:
            self._new_rules.add(key)
        return key

    @property
    def rules(self) -> Mapping[str, dict[str, Any]]:
        """The texts of rules by their keys: those that this process has met."""
        return self._texts.by_key

    async def read_rules(self, keys: Collection[str]) -> None:
        """Meet those of them that are only on disk."""
        missing = [key for key in keys if key not in self._texts.by_key]
        if missing:
            target = table("rule_text")
            for row in await self.all(select(target).where(target.c.key.in_(missing))):
                self._texts.by_key[row.key] = row.rule

    def made_customer(self, customer_id: str) -> None:
        self._sequences[customer_id] = 0

    async def finish(self) -> None:
        """Before the commit: what follows from all that was done."""
        if self._new_rules:
            await self._write_rules()
        await self.change(
            str(CustomerRow.__tablename__),
            [{"id": customer, "log_seq": self._sequences[customer]} for customer in sorted(self._grown)],
        )

    def committed(self) -> None:
        """After the commit: what is now known to be on disk."""
        self._texts.recorded |= self._new_rules

    async def _write_rules(self) -> None:
        target = table("rule_text")
        there = {row.key for row in await self.all(select(target.c.key).where(target.c.key.in_(self._new_rules)))}
        new = sorted(self._new_rules - there)
        await self.insert("rule_text", [{"key": key, "rule": self._texts.by_key[key]} for key in new])


def seal(work: Work, customer_id: str, text: str | None) -> str | None:
    """What is personal, as it goes to rest."""
    return None if text is None else work.vault.seal(customer_id, text)


def unseal(work: Work, customer_id: str, sealed: str | None) -> str | None:
    return None if sealed is None else work.vault.open(customer_id, sealed)
