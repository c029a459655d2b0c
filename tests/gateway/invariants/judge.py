"""Reads everything that is on record, before and after a step, and says what is not as it must be.

Plain loops over plain rows, and slow ways of counting: nothing here asks the gateway or its policies.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from gateway.core import Gateway
from gateway.store.log import RECORDS
from gateway.store.tables import metadata
from tests.gateway.invariants.packs import CAPS, CLOSES, OPENS, UNCOUNTED, Cap

NUMBERED = RECORDS
"""What has a number in its customer's record."""

KEPT = ("act", "attempt_event", "decision", "consent", "outside_contact", "promise", "view", "heard", "idempotency")
"""What is never changed once it is written."""

READ = (
    *("customer", "contact_point", "account", "bill", "contact", "slot", "attempt", "callback", "pause", "rule_text"),
    *dict.fromkeys((*NUMBERED, *KEPT)),
)

RANK = {
    name: rank
    for rank, name in enumerate(
        ("OPEN", "UNKNOWN", "ACCEPTED", "TEMPORARY_FAILURE", "PERMANENT_FAILURE", "DELIVERED"),
    )
}
FAILED = ("TEMPORARY_FAILURE", "PERMANENT_FAILURE")

REACHES = {
    "OPEN": {"PENDING"},
    "UNKNOWN": {"PENDING"},
    "ACCEPTED": {"ACCEPTED"},
    "TEMPORARY_FAILURE": {"ATTEMPTED"},
    "PERMANENT_FAILURE": {"ATTEMPTED"},
    "DELIVERED": {"DELIVERED"},
}
REACHES_OF_RINGS = {
    "OPEN": {"PENDING"},
    "UNKNOWN": {"PENDING"},
    "TEMPORARY_FAILURE": {"ATTEMPTED", "CONNECTED"},
    "PERMANENT_FAILURE": {"CONNECTED"},
    "DELIVERED": {"CONVERSATION"},
}

DEMANDS = ("DUE_REMINDER", "OVERDUE_REMINDER", "OVERDUE_WARNING", "FINAL_NOTICE", "PLAN_OFFER")
MEDIUM = {"SMS": "SMS", "EMAIL": "EMAIL", "CALLBACK": "VOICE"}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Row = Any
Table = Mapping[Any, Row]


@dataclass(frozen=True)
class Record:
    """Every row of every table, by its key, oldest first."""

    now: datetime
    tables: Mapping[str, Table]

    def __getitem__(self, name: str) -> Table:
        return self.tables[name]

    def sizes(self) -> dict[str, int]:
        return {name: len(rows) for name, rows in self.tables.items()}

    def person(self, customer_id: str) -> set[str]:
        """Every reference of the person."""
        person = self["customer"][customer_id].person_id
        same = {one.id for one in self["customer"].values() if person and one.person_id == person}
        return same | {customer_id}

    def is_same_address(self, one: str | None, other: str | None) -> bool:
        if one is None or other is None:
            return False
        first, second = self["contact_point"][one], self["contact_point"][other]
        return bool((first.channel, first.address_index) == (second.channel, second.address_index))


async def read(gateway: Gateway) -> Record:
    """What is on record now."""
    return Record(gateway.clock(), await gateway.database.run_sync(_tables))


def _tables(connection: Connection) -> dict[str, Table]:
    found: dict[str, Table] = {}
    for name, question in _QUESTIONS.items():
        keys = len(metadata.tables[name].primary_key)
        found[name] = {row[0] if keys == 1 else tuple(row[:keys]): row for row in connection.execute(question)}
    return found


_QUESTIONS = {name: select(metadata.tables[name]).order_by(*metadata.tables[name].primary_key) for name in READ}
"""The key's columns stand first in every table."""


class Wrong(AssertionError):
    """Something that must always be true is not."""


