"""From what a caller sent to what the core takes. Every function raises `Unacceptable` with all that is wrong."""

import hashlib
from collections.abc import Sequence
from dataclasses import fields, replace
from decimal import Decimal

import orjson

from gateway.api.enums import Weekday
from gateway.api.ids import Kind
from gateway.api.reading import LONGEST_KEY, LONGEST_TEXT, Reader, is_given
from gateway.api.types import inputs
from gateway.model import Caller, UserErrorCode
from gateway.requests import (
    NewPoint,
    PlaceHold,
    Question,
    RecordCall,
    RecordConsent,
    RecordOutsideContact,
    RecordPromise,
    RegisterBill,
    RegisterCustomer,
    RequestContact,
    SetPreferences,
)
from gateway.store.pages import ContactFilter
from policies.facts import Channel, Wish

MOST_POINTS = 50
MOST_WINDOWS = 50
MOST_ACCOUNTS = 100
MOST_REFERENCES = 20

_WEEKDAYS = {day: number for number, day in enumerate(Weekday)}
_DAYS = frozenset(range(7))
_KEYS = frozenset({"idempotency_key", "fingerprint"})
_CHANNELS = frozenset(Channel)


def request_contact(caller: Caller, given: inputs.RequestContactInput) -> RequestContact:
    read = Reader()
    key = read.text(given.idempotency_key, "idempotencyKey", longest=LONGEST_KEY)
    customer_id = read.id(given.customer_id, Kind.CUSTOMER, "customerId")
    bill_id = read.optional_id(given.bill_id, Kind.BILL, "billId")
    channels = _channels(read, given.channels)
    template = read.optional_text(given.template, "template")
    variables = read.variables(given.variables, "variables")
    not_before = read.optional_instant(given.not_before, "notBefore")
    expires_at = read.optional_instant(given.expires_at, "expiresAt")
    reference = read.optional_text(given.reference, "reference")
    in_reply_to = read.optional_id(given.in_reply_to, Kind.OUTSIDE_CONTACT, "inReplyTo")
    read.finish()
    return RequestContact(
        caller=caller,
        idempotency_key=key,
        fingerprint=fingerprint(
            customer_id,
            bill_id,
            given.purpose,
            channels,
            template,
            variables,
            not_before,
            expires_at,
            reference,
            in_reply_to,
            bool(given.at_best_moment),
        ),
        customer_id=customer_id,
        purpose=given.purpose,
        bill_id=bill_id,
        channels=channels,
        template=template,
        variables=variables,
        not_before=not_before,
        at_best_moment=bool(given.at_best_moment),
        expires_at=expires_at,
        reference=reference,
        in_reply_to=in_reply_to,
    )


def schedule_callback(caller: Caller, given: inputs.ScheduleCallbackInput) -> RequestContact:
    read = Reader()
    key = read.text(given.idempotency_key, "idempotencyKey", longest=LONGEST_KEY)
    customer_id = read.id(given.customer_id, Kind.CUSTOMER, "customerId")
    bill_id = read.optional_id(given.bill_id, Kind.BILL, "billId")
    in_reply_to = read.optional_id(given.in_reply_to, Kind.OUTSIDE_CONTACT, "inReplyTo")
    at = read.instant(given.at, "at")
    until = read.optional_instant(given.until, "until")
    note = read.optional_text(given.note, "note", longest=LONGEST_TEXT)
    read.finish()
    return RequestContact(
        caller=caller,
        idempotency_key=key,
        fingerprint=fingerprint(customer_id, bill_id, given.purpose, in_reply_to, at, until, note),
        customer_id=customer_id,
        purpose=given.purpose,
        bill_id=bill_id,
        channels=(Channel.CALLBACK,),
        not_before=at,
        expires_at=until,
        in_reply_to=in_reply_to,
        is_callback=True,
        note=note,
    )


def register_customer(given: inputs.RegisterCustomerInput) -> RegisterCustomer:
    read = Reader()
    if not 1 <= len(given.contact_points) <= MOST_POINTS:
        read.wrong(f"must hold 1 to {MOST_POINTS} contact points", "contactPoints")
    zones = given.time_zones
    wanted = RegisterCustomer(
        reference=read.text(given.reference, "reference"),
        locale=read.locale(given.locale, "locale"),
        jurisdiction=read.jurisdiction(given.jurisdiction, "jurisdiction"),
        points=tuple(
            _point(read, point, "contactPoints", str(index))
            for index, point in enumerate(given.contact_points[:MOST_POINTS])
        ),
        name=read.optional_text(given.name, "name"),
        time_zones=tuple(
            dict.fromkeys(read.time_zone(zone, "timeZones", str(index)) for index, zone in enumerate(zones))
        )
        if zones
        else None,
    )
    read.finish()
    return wanted


def _point(read: Reader, given: inputs.ContactPointInput, *path: str) -> NewPoint:
    return NewPoint(
        channel=given.channel,
        address=read.text(given.address, *path, "address"),
        party=given.party or None,
        place=given.place or None,
        shared=given.shared if is_given(given.shared) else None,
    )


