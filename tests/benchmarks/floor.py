"""The floor: a bare Starlette route that does one INSERT and one COMMIT through the raw driver, batched in no way."""

import os
import secrets
import sqlite3
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def main(port: int, database: str) -> None:
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS floor (id TEXT PRIMARY KEY, body TEXT)")

    async def insert(request: Request) -> JSONResponse:
        body = await request.body()
        made = secrets.token_hex(16)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO floor VALUES (?, ?)", (made, body.decode()))
        connection.execute("COMMIT")
        return JSONResponse({"id": made})

    async def health(_: Request) -> JSONResponse:
        return JSONResponse({"pid": os.getpid()})

    app = Starlette(routes=[Route("/graphql", insert, methods=["POST"]), Route("/health", health)])
    uvicorn.run(
        app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
