"""The guard of fields that not everybody sees at once. It asks the table of permissions and notes what goes out.

It is put around such a field once, when the schema is built. A field that everybody sees to whom its thing exists is
not touched.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import isawaitable
from operator import attrgetter
from typing import Any

from graphql import GraphQLField

from gateway import model
from gateway.api.asked import asked
from gateway.api.context import Context
from gateway.api.ids import Kind, global_id
from gateway.api.permissions import FIELDS, Sight, is_guarded, is_personal
from gateway.api.reading import Reader
from gateway.model import Role
from gateway.sandbox import SandboxMessage
from gateway.views import LONGEST_REASON, View

_VALUES: Mapping[str, Callable[[Any], Any]] = {
    "Customer": attrgetter("customer"),
    "ContactPoint": attrgetter("point"),
    "Contact": attrgetter("contact"),
    "Attempt": attrgetter("attempt"),
    "Callback": attrgetter("callback"),
    "Reply": attrgetter("reply"),
    "RepaymentApplication": attrgetter("application"),
    "HardshipSignal": attrgetter("signal"),
    "Complaint": attrgetter("complaint"),
    "SurveyAnswer": attrgetter("answer"),
    "SandboxMessage": attrgetter("message"),
}
"""The domain's value behind each type that has guarded fields."""


@dataclass(frozen=True, slots=True)
class _Own:
    """It is the caller's own; for who rings, because of this callback."""

    callback_id: str | None = None


def guard(type_: str, name: str, field: GraphQLField) -> None:
    """Let the field show what the caller may see, with the reason that it takes, and put that on record."""
    if not is_guarded(f"{type_}.{name}"):
        return
    row, is_on_record = FIELDS[f"{type_}.{name}"], is_personal(f"{type_}.{name}")
    what = f"{type_[0].lower()}{type_[1:]}.{name}"
    resolve, value_of = field.resolve, _VALUES[type_]
    assert resolve is not None

    async def seen(source: object, info: Any, **arguments: Any) -> Any:
        context: Context = info.context
        reason = _read(arguments.get("reason"))
        value, cell = value_of(source), row[context.caller.role]
        # Whose it is takes a look only where that makes a difference.
        own = None if cell.own is cell.others else await _own(context, value)
        sight = cell.others if own is None else cell.own
        if sight in (Sight.MASKED, Sight.HIDDEN) or (sight is Sight.REASON and reason is None):
            return None
        if await _is_only_stored(context, value):
            return None
        shown = resolve(source, info, **arguments)
        if isawaitable(shown):
            shown = await shown
        if shown is not None and is_on_record:
            if reason is None and own is not None and own.callback_id is not None:
                reason = f"callback {global_id(Kind.CALLBACK, own.callback_id)}"
            context.shows(View(await _owner(context, value), what, value.id, reason))
        return shown

    field.resolve = seen


def _read(reason: str | None) -> str | None:
    with asked():
        read = Reader()
        said = read.optional_text(reason, "reason", longest=LONGEST_REASON)
        if said is not None and not any(one.isalnum() for one in said):
            read.wrong("must say why", "reason")
        read.finish()
    return said


async def _own(context: Context, value: Any) -> _Own | None:
    """Whether the table calls it the caller's own."""
    caller = context.caller
    match caller.role:
        case Role.CUSTOMER:
            return _Own() if await _owner(context, value) == caller.customer_id else None
        case Role.SERVICE:
            return _Own() if isinstance(value, model.Contact) and value.caller_id == caller.id else None
        case Role.AGENT | Role.ADMIN:
            calls = await context.load.calls_held_by.load(caller.id)
            return next((_Own(call.id) for call in calls if _is_about(call, value)), None)
        case Role.COMPLIANCE:
            return None


def _is_about(call: model.Callback, value: Any) -> bool:
    """Whether who holds the call needs this for it."""
    match value:
        case model.Customer():
            return call.customer_id == value.id
        case model.ContactPoint():
            return call.contact_point_id == value.id
        case model.Contact():
            return call.contact_id == value.id
        case model.Attempt():
            return call.contact_id == value.contact_id
        case model.Callback():
            return call.id == value.id
        case _:
            return False


async def _is_only_stored(context: Context, value: Any) -> bool:
    """Who is to be forgotten is used no more: what the law keeps of them is there for who answers to the law."""
    if context.caller.role not in (Role.SERVICE, Role.AGENT):
        return False
    owner = await _owner(context, value)
    return owner is not None and await context.load.erasure.load(owner) is not None


async def _owner(context: Context, value: Any) -> str | None:
    """Whose personal data it is; None: nobody we know."""
    match value:
        case model.Customer():
            return value.id
        case SandboxMessage():
            attempt = await context.load.attempt.load(value.reference)
            return None if attempt is None else attempt.customer_id
        case _:
            owner: str | None = value.customer_id
            return owner