def check(before: Record, after: Record, rules: Mapping[str, Sequence[str]]) -> None:
    """`rules`: the ids of each jurisdiction's rules, in their order. Raises `Wrong` with all that is wrong."""
    problems = [
        *_kept(before, after),
        *_moved_forward(before, after),
        *_slots(after),
        *_states(after),
        *_numbers(after),
        *_decisions(before, after, rules),
        *_replies(before, after),
        *_opened(before, after),
        *_reserved(before, after),
    ]
    if problems:
        raise Wrong("\n".join([*problems, *story(after)]))


# --- what is written stays --------------------------------------------------------------------------------------------


def _kept(before: Record, after: Record) -> Iterator[str]:
    for name in KEPT:
        for key, row in before[name].items():
            if key not in after[name]:
                yield f"4: a row of {name} is gone"
            elif after[name][key] != row:
                yield f"4: a row of {name} was changed: {row} -> {after[name][key]}"
    for name in ("contact", "attempt", "callback", "customer", "contact_point", "bill", "pause", "hold"):
        if missing := before[name].keys() - after[name].keys():
            yield f"1: rows of {name} are gone: {sorted(missing)}"


def _moved_forward(before: Record, after: Record) -> Iterator[str]:
    heard = defaultdict(list)
    for event in after["attempt_event"].values():
        heard[event.attempt_id].append(event.outcome)
    for key, attempt in after["attempt"].items():
        if attempt.outcome != max(["OPEN", *heard[key]], key=RANK.__getitem__):
            yield f"4: {_of(attempt)} is {attempt.outcome}, and was told {heard[key]}"
        earlier = before["attempt"].get(key)
        if earlier is None:
            continue
        if RANK[attempt.outcome] < RANK[earlier.outcome]:
            yield f"4: {_of(attempt)} went back from {earlier.outcome} to {attempt.outcome}"
        fixed = ("contact_id", "customer_id", "number", "channel", "provider", "contact_point_id", "started_at")
        if any(getattr(attempt, name) != getattr(earlier, name) for name in fixed):
            yield f"4: {_of(attempt)} was rewritten"
    for key, contact in after["contact"].items():
        earlier = before["contact"].get(key)
        if earlier is None or earlier.status == contact.status:
            continue
        change = f"contact {_short(key)} went from {earlier.status} to {contact.status}"
        if earlier.status in ("DELIVERED", "REFUSED", "CANCELLED"):
            yield f"5: {change}"
        if earlier.status == "UNCLEAR" and contact.status in ("SCHEDULED", "SENDING"):
            last = max(_attempts(after, key), key=lambda one: one.number, default=None)
            if last is None or last.outcome not in FAILED:
                yield f"5: {change}, and nobody said that it had not left"


# --- states that fit each other ---------------------------------------------------------------------------------------


def _slots(after: Record) -> Iterator[str]:
    by_attempt, waiting = defaultdict(list), Counter[str]()
    for slot in after["slot"].values():
        if slot.attempt_id:
            by_attempt[slot.attempt_id].append(slot)
        if slot.reach == "RESERVED":
            waiting[slot.contact_id] += 1
    for key, attempt in after["attempt"].items():
        if len(by_attempt[key]) != 1:
            yield f"2: {_of(attempt)} has {len(by_attempt[key])} slots"
            continue
        [slot] = by_attempt[key]
        reaches = REACHES_OF_RINGS if attempt.provider == "agent" else REACHES
        if slot.at != attempt.started_at or slot.reach not in reaches[attempt.outcome]:
            yield f"2: {_of(attempt)} is {attempt.outcome}, and its slot {slot.reach} at {slot.at}"
    calls = {one.contact_id: one for one in after["callback"].values()}
    for key, contact in after["contact"].items():
        call = calls.get(key)
        is_queued = call is not None and call.status == "WAITING"
        is_on_its_way = contact.status == "SENDING" and contact.channel == "CALLBACK"
        least = int(contact.status == "SCHEDULED" or is_queued)
        expected = (least, int(least or is_on_its_way))
        if waiting[key] not in expected:
            queue = f", its call {call.status}" if call else ""
            yield f"2: contact {_short(key)} is {contact.status}{queue}, and has reserved {waiting[key]} slots"


