"""Relay's connections: edges, cursors, and what the arguments ask for."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Generic, Protocol, TypeVar

import strawberry

from gateway.api.context import Info
from gateway.api.errors import ApiError, Code
from gateway.api.ids import NoId, cursor, parse_cursor
from gateway.store.pages import Slice, Window
from gateway.store.work import Work

T = TypeVar("T")
M = TypeVar("M")
F = TypeVar("F")


class _Kept(Protocol):
    @property
    def id(self) -> str: ...


Kept = TypeVar("Kept", bound=_Kept)

DEFAULT_PAGE = 20
LARGEST_PAGE = 100

First = Annotated[int | None, strawberry.argument(description="How many from the beginning, 1 to 100. Default: 20.")]
After = Annotated[str | None, strawberry.argument(description="Only what comes after this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="How many from the end, 1 to 100: the newest.")]
Before = Annotated[str | None, strawberry.argument(description="Only what comes before this cursor.")]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there is more after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there is more before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the page's first item.")
    end_cursor: str | None = strawberry.field(description="The cursor of the page's last item.")


@strawberry.type(description="An item of a list, with its place in it.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="The item's place in the list, for `after` and `before`.")
    node: T = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list, oldest first. What is added meanwhile moves no page.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The items of the page, with their cursors.")
    nodes: list[T] = strawberry.field(description="The items of the page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in its list.")
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(description="How many there are in the whole list. Counted only when it is asked for.")
    async def total_count(self) -> int:
        return await self.count()


def connection(
    found: Slice[M], show: Callable[[M], T], key: Callable[[M], str], count: Callable[[], Awaitable[int]]
) -> Connection[T]:
    nodes = [show(one) for one in found.items]
    cursors = [cursor(key(one)) for one in found.items]
    return Connection(
        edges=[Edge(cursor=place, node=node) for place, node in zip(cursors, nodes, strict=True)],
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=found.has_next,
            has_previous_page=found.has_previous,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
        count=count,
    )


async def listing(
    info: Info,
    which: F,
    shown: Window,
    load: Callable[[Work, F, Window], Awaitable[Slice[Kept]]],
    number: Callable[[Work, F], Awaitable[int]],
    show: Callable[[Kept], T],
    key: Callable[[Kept], str] = lambda one: one.id,
) -> Connection[T]:
    """A page of a list that hangs on nothing; counted only when that is asked for."""
    async with info.context.snapshot.reading() as work:
        found = await load(work, which, shown)

    async def count() -> int:
        async with info.context.snapshot.reading() as work:
            return await number(work, which)

    return connection(found, show, key, count)


def window(first: int | None, after: str | None, last: int | None, before: str | None) -> Window:
    """What the arguments ask for; anything else than that is BAD_USER_INPUT."""
    size = {"first": first, "last": last}
    given = {name: count for name, count in size.items() if _is_given(count)}
    if len(given) == 2:
        raise ApiError(Code.BAD_USER_INPUT, "first, last: give one of them", field=("first", "last"))
    for name, count in given.items():
        if count is None or not 1 <= count <= LARGEST_PAGE:
            raise ApiError(Code.BAD_USER_INPUT, f"{name}: 1 to {LARGEST_PAGE}", field=(name,))
    return Window(
        count=next(iter(given.values()), None) or DEFAULT_PAGE,
        after=_place("after", after),
        before=_place("before", before),
        backward="last" in given,
    )


def _place(name: str, text: str | None) -> str | None:
    if not _is_given(text) or text is None:
        return None
    try:
        return parse_cursor(text)
    except NoId as wrong:
        raise ApiError(Code.BAD_USER_INPUT, f"{name}: {wrong}", field=(name,)) from None


def _is_given(value: object) -> bool:
    return value is not None and value is not strawberry.UNSET
