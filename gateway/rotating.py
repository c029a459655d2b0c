"""Changing the master key: every key that it wraps is wrapped anew; what they sealed stays as it is.

1. Set the new key behind the old one on every process: all can open what either wrapped.
2. Set it before the old one on every process: what is new is wrapped by it.
3. `gateway vault rotate`: what the old one wrapped is wrapped by the new one.
4. Take the old one away.

It may be stopped at any time and begun again, while the gateway works.
"""

from collections.abc import AsyncIterator

from sqlalchemy import ColumnElement, func, select, update

from gateway.audit.chain import HOUSE
from gateway.store.database import Database
from gateway.store.work import table

BATCH = 500

_CUSTOMER = table("customer")
_HOUSE_KEY = table("house_key")


async def outstanding(database: Database) -> int:
    """How many customers' keys an older master key has wrapped."""
    async with database.read() as work:
        row = await work.one(select(func.count()).select_from(_CUSTOMER).where(_is_old(database)))
        return int(row[0])


async def rotate(database: Database) -> AsyncIterator[int]:
    """Wrap everything anew; how many customers' keys were, batch by batch."""
    async with database.write() as work:
        [row] = await work.all(select(_HOUSE_KEY.c.wrapped))
        await work.run(update(_HOUSE_KEY).values(wrapped=database.vault.rewrapped(HOUSE, row.wrapped)))
    last = ""
    while True:
        async with database.write() as work:
            statement = select(_CUSTOMER.c.id).where(_is_old(database), _CUSTOMER.c.id > last)
            ids = [row.id for row in await work.all(statement.order_by(_CUSTOMER.c.id).limit(BATCH))]
            if not ids:
                return
            last = ids[-1]
            await work.lock(ids)
            # Read again under the lock: one may have been destroyed meanwhile.
            rows = await work.all(select(_CUSTOMER.c.id, _CUSTOMER.c.data_key).where(_CUSTOMER.c.id.in_(ids)))
            kept = [row for row in rows if row.data_key is not None]
            changed = [{"id": row.id, "data_key": database.vault.rewrapped(row.id, row.data_key)} for row in kept]
            await work.change("customer", changed)
        yield len(ids)


def _is_old(database: Database) -> ColumnElement[bool]:
    return _CUSTOMER.c.data_key.is_not(None) & ~_CUSTOMER.c.data_key.startswith(database.vault.current)