def _states(after: Record) -> Iterator[str]:
    for key, contact in after["contact"].items():
        tries = _attempts(after, key)
        if sorted(one.number for one in tries) != list(range(1, contact.attempts + 1)):
            yield f"4: contact {_short(key)} counts {contact.attempts} attempts, and has {len(tries)}"
        if contact.status == "UNCLEAR" and not any(one.outcome == "UNKNOWN" for one in tries):
            yield f"5: contact {_short(key)} is UNCLEAR, and none of its attempts is UNKNOWN"
        if contact.status == "REFUSED" and tries:
            yield f"8: contact {_short(key)} is REFUSED, and was attempted"
    for call in after["callback"].values():
        status = after["contact"][call.contact_id].status
        if call.status == "WAITING" and status not in ("SCHEDULED", "SENDING", "SENT"):
            yield f"5: contact {_short(call.contact_id)} is {status}, and its call waits to be made"


def _numbers(after: Record) -> Iterator[str]:
    numbers = defaultdict(list)
    for name in NUMBERED:
        latest: dict[str, int] = {}
        for row in after[name].values():
            if row.customer_id is None:
                continue
            numbers[row.customer_id].append(row.seq)
            if row.seq <= latest.get(row.customer_id, 0):
                yield f"11: in {name} the numbers of {_short(row.customer_id)} do not rise with the ids"
            latest[row.customer_id] = row.seq
    for key, customer in after["customer"].items():
        if sorted(numbers[key]) != list(range(1, customer.log_seq + 1)):
            yield f"11: the record of {_short(key)} counts {customer.log_seq} and has {sorted(numbers[key])}"


# --- decisions --------------------------------------------------------------------------------------------------------


def _decisions(before: Record, after: Record, rules: Mapping[str, Sequence[str]]) -> Iterator[str]:
    decided = defaultdict(list)
    for key, row in after["decision"].items():
        decided[row.contact_id].append(row)
        if key not in before["decision"]:
            yield from _findings(after, row, rules)
    for key, contact in after["contact"].items():
        earlier = before["contact"].get(key)
        is_new = earlier is None or earlier.status != contact.status
        if contact.status == "REFUSED" and is_new and (not decided[key] or decided[key][-1].outcome != "REFUSE"):
            yield f"8: contact {_short(key)} is REFUSED without a decision that says so"


def _findings(after: Record, decision: Row, rules: Mapping[str, Sequence[str]]) -> Iterator[str]:
    contact = after["contact"][decision.contact_id]
    order = rules[after["customer"][contact.customer_id].jurisdiction]
    named = [after["rule_text"][one["rule"]].rule["id"] for one in decision.findings]
    what = f"8: the decision on {_short(contact.id)} by {decision.channel}"
    if decision.decided_at != after.now:
        yield f"{what} is of {decision.decided_at}, and was made now"
    if len(set(named)) != len(named):
        yield f"{what} names a rule twice: {named}"
    if named and decision.findings[0]["outcome"] != decision.outcome:
        yield f"{what} is {decision.outcome}, and begins with {decision.findings[0]}"
    others = [order.index(one) for one in named[1:] if one in order]
    if others != sorted(others):
        yield f"{what} names rules in another order: {named}"
    refusing = {name for name, one in zip(named, decision.findings, strict=True) if one["outcome"] == "REFUSE"}
    expected = _refusing(after, contact, decision.channel, decision.contact_point_id)
    if refusing & _KNOWN != expected:
        yield f"{what}: {sorted(refusing & _KNOWN)} refuse, and should have been {sorted(expected)}"


