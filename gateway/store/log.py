"""What of a recorded row is in the log: the columns that never change, as they will be read back."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson

from gateway.audit.chain import canonical
from gateway.store.tables import metadata
from gateway.store.types import Instant

RECORDS = (
    "act",
    "application",
    "attempt",
    "attempt_event",
    "complaint",
    "consent",
    "contact",
    "decision",
    "erasure",
    "hardship_signal",
    "hold",
    "outside_contact",
    "payment",
    "promise",
    "reply",
    "survey_answer",
    "view",
)
"""The tables whose rows are entries of a chain."""

CHANGED = {
    "application": {"status", "hold_id", "decided_at", "decided_by", "decision_reason"},
    "complaint": {"status", "settled_at", "settled_by", "answer"},
    "hardship_signal": {"withdrawn_at", "withdrawal_reason"},
    "attempt": {"finished_at", "outcome", "provider_message_id", "provider_code", "detail", "note"},
    "contact": {
        "spent_channels", "status", "channel", "contact_point_id", "due_at", "expires_at", "template_version",
        "message", "cancel_reason", "lease_until", "attempts", "channel_attempts", "failed_provider",
    },
    "hold": {"lifted_at", "lift_reason"},
    "promise": {"status", "withdrawal_reason"},
    "reply": {"status", "settled_at", "settled_by", "settled_note"},
}  # fmt: skip
"""The columns of those that do change. An attempt's follow from its events, the others' from acts."""

STATES: dict[str, set[str]] = {
    # An index follows from its address, a token opens a door, a key is wrapped anew.
    "customer": {"log_seq", "log_hash", "data_key"},
    "contact_point": {"address_index", "unsubscribe_token"},
    "bill": set(),
    "caller": set(),
    "api_key": {"last_used_at"},
    "pause": set(),
}
"""Rows that are as acts have left them, but for these columns, which no act names."""


def names(table: str) -> list[str]:
    return [column.name for column in metadata.tables[table].columns]


@cache
def columns(kind: str) -> tuple[str, ...]:
    """Those that never change. The number is in the entry itself."""
    left_out = CHANGED.get(kind, set()) | {"seq"}
    return tuple(name for name in names(kind) if name not in left_out)


@cache
def state_columns(name: str) -> tuple[str, ...]:
    """Those of a row that acts set."""
    if name in RECORDS:
        return tuple(sorted(CHANGED[name]))
    return tuple(one for one in names(name) if one not in STATES[name])


@cache
def _reader(kind: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    names = columns(kind)
    instants = [name for name in names if isinstance(metadata.tables[kind].c[name].type, Instant)]

    def read(row: Mapping[str, Any]) -> dict[str, Any]:
        get = row.get
        found = {name: get(name) for name in names}
        for name in instants:
            instant: datetime | None = found[name]
            if instant is not None and instant.tzinfo is not UTC:
                found[name] = instant.astimezone(UTC)
        return found

    return read


def content(kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Of a row that is written, or was read."""
    return _reader(kind)(row)


def written(values: Mapping[str, Any]) -> bytes:
    """Columns as they stand in an act, in JSON: instants are in UTC."""
    return canonical({key: one.astimezone(UTC) if isinstance(one, datetime) else one for key, one in values.items()})


def at_rest(values: Mapping[str, Any]) -> dict[str, Any]:
    """Columns as they stand in an act, read back: what JSON knows."""
    plain: dict[str, Any] = orjson.loads(written(values))
    return plain