def register_bill(given: inputs.RegisterBillInput) -> RegisterBill:
    read = Reader()
    amount, currency = read.money(given.amount_due.amount, given.amount_due.currency, "amountDue")
    procedures, kinds = given.account.in_collection_procedures, given.account.lender_kinds
    wanted = RegisterBill(
        reference=read.text(given.reference, "reference"),
        customer_id=read.id(given.customer_id, Kind.CUSTOMER, "customerId"),
        account_reference=read.text(given.account.reference, "account", "reference"),
        amount_due=amount,
        currency=currency,
        due_on=read.date(given.due_on, "dueOn"),
        status=given.status or None,
        product=read.optional_text(given.account.product, "account", "product"),
        role=given.account.role or None,
        in_collection_procedures=procedures if is_given(procedures) else None,
        lender_kinds=None if not is_given(kinds) or kinds is None else tuple(dict.fromkeys(kinds)),
        instalment=given.instalment if is_given(given.instalment) else None,
    )
    if wanted.instalment is not None and wanted.instalment < 1:
        read.wrong("is a number from 1", "instalment")
    read.finish()
    return wanted


def link_customers(given: inputs.LinkCustomersInput) -> list[str]:
    read = Reader()
    if not 2 <= len(given.customer_ids) <= MOST_REFERENCES:
        read.wrong(f"must name 2 to {MOST_REFERENCES} customers", "customerIds")
    wanted = [read.id(one, Kind.CUSTOMER, "customerIds", str(index)) for index, one in enumerate(given.customer_ids)]
    read.finish()
    return list(dict.fromkeys(wanted))


def record_consent(given: inputs.RecordConsentInput) -> RecordConsent:
    read = Reader()
    wanted = RecordConsent(
        customer_id=read.id(given.customer_id, Kind.CUSTOMER, "customerId"),
        status=given.status,
        source=read.text(given.source, "source"),
        channel=given.channel or None,
        contact_point_id=read.optional_id(given.contact_point_id, Kind.CONTACT_POINT, "contactPointId"),
        purpose=given.purpose or None,
        evidence=read.optional_text(given.evidence, "evidence", longest=LONGEST_TEXT),
        at=read.optional_instant(given.at, "at"),
        idempotency_key=read.optional_text(given.idempotency_key, "idempotencyKey", longest=LONGEST_KEY),
    )
    read.finish()
    return replace(wanted, fingerprint=_body_of(wanted))


def record_call(given: inputs.RecordCallInput) -> RecordCall:
    read = Reader()
    key = read.text(given.idempotency_key, "idempotencyKey", longest=LONGEST_KEY)
    callback_id = read.id(given.callback_id, Kind.CALLBACK, "callbackId")
    at = read.optional_instant(given.at, "at")
    accounts = _accounts(read, given.accounts)
    note = read.optional_text(given.note, "note", longest=LONGEST_TEXT)
    call_again_at = read.optional_instant(given.call_again_at, "callAgainAt")
    read.finish()
    return RecordCall(
        callback_id=callback_id,
        idempotency_key=key,
        fingerprint=fingerprint(callback_id, given.result, at, accounts, note, call_again_at),
        result=given.result,
        at=at,
        accounts=accounts,
        note=note,
        call_again_at=call_again_at,
    )


def record_outside_contact(given: inputs.RecordOutsideContactInput) -> RecordOutsideContact:
    read = Reader()
    customer_id = read.id(given.customer_id, Kind.CUSTOMER, "customerId")
    reference = read.text(given.reference, "reference")
    at = read.instant(given.at, "at")
    accounts = _accounts(read, given.accounts) or ()
    address = read.optional_text(given.address, "address")
    purpose = given.purpose or None
    note = read.optional_text(given.note, "note", longest=LONGEST_TEXT)
    read.finish()
    return RecordOutsideContact(
        customer_id=customer_id,
        reference=reference,
        fingerprint=fingerprint(
            customer_id, given.channel, given.result, given.initiator, at, accounts, address, purpose, note
        ),
        medium=given.channel,
        result=given.result,
        initiator=given.initiator,
        at=at,
        accounts=accounts,
        address=address,
        purpose=purpose,
        note=note,
    )


def place_hold(given: inputs.PlaceHoldInput) -> PlaceHold:
    read = Reader()
    wanted = PlaceHold(
        customer_id=read.id(given.customer_id, Kind.CUSTOMER, "customerId"),
        kind=given.kind,
        channel=given.channel or None,
        contact_point_id=read.optional_id(given.contact_point_id, Kind.CONTACT_POINT, "contactPointId"),
        account=read.optional_text(given.account, "account"),
        starts=read.optional_instant(given.starts, "from"),
        ends=read.optional_instant(given.until, "until"),
        note=read.optional_text(given.note, "note", longest=LONGEST_TEXT),
        idempotency_key=read.optional_text(given.idempotency_key, "idempotencyKey", longest=LONGEST_KEY),
    )
    read.finish()
    return replace(wanted, fingerprint=_body_of(wanted))