_HOLDS = {
    "UNREAD_REPLY": "house.hold.unread_reply",
    "CEASE": "house.hold.cease",
    "WRONG_PERSON": "house.hold.wrong_person",
    "BANKRUPTCY": "house.hold.insolvency",
}
_KNOWN = frozenset({"core.reachable", "house.consent.withdrawn", "house.bill_open", *_HOLDS.values()})
"""The rules that are checked here once more."""


def _refusing(record: Record, contact: Row, channel: str, point: str | None) -> set[str]:
    """Which of those rules refuse a contact just now."""
    found: set[str] = set()
    if point is None or not record["contact_point"][point].usable:
        found.add("core.reachable")
    if _is_withdrawn(record, contact, channel, point):
        found.add("house.consent.withdrawn")
    if contact.purpose in DEMANDS and contact.bill_id and record["bill"][contact.bill_id].status == "PAID":
        found.add("house.bill_open")
    free = contact.evidence and contact.purpose in UNCOUNTED
    for hold in record["hold"].values():
        if hold.customer_id not in record.person(contact.customer_id) or hold.lifted_at is not None:
            continue
        if hold.contact_point_id and not record.is_same_address(hold.contact_point_id, point):
            continue
        stops = {
            "UNREAD_REPLY": not free and contact.purpose != "OPT_OUT_CONFIRMATION",
            "CEASE": not free,
            "WRONG_PERSON": True,
            "BANKRUPTCY": contact.purpose in (*DEMANDS, "FOLLOW_UP", "MARKETING"),
        }
        if stops[hold.kind]:
            found.add(_HOLDS[hold.kind])
    for reply in record["reply"].values():
        is_unread = reply.status == "OPEN" and reply.meaning in ("UNCLEAR", "DISPUTE", "HARDSHIP")
        is_held = reply.hold_id is None or record["hold"][reply.hold_id].lifted_at is None
        if is_unread and is_held and reply.customer_id in record.person(contact.customer_id):
            found |= set() if free or contact.purpose == "OPT_OUT_CONFIRMATION" else {"house.hold.unread_reply"}
    return found


def _is_withdrawn(record: Record, contact: Row, channel: str, point: str | None) -> bool:
    """A withdrawal that concerns it, and no later grant at least as particular."""
    if contact.evidence and contact.purpose in ("SECURITY_CODE", "OPT_OUT_CONFIRMATION"):
        return False
    person = record.person(contact.customer_id)
    entries = [
        one
        for one in record["consent"].values()
        if one.customer_id in person
        and one.channel in (None, channel)
        and one.purpose in (None, contact.purpose)
        and (one.contact_point_id is None or record.is_same_address(one.contact_point_id, point))
    ]
    entries.sort(key=lambda one: (one.at, one.id))

    def is_lifted(withdrawal: Row, later: Sequence[Row]) -> bool:
        return any(
            one.status == "GRANTED"
            and withdrawal.channel in (None, one.channel)
            and withdrawal.purpose in (None, one.purpose)
            and (
                withdrawal.contact_point_id is None
                or record.is_same_address(withdrawal.contact_point_id, one.contact_point_id)
            )
            for one in later
        )

    return any(
        one.status == "WITHDRAWN" and not is_lifted(one, entries[place + 1 :]) for place, one in enumerate(entries)
    )


def _replies(before: Record, after: Record) -> Iterator[str]:
    """Who writes "stop" has withdrawn."""
    for key, reply in after["reply"].items():
        if key in before["reply"] or reply.customer_id is None or reply.meaning not in ("STOP", "STOP_ALL"):
            continue
        point = reply.contact_point_id if reply.meaning == "STOP" else None
        withdrawn = [
            one
            for one in after["consent"].values()
            if (one.customer_id, one.status, one.contact_point_id) == (reply.customer_id, "WITHDRAWN", point)
            and one.recorded_at == reply.received_at
        ]
        if not withdrawn:
            yield f"7: {_short(reply.customer_id)} wrote {reply.meaning}, and nothing was withdrawn"


