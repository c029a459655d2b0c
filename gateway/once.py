"""One key, one thing made: who asks again for the same gets what was made then."""

from dataclasses import dataclass

from gateway.model import UserErrorCode, problem
from gateway.store import idempotency
from gateway.store.idempotency import Made
from gateway.store.work import Work


@dataclass(frozen=True, slots=True)
class Once:
    """A caller's key, with what it asks for. Without a key nothing is the same as before.

    `fingerprint`: of the body; empty where the key is all there is.
    """

    caller_id: str
    key: str | None
    operation: str
    fingerprint: str = ""

    async def before(self, work: Work) -> str | None:
        """The id of what it made before."""
        if self.key is None:
            return None
        key = (self.caller_id, self.key)
        made = same_key((await idempotency.find(work, {key})).get(key), self.operation, work.index(self.fingerprint))
        return made.id if made else None

    async def keep(self, work: Work, made: str) -> None:
        """It has made this. Of two at once, the database lets one."""
        if self.key is None:
            return
        entry = Made(self.operation, work.index(self.fingerprint), made)
        await work.insert("idempotency", [idempotency.row(work, self.caller_id, self.key, entry)])


def same_key(made: Made | None, operation: str, fingerprint: str) -> Made | None:
    """What the key made before, if the same was asked for then."""
    if made is not None and (made.operation, made.fingerprint) != (operation, fingerprint):
        message = "this key was used before, with another request"
        raise problem(UserErrorCode.CONFLICT, message, "idempotencyKey")
    return made
