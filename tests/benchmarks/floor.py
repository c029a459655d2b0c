"""The floor: a bare Starlette route that does one INSERT and one COMMIT through the raw driver, batched in no way."""

import os
import secrets
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import uvicorn
from sqlalchemy import make_url
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

Insert = Callable[[str, str], Awaitable[None]]


@asynccontextmanager
async def _sqlite(file: str) -> AsyncIterator[Insert]:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS floor (id TEXT PRIMARY KEY, body TEXT)")

    async def insert(made: str, body: str) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO floor VALUES (?, ?)", (made, body))
        connection.execute("COMMIT")

    yield insert
    connection.close()


@asynccontextmanager
async def _postgres(url: str) -> AsyncIterator[Insert]:
    async with asyncpg.create_pool(url, min_size=10, max_size=10) as pool:
        await pool.execute("CREATE TABLE IF NOT EXISTS floor (id TEXT PRIMARY KEY, body TEXT)")

        async def insert(made: str, body: str) -> None:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("INSERT INTO floor VALUES ($1, $2)", made, body)

        yield insert


def main(port: int, url: str) -> None:
    database = make_url(url)
    is_file = database.get_backend_name() == "sqlite"

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with _sqlite(str(database.database)) if is_file else _postgres(url) as insert:
            app.state.insert = insert
            yield

    async def add(request: Request) -> JSONResponse:
        body = await request.body()
        made = secrets.token_hex(16)
        await request.app.state.insert(made, body.decode())
        return JSONResponse({"id": made})

    async def health(_: Request) -> JSONResponse:
        return JSONResponse({"pid": os.getpid()})

    routes = [Route("/graphql", add, methods=["POST"]), Route("/health", health)]
    app = Starlette(routes=routes, lifespan=lifespan)
    uvicorn.run(
        app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
