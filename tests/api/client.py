"""A small GraphQL client over the real ASGI application, with a key for each role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from gateway.api.ids import Kind, global_id
from gateway.api.permissions import scopes
from gateway.callers import create_key
from gateway.model import Bill, Contact, ContactPoint, Customer, Role
from gateway.server import build
from tests.world import World, open_world


@dataclass
class Api:
    world: World
    app: ASGIApp
    http: httpx.AsyncClient
    keys: dict[str, str] = field(default_factory=dict)

    async def key(self, role: Role, customer: Customer | None = None, name: str = "") -> str:
        """The key of that role, or of that customer; made when it is first needed."""
        who = f"{role} {customer.id if customer else ''} {name}"
        if who not in self.keys:
            self.keys[who] = await create_key(
                self.world.gateway.database,
                role,
                name or role.lower(),
                customer_id=customer.id if customer else None,
                # All of the role, and what only a key may that was made for it.
                scopes=frozenset(scopes(role)) if role in (Role.SERVICE, Role.ADMIN) else frozenset(),
            )
        return self.keys[who]

    def id(self, thing: Customer | Contact | ContactPoint | Bill) -> str:
        """The global id."""
        return global_id(Kind(type(thing).__name__), thing.id)

    async def post(
        self,
        query: str,
        variables: dict[str, Any] | None = None,
        *,
        role: Role = Role.SERVICE,
        customer: Customer | None = None,
        name: str = "",
        bearer: str = "",
        **headers: str,
    ) -> httpx.Response:
        """`bearer`: a key or token to come with, instead of that of a role."""
        key = bearer or await self.key(Role.CUSTOMER if customer else role, customer, name)
        return await self.http.post(
            "/graphql",
            json={"query": query, "variables": variables or {}},
            headers={"Authorization": f"Bearer {key}", **headers},
        )

    async def ask(self, query: str, variables: dict[str, Any] | None = None, **who: Any) -> dict[str, Any]:
        """The whole answer, but for what it cost."""
        response = await self.post(query, variables, **who)
        answer: dict[str, Any] = response.json()
        answer.pop("extensions", None)
        return answer

    async def data(self, query: str, variables: dict[str, Any] | None = None, **who: Any) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = await self.ask(query, variables, **who)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def error(self, query: str, variables: dict[str, Any] | None = None, **who: Any) -> dict[str, Any]:
        """The only error of an answer."""
        [error] = (await self.ask(query, variables, **who))["errors"]
        assert isinstance(error, dict)
        return error


@asynccontextmanager
async def open_api(folder: Path, **settings: Any) -> AsyncIterator[Api]:
    async with open_world(folder, **settings) as world:
        app = build(world.gateway)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway.test") as http:
            yield Api(world, app, http)