# --- what begins ------------------------------------------------------------------------------------------------------


def _opened(before: Record, after: Record) -> Iterator[str]:
    """The attempts that this step opened, by what was committed before it."""
    for key, attempt in after["attempt"].items():
        if key in before["attempt"]:
            continue
        contact = after["contact"][attempt.contact_id]
        if attempt.started_at != after.now:
            yield f"3: {_of(attempt)} says it began at {attempt.started_at}"
        yield from _closed(after, contact, attempt.started_at, _of(attempt))
        for rule in sorted(_refusing(before, contact, attempt.channel, attempt.contact_point_id)):
            number = 7 if rule == "house.consent.withdrawn" else 8
            yield f"{number}: {_of(attempt)} was opened against {rule}"
        for pause in before["pause"].values():
            names = (pause.purpose, pause.channel, pause.provider)
            concerned = (contact.purpose, attempt.channel, attempt.provider)
            is_of_it = not any(names) or any(one and one == its for one, its in zip(names, concerned, strict=True))
            if pause.resumed_at is None and is_of_it:
                yield f"pause: {_of(attempt)} was opened under a pause of {names}"
        for earlier in _attempts(before, attempt.contact_id):
            is_over = (*FAILED, "UNKNOWN") if earlier.channel == "CALLBACK" else FAILED
            if earlier.outcome not in is_over:
                yield f"5: {_of(attempt)} was opened after {_of(earlier)} was {earlier.outcome}"
        if before["contact"][contact.id].status in ("DELIVERED", "REFUSED", "CANCELLED", "EXPIRED", "UNCLEAR"):
            yield f"5: {_of(attempt)} of a contact that was {before['contact'][contact.id].status}"


def _reserved(before: Record, after: Record) -> Iterator[str]:
    """The places in the caps that a decision of this step gave: no period that holds one of them is too full."""
    decided = {row.contact_id: key for key, row in after["decision"].items() if key not in before["decision"]}
    for key, slot in after["slot"].items():
        earlier = before["slot"].get(key)
        contact = after["contact"][slot.contact_id]
        is_new = contact.id not in before["contact"]
        if contact.id not in decided or (earlier and (earlier.at, earlier.reach) == (slot.at, slot.reach)):
            continue
        if slot.at < after.now or (slot.at == after.now and not is_new and not _leaves(slot, contact)):
            continue
        what = f"the slot of {_short(contact.id)} at {slot.at:%d %H:%M}"
        yield from _closed(after, contact, slot.at, what)
        # Those that were decided after it in this step knew of it, and may be under no such cap.
        later = {one for one, decision in decided.items() if decision > decided[contact.id]}
        counted = [one for one in after["slot"].values() if one.contact_id not in later]
        counted += [one for one in before["slot"].values() if one.contact_id in later]
        if not is_new:
            # What was promised to others for later gives way, and is decided anew when it is due.
            promised = [one.at for one in before["slot"].values() if _is_waiting(one) and one.contact_id == contact.id]
            counted = [one for one in counted if not _is_waiting(one) or one.id == slot.id or one.at <= min(promised)]
        for cap in CAPS:
            yield from _overfull(after, counted, cap, contact, slot, what)


def _is_waiting(slot: Row) -> bool:
    return bool(slot.reach == "RESERVED")


def _leaves(slot: Row, contact: Row) -> bool:
    return slot.attempt_id is not None or contact.status == "SENDING"


def _closed(after: Record, contact: Row, at: datetime, what: str) -> Iterator[str]:
    customer = after["customer"][contact.customer_id]
    if customer.jurisdiction != "WALLED":
        return
    for zone in customer.time_zones:
        wall = at.astimezone(ZoneInfo(zone)).time()
        if not OPENS <= wall < CLOSES:
            yield f"3: {what} is at {wall} in {zone}"