def record_promise(given: inputs.RecordPromiseInput) -> RecordPromise:
    read = Reader()
    amount, currency = (
        read.money(given.amount.amount, given.amount.currency, "amount") if given.amount else (None, None)
    )
    wanted = RecordPromise(
        customer_id=read.id(given.customer_id, Kind.CUSTOMER, "customerId"),
        pay_by=read.date(given.pay_by, "payBy"),
        account=read.text(given.account, "account"),
        amount=amount,
        currency=currency,
        made_at=read.optional_instant(given.made_at, "madeAt"),
        idempotency_key=read.optional_text(given.idempotency_key, "idempotencyKey", longest=LONGEST_KEY),
    )
    read.finish()
    return replace(wanted, fingerprint=_body_of(wanted))


def set_preferences(given: inputs.SetPreferencesInput) -> SetPreferences:
    read = Reader()
    windows = given.windows
    if is_given(windows) and len(windows or ()) > MOST_WINDOWS:
        read.wrong(f"must hold at most {MOST_WINDOWS} windows", "windows")
    wanted = SetPreferences(
        customer_id=read.id(given.customer_id, Kind.CUSTOMER, "customerId"),
        channels=tuple(dict.fromkeys(given.channels or ())) if is_given(given.channels) else None,
        windows=tuple(
            _window(read, window, "windows", str(index)) for index, window in enumerate((windows or ())[:MOST_WINDOWS])
        )
        if is_given(windows)
        else None,
    )
    read.finish()
    return wanted


def _window(read: Reader, given: inputs.ContactWindowInput, *path: str) -> Wish:
    start = read.local_time(given.start, *path, "start")
    end = read.local_time(given.end, *path, "end")
    if given.start == given.end:
        read.wrong("is its start: a window has a length", *path, "end")
    if is_given(given.days) and not given.days:
        read.wrong("must name a day, or be left out for all of them", *path, "days")
    if is_given(given.channels) and not given.channels:
        read.wrong("must name a channel, or be left out for all of them", *path, "channels")
    valid_from = read.optional_instant(given.valid_from, *path, "validFrom")
    valid_until = read.optional_instant(given.valid_until, *path, "validUntil")
    if valid_from and valid_until and valid_until <= valid_from:
        read.wrong("must be later than validFrom", *path, "validUntil")
    return Wish(
        effect=given.effect,
        start=start,
        end=end,
        days=frozenset(_WEEKDAYS[day] for day in given.days) if given.days else _DAYS,
        channels=frozenset(given.channels) if given.channels else _CHANNELS,
        valid_from=valid_from,
        valid_until=valid_until,
        zone=read.time_zone(given.time_zone, *path, "timeZone") if given.time_zone else None,
    )


def preview_contact(given: inputs.PreviewContactInput) -> tuple[Question, Channel]:
    read = Reader(bad_id=UserErrorCode.INVALID)
    question = Question(
        customer_id=read.id(given.customer_id, Kind.CUSTOMER, "customerId"),
        purpose=given.purpose,
        bill_id=read.optional_id(given.bill_id, Kind.BILL, "billId"),
        contact_point_id=read.optional_id(given.contact_point_id, Kind.CONTACT_POINT, "contactPointId"),
        at=read.optional_instant(given.at, "at"),
    )
    read.finish()
    return question, given.channel


def contact_filter(given: inputs.ContactFilter | None) -> ContactFilter:
    if not given:
        return ContactFilter()
    read = Reader(bad_id=UserErrorCode.INVALID)
    which = ContactFilter(
        customer_id=read.optional_id(given.customer_id, Kind.CUSTOMER, "customerId"),
        bill_id=read.optional_id(given.bill_id, Kind.BILL, "billId"),
        purpose=given.purpose or None,
        channel=given.channel or None,
        status=given.status or None,
        since=read.optional_instant(given.since, "from"),
        until=read.optional_instant(given.until, "to"),
    )
    read.finish()
    return which


def _channels(read: Reader, given: Sequence[Channel] | None) -> tuple[Channel, ...]:
    if is_given(given) and not given:
        read.wrong("must name a channel, or be left out", "channels")
    return tuple(dict.fromkeys(given or ()))


def _accounts(read: Reader, given: Sequence[str] | None) -> tuple[str, ...] | None:
    if is_given(given) and len(given or ()) > MOST_ACCOUNTS:
        read.wrong(f"must hold at most {MOST_ACCOUNTS} references", "accounts")
        return None
    return read.texts(given, "accounts")


def _body_of(wanted: RecordConsent | PlaceHold | RecordPromise) -> str:
    body = (getattr(wanted, one.name) for one in fields(wanted) if one.name not in _KEYS)
    # 10 and 10.00 are one sum.
    return fingerprint(*(str(one.normalize() if isinstance(one, Decimal) else one) for one in body))


def fingerprint(*body: object) -> str:
    """The same for the same body, however it was written: a replay in another zone's offset is a replay."""
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
