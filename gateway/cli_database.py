"""What commands that work on the database have in common."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer

from gateway.app import open_database
from gateway.settings import Settings
from gateway.store import customers
from gateway.store.database import Database

T = TypeVar("T")


def with_database(settings: Settings, do: Callable[[Database], Awaitable[T]]) -> T:
    """What a command does with the database, which is open meanwhile."""

    async def run() -> T:
        async with open_database(settings) as database:
            return await do(database)

    return asyncio.run(run())


async def customer_id(database: Database, reference: str) -> str:
    """Of the customer that `--customer` names. Ends the command where there is none."""
    async with database.read() as work:
        found = await customers.by_reference(work, reference)
    if found is None:
        raise typer.BadParameter("there is no customer of this reference", param_hint="--customer")
    return found.id