@dataclass(frozen=True)
class _Past:
    at: datetime
    medium: str
    reach: str
    purpose: str | None
    evidence: bool
    accounts: Collection[str]


def _overfull(after: Record, slots: Sequence[Row], cap: Cap, contact: Row, mine: Row, what: str) -> Iterator[str]:
    customer = after["customer"][contact.customer_id]
    is_free = contact.purpose in cap.free or (contact.evidence and contact.purpose in UNCOUNTED)
    if customer.jurisdiction != cap.jurisdiction or mine.medium not in cap.media or is_free:
        return
    counted = [one for one in _past(after, slots, contact, cap) if one.medium in cap.media and one.reach in cap.reaches]
    counted = [
        one
        for one in counted
        if one.purpose is None or not (one.purpose in cap.free or (one.evidence and one.purpose in UNCOUNTED))
    ]
    for zone in customer.time_zones:
        here = _number(cap, mine.at, zone)
        width = cap.days or (cap.hours or 0) * 3_600_000_000
        numbers = [_number(cap, one.at, zone) for one in counted]
        for start in {number for number in numbers if here - width < number <= here}:
            held = sum(start <= number < start + width for number in numbers)
            if held > cap.limit:
                yield f"2: with {what} a period holds {held} of {cap.limit} ({cap.jurisdiction}, {sorted(cap.media)})"
                return


def _number(cap: Cap, at: datetime, zone: str) -> int:
    if cap.days:
        return at.astimezone(ZoneInfo(zone)).toordinal()
    return (at - _EPOCH) // timedelta(microseconds=1)


def _past(after: Record, slots: Sequence[Row], contact: Row, cap: Cap) -> Iterator[_Past]:
    """All that may count: of the person, and for a debt what was done to its other debtors."""
    person, account = after.person(contact.customer_id), contact.account_id
    pasts = [
        (one.customer_id, _Past(one.at, one.medium, one.reach, one.purpose, one.evidence, one.accounts))
        for one in slots
    ] + [
        (one.customer_id, _Past(one.at, one.medium, one.result, one.purpose, False, one.accounts))
        for one in after["outside_contact"].values()
        if one.initiator != "CUSTOMER"
    ]
    for whose, past in pasts:
        if not cap.of_account:
            is_counted = whose in person
        elif whose in person:
            is_counted = account is None or not past.accounts or account in past.accounts
        else:
            is_counted = account is not None and account in past.accounts
        if is_counted:
            yield past


# --- for people -------------------------------------------------------------------------------------------------------


def story(record: Record) -> Iterator[str]:
    """Every contact, with what happened to it."""
    yield f"at {record.now:%Y-%m-%d %H:%M:%S} UTC:"
    for contact in record["contact"].values():
        due = f" due {contact.due_at:%d %H:%M}" if contact.due_at else ""
        yield f"  contact {_short(contact.id)} {contact.purpose} {contact.channels} {contact.status}{due}"
        for attempt in _attempts(record, contact.id):
            told = [one.outcome for one in record["attempt_event"].values() if one.attempt_id == attempt.id]
            began = f"{attempt.channel} by {attempt.provider} at {attempt.started_at:%d %H:%M:%S}"
            yield f"    {attempt.number} {began}: {', '.join(told) or 'OPEN'}"
        for slot in record["slot"].values():
            if slot.contact_id == contact.id:
                yield f"    slot {slot.reach} at {slot.at:%d %H:%M:%S}"
        for call in record["callback"].values():
            if call.contact_id == contact.id:
                yield f"    call {call.status} {call.starts:%d %H:%M} to {call.ends:%d %H:%M}"


def _attempts(record: Record, contact_id: str) -> list[Row]:
    return [one for one in record["attempt"].values() if one.contact_id == contact_id]


def _short(id_: str) -> str:
    return id_[-6:]


def _of(attempt: Row) -> str:
    return f"attempt {attempt.number} ({attempt.channel}) of {_short(attempt.contact_id)}"
