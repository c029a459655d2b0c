"""Customers, their contact points, and what is known of their wishes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select

from gateway.audit.chain import ZERO
from gateway.model import (
    GATEWAY,
    Caller,
    ConsentEntry,
    ContactPoint,
    Customer,
    HoldEntry,
    OutsideContact,
    OutsideResult,
    PromiseEntry,
)
from gateway.store import acts, log
from gateway.store.many import Question, among
from gateway.store.types import Instant
from gateway.store.work import Happening, Row, Work, seal, table, unseal
from policies.facts import (
    Channel,
    ConsentStatus,
    HoldKind,
    Initiator,
    Medium,
    Party,
    Place,
    PromiseStatus,
    Purpose,
    WindowEffect,
    Wish,
)

_CUSTOMER = table("customer")
_POINT = table("contact_point")
_CONSENT = table("consent")
_HOLD = table("hold")
_PROMISE = table("promise")
_OUTSIDE = table("outside_contact")
_ACCOUNT = table("account")

# Statements of the path, built once: building one costs more than SQLite needs to answer it.
_CUSTOMERS = Question(select(_CUSTOMER).where(among(_CUSTOMER.c.id, "ids")))
_BY_REFERENCE = Question(select(_CUSTOMER).where(among(_CUSTOMER.c.reference, "references")))
_IDS_BY_REFERENCE = Question(
    select(_CUSTOMER.c.id, _CUSTOMER.c.reference).where(among(_CUSTOMER.c.reference, "references"))
)
_OTHER = _CUSTOMER.alias("other")
_SAME_PERSON = Question(
    select(_CUSTOMER.c.id, _OTHER.c.id.label("other"))
    .join(_OTHER, _OTHER.c.person_id == _CUSTOMER.c.person_id)
    .where(among(_CUSTOMER.c.id, "ids"), _OTHER.c.id != _CUSTOMER.c.id)
)
_POINTS = select(_POINT).order_by(_POINT.c.id)
_POINTS_OF = Question(_POINTS.where(among(_POINT.c.customer_id, "ids")))
_CONSENTS_OF = Question(
    select(_CONSENT).where(among(_CONSENT.c.customer_id, "ids")).order_by(_CONSENT.c.at, _CONSENT.c.id)
)
_HOLDS = (
    select(_HOLD, _ACCOUNT.c.reference.label("account_reference"))
    .outerjoin(_ACCOUNT, _ACCOUNT.c.id == _HOLD.c.account_id)
    .order_by(_HOLD.c.id)
)
_HOLDS_OF = Question(_HOLDS.where(among(_HOLD.c.customer_id, "ids")))
_PROMISES_OF = Question(
    select(_PROMISE, _ACCOUNT.c.reference.label("account_reference"))
    .outerjoin(_ACCOUNT, _ACCOUNT.c.id == _PROMISE.c.account_id)
    .where(among(_PROMISE.c.customer_id, "ids"))
    .order_by(_PROMISE.c.id)
)
_OUTSIDE_OF = Question(
    select(_OUTSIDE)
    .where(among(_OUTSIDE.c.customer_id, "ids"), _OUTSIDE.c.at >= bindparam("since", type_=Instant))
    .order_by(_OUTSIDE.c.at, _OUTSIDE.c.id)
)


async def by_id(work: Work, ids: Collection[str]) -> dict[str, Customer]:
    rows = await work.ask(_CUSTOMERS, {"ids": list(ids)})
    work.take_keys(rows)
    return {row.id: _customer(row, work) for row in rows}


async def same_person(work: Work, ids: Collection[str]) -> dict[str, set[str]]:
    """The other references of whoever has more than one."""
    found: dict[str, set[str]] = {}
    for row in await work.ask(_SAME_PERSON, {"ids": list(ids)}):
        found.setdefault(row.id, set()).add(row.other)
    return found


async def link(work: Work, ids: Collection[str], person_id: str, by: Caller) -> None:
    linked = {"person_id": person_id}
    await work.change("customer", [{"id": customer, **linked} for customer in sorted(ids)])
    for customer in sorted(ids):
        await acts.add(work, by, "customer.linked", customer, linked, customer_id=customer)


async def by_reference(work: Work, reference: str) -> Customer | None:
    row = await work.one(select(_CUSTOMER).where(_CUSTOMER.c.reference == reference))
    if row is None:
        return None
    work.take_keys([row])
    return _customer(row, work)


async def by_references(work: Work, references: Collection[str]) -> dict[str, Customer]:
    rows = await work.ask(_BY_REFERENCE, {"references": list(references)})
    work.take_keys(rows)
    return {row.reference: _customer(row, work) for row in rows}


async def ids_by_references(work: Work, references: Collection[str]) -> dict[str, str]:
    rows = await work.ask(_IDS_BY_REFERENCE, {"references": list(references)})
    return {row.reference: row.id for row in rows}


async def add(work: Work, customers: Collection[Customer], by: Caller) -> None:
    begun = {one.id: {"data_key": work.made_customer(one.id), "log_seq": 0, "log_hash": ZERO} for one in customers}
    rows = [{**_columns(one, work), "created_at": one.created_at} for one in customers]
    await work.insert("customer", [{**row, **begun[row["id"]]} for row in rows])
    await _act(work, by, "customer.registered", rows, "id")


async def change(work: Work, customers: Collection[Customer], by: Caller) -> None:
    rows = [_columns(one, work) for one in customers]
    await work.change("customer", rows)
    await _act(work, by, "customer.changed", rows, "id")


async def _act(work: Work, by: Caller, what: str, rows: Collection[Row], whose: str) -> None:
    kept_out = log.STATES[what.partition(".")[0]]
    details = [
        (row[whose], row["id"], {name: value for name, value in row.items() if name not in kept_out}) for row in rows
    ]
    await acts.add_each(work, by, what, details)


async def points_of(work: Work, customer_ids: Collection[str]) -> list[ContactPoint]:
    """In the order in which they were registered: the first usable one is the one used."""
    return await _points(work, _POINTS_OF, customer_ids)


async def points(work: Work, ids: Collection[str]) -> dict[str, ContactPoint]:
    return {point.id: point for point in await _points(work, Question(_POINTS.where(among(_POINT.c.id, "ids"))), ids)}


async def point_by_token(work: Work, token: str) -> ContactPoint | None:
    """The mail address that the token in its mails belongs to."""
    found = await _points(work, Question(_POINTS.where(among(_POINT.c.unsubscribe_token, "ids"))), [token])
    return found[0] if found else None


async def _points(work: Work, question: Question, ids: Collection[str]) -> list[ContactPoint]:
    rows = await work.ask(question, {"ids": list(ids)})
    await work.open_keys(row.customer_id for row in rows)
    return [
        ContactPoint(
            id=row.id,
            customer_id=row.customer_id,
            channel=Channel[row.channel],
            address=work.open(row.customer_id, row.address),
            unsubscribe_token=row.unsubscribe_token,
            party=Party[row.party],
            place=Place[row.place],
            shared=row.shared,
            usable=row.usable,
        )
        for row in rows
    ]


async def add_points(work: Work, points: Collection[ContactPoint], by: Caller) -> None:
    rows = [{**_point_columns(point, work), "created_at": work.now} for point in points]
    await work.insert("contact_point", rows)
    await _act(work, by, "contact_point.added", rows, "customer_id")


async def change_points(work: Work, points: Collection[ContactPoint], by: Caller) -> None:
    rows = [_point_columns(point, work) for point in points]
    await work.change("contact_point", rows)
    await _act(work, by, "contact_point.changed", rows, "customer_id")


async def mark_unusable(work: Work, point_ids: Collection[str], by: Caller = GATEWAY) -> None:
    """The provider or a person said that the address is wrong."""
    if not point_ids:
        return
    marked = {"usable": False}
    await work.change("contact_point", [{"id": point, **marked} for point in sorted(point_ids)])
    for point in (await points(work, point_ids)).values():
        await acts.add(work, by, "contact_point.marked", point.id, marked, customer_id=point.customer_id)


async def consents_of(work: Work, customer_ids: Collection[str]) -> list[ConsentEntry]:
    """Oldest first."""
    rows = await work.ask(_CONSENTS_OF, {"ids": list(customer_ids)})
    await work.open_keys(row.customer_id for row in rows)
    return [
        ConsentEntry(
            id=row.id,
            customer_id=row.customer_id,
            status=ConsentStatus[row.status],
            channel=Channel[row.channel] if row.channel else None,
            contact_point_id=row.contact_point_id,
            purpose=Purpose[row.purpose] if row.purpose else None,
            source=work.open(row.customer_id, row.source),
            at=row.at,
        )
        for row in rows
    ]


async def add_consent(work: Work, entry: ConsentEntry, *, evidence: str | None, caller_id: str) -> None:
    row = {
        "id": entry.id,
        "customer_id": entry.customer_id,
        "status": entry.status,
        "channel": entry.channel,
        "contact_point_id": entry.contact_point_id,
        "purpose": entry.purpose,
        "source": work.seal(entry.customer_id, entry.source),
        "evidence": seal(work, entry.customer_id, evidence),
        "at": entry.at,
        "recorded_at": work.now,
        "caller_id": caller_id,
    }
    await work.insert("consent", [work.logged("consent", row)])
    # Not its source: that is in somebody's own words.
    scope = {"channel": entry.channel, "purpose": entry.purpose}
    work.happenings.append(Happening(f"consent.{entry.status.lower()}", customer_id=entry.customer_id, data=scope))


async def holds_of(work: Work, customer_ids: Collection[str]) -> list[HoldEntry]:
    return await _holds(work, _HOLDS_OF, customer_ids)


async def holds(work: Work, ids: Collection[str]) -> dict[str, HoldEntry]:
    return {hold.id: hold for hold in await _holds(work, Question(_HOLDS.where(among(_HOLD.c.id, "ids"))), ids)}


async def _holds(work: Work, question: Question, ids: Collection[str]) -> list[HoldEntry]:
    return [
        HoldEntry(
            id=row.id,
            customer_id=row.customer_id,
            kind=HoldKind[row.kind],
            channel=Channel[row.channel] if row.channel else None,
            contact_point_id=row.contact_point_id,
            account_id=row.account_id,
            account_reference=row.account_reference,
            starts=row.starts,
            ends=row.ends,
            lifted_at=row.lifted_at,
        )
        for row in await work.ask(question, {"ids": list(ids)})
    ]


async def add_hold(work: Work, hold: HoldEntry, *, note: str | None, caller_id: str) -> None:
    row = {
        "id": hold.id,
        "customer_id": hold.customer_id,
        "kind": hold.kind,
        "channel": hold.channel,
        "contact_point_id": hold.contact_point_id,
        "account_id": hold.account_id,
        "starts": hold.starts,
        "ends": hold.ends,
        "note": seal(work, hold.customer_id, note),
        "recorded_at": work.now,
        "caller_id": caller_id,
    }
    await work.insert("hold", [work.logged("hold", row)])


def hold_now(work: Work, customer_id: str, kind: HoldKind, point_id: str | None = None) -> HoldEntry:
    """A hold from now on, until somebody lifts it: on everything, or on one contact point."""
    return HoldEntry(
        id=work.new_id(),
        customer_id=customer_id,
        kind=kind,
        channel=None,
        contact_point_id=point_id,
        account_id=None,
        account_reference=None,
        starts=work.now,
        ends=None,
        lifted_at=None,
    )


async def lift_hold(work: Work, hold: HoldEntry, reason: str, by: Caller) -> None:
    lifted = {"lifted_at": work.now, "lift_reason": work.seal(hold.customer_id, reason)}
    await work.change("hold", [{"id": hold.id, **lifted}])
    await acts.add(work, by, "hold.lifted", hold.id, lifted, customer_id=hold.customer_id)


async def promises_of(work: Work, customer_ids: Collection[str]) -> list[PromiseEntry]:
    return [
        PromiseEntry(
            id=row.id,
            customer_id=row.customer_id,
            account_id=row.account_id,
            account_reference=row.account_reference,
            pay_by=row.pay_by,
            made_at=row.made_at,
            status=PromiseStatus[row.status],
            amount=None if row.amount is None else Decimal(row.amount),
            currency=row.currency,
        )
        for row in await work.ask(_PROMISES_OF, {"ids": list(customer_ids)})
    ]


async def of_promise(work: Work, promise_id: str) -> str | None:
    """Whose promise it is."""
    row = await work.one(select(_PROMISE.c.customer_id).where(_PROMISE.c.id == promise_id))
    return row.customer_id if row else None


async def add_promise(work: Work, promise: PromiseEntry, *, caller_id: str) -> None:
    row = {
        "id": promise.id,
        "customer_id": promise.customer_id,
        "account_id": promise.account_id,
        "pay_by": promise.pay_by,
        "amount": None if promise.amount is None else str(promise.amount),
        "currency": promise.currency,
        "made_at": promise.made_at,
        "status": promise.status,
        "caller_id": caller_id,
    }
    await work.insert("promise", [work.logged("promise", row)])


async def outside_of(work: Work, customer_ids: Collection[str], since: datetime) -> list[OutsideContact]:
    """Oldest first."""
    rows = await work.ask(_OUTSIDE_OF, {"ids": list(customer_ids), "since": since})
    return await _outsides(work, rows)


async def outside(work: Work, ids: Collection[str]) -> dict[str, OutsideContact]:
    rows = await work.all(select(_OUTSIDE).where(_OUTSIDE.c.id.in_(ids)))
    return {one.id: one for one in await _outsides(work, rows)}


async def outside_by_reference(work: Work, caller_id: str, reference: str) -> tuple[OutsideContact, str] | None:
    """The one this caller recorded under that reference, and the index of its body."""
    statement = select(_OUTSIDE).where(_OUTSIDE.c.caller_id == caller_id)
    row = await work.one(statement.where(_OUTSIDE.c.reference_index == work.index(reference)))
    return ((await _outsides(work, [row]))[0], row.fingerprint) if row else None


async def add_outside(
    work: Work, outside: OutsideContact, *, note: str | None, fingerprint: str, caller_id: str
) -> None:
    row = {
        "id": outside.id,
        "customer_id": outside.customer_id,
        "reference": work.seal(outside.customer_id, outside.reference),
        "reference_index": work.index(outside.reference),
        "fingerprint": work.index(fingerprint),
        "medium": outside.medium,
        "result": outside.result,
        "initiator": outside.initiator,
        "at": outside.at,
        "accounts": list(outside.account_ids),
        "contact_point_id": outside.contact_point_id,
        "purpose": outside.purpose,
        "note": seal(work, outside.customer_id, note),
        "recorded_at": work.now,
        "caller_id": caller_id,
    }
    await work.insert("outside_contact", [work.logged("outside_contact", row)])


def _customer(row: Any, work: Work) -> Customer:
    return Customer(
        id=row.id,
        reference=row.reference,
        name=unseal(work, row.id, row.name),
        locale=row.locale,
        time_zones=tuple(row.time_zones),
        jurisdiction=row.jurisdiction,
        created_at=row.created_at,
        erased_at=row.erased_at,
        zones_stated=row.zones_stated,
        preferred_channels=tuple(Channel[name] for name in row.preferred_channels),
        windows=tuple(map(_window, row.windows)),
    )


def _columns(customer: Customer, work: Work) -> dict[str, Any]:
    return {
        "id": customer.id,
        "reference": customer.reference,
        "name": seal(work, customer.id, customer.name),
        "locale": customer.locale,
        "time_zones": list(customer.time_zones),
        "zones_stated": customer.zones_stated,
        "jurisdiction": customer.jurisdiction,
        "preferred_channels": list(customer.preferred_channels),
        "windows": list(map(_window_columns, customer.windows)),
    }


def _point_columns(point: ContactPoint, work: Work) -> dict[str, Any]:
    return {
        "id": point.id,
        "customer_id": point.customer_id,
        "channel": point.channel,
        "address": work.seal(point.customer_id, point.address),
        "address_index": work.index(point.address),
        "unsubscribe_token": point.unsubscribe_token,
        "party": point.party,
        "place": point.place,
        "shared": point.shared,
        "usable": point.usable,
    }


def _window(stored: Mapping[str, Any]) -> Wish:
    return Wish(
        effect=WindowEffect(stored["effect"]),
        start=time.fromisoformat(stored["start"]),
        end=time.fromisoformat(stored["end"]),
        days=frozenset(stored["days"]),
        channels=frozenset(map(Channel, stored["channels"])),
        valid_from=_instant(stored["valid_from"]),
        valid_until=_instant(stored["valid_until"]),
        zone=stored["zone"],
    )


def _window_columns(window: Wish) -> dict[str, Any]:
    return {
        "effect": window.effect,
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
        "days": sorted(window.days),
        "channels": sorted(window.channels),
        "valid_from": window.valid_from.isoformat() if window.valid_from else None,
        "valid_until": window.valid_until.isoformat() if window.valid_until else None,
        "zone": window.zone,
    }


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


async def _outsides(work: Work, rows: Sequence[Any]) -> list[OutsideContact]:
    await work.open_keys(row.customer_id for row in rows)
    return [
        OutsideContact(
            id=row.id,
            customer_id=row.customer_id,
            reference=work.open(row.customer_id, row.reference),
            medium=Medium[row.medium],
            result=OutsideResult[row.result],
            initiator=Initiator[row.initiator],
            at=row.at,
            purpose=Purpose[row.purpose] if row.purpose else None,
            account_ids=tuple(row.accounts),
            contact_point_id=row.contact_point_id,
        )
        for row in rows
    ]
