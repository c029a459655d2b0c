"""Fields with personal data: null unless the table of permissions says otherwise, and on record where it does."""

from collections.abc import Callable
from typing import Annotated, Any

import strawberry

from gateway.api.permissions import said

Reason = Annotated[
    str | None,
    strawberry.argument(
        description="Why the caller looks: 1 to 500 characters. It is kept with who looked, and the customer sees it."
    ),
]


def personal(field: str, description: str, read: Callable[[Any], str | None]) -> Any:
    """A field that `sight.py` guards: `read` is asked only for who may see it."""

    def resolver(self: Any, reason: Reason = strawberry.UNSET) -> str | None:
        return read(self)

    told = f"{description} Null but for {said(field)}. Seeing it is on record, and shown to the customer."
    return strawberry.field(resolver=resolver, description=told)
