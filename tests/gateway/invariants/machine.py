"""Does things to a real gateway, in any order, and has the record judged after each."""

import asyncio
import itertools
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from channels.base import (
    Accepted,
    Arrival,
    ChannelFailure,
    Complaint,
    Heard,
    Message,
    OutcomeUnknown,
    PermanentFailure,
    Receipt,
    Reply,
    TemporaryFailure,
)
from channels.sandbox import Sandbox
from gateway import callbacks, contact, customers, ending, pausing, receiving, replying
from gateway.clock import StoppedClock
from gateway.contact import Answer
from gateway.core import Ear, Gateway
from gateway.delivering import Dispatch
from gateway.model import Caller, CallResult, OutsideResult, Role, Unacceptable, UserErrorCode
from gateway.requests import (
    NewPoint,
    PlaceHold,
    RecordCall,
    RecordConsent,
    RecordOutsideContact,
    RegisterBill,
    RegisterCustomer,
    RequestContact,
)
from gateway.settling import Closing
from policies.facts import BillStatus, Channel, ConsentStatus, HoldKind, Initiator, Medium, Purpose
from tests import databases
from tests.gateway.invariants import judge, opening
from tests.gateway.invariants.judge import Record, Row, Wrong
from tests.world import AGENT, COMPLIANCE, NOON_IN_CHINA, OTHER_AGENT, SERVICE

T = TypeVar("T")

NUMBERS = ("+8613900000000", "+8613900000001", "+8613900000002")
MAILS = ("one@mail.example", "two@mail.example")
ACCOUNTS = ("A-1", "A-2")
ZONES = (("Asia/Shanghai",), ("America/New_York",), ("Asia/Shanghai", "Asia/Dubai"))
NOBODY = "0" * 32

EARS = {
    "a": Ear("a", Channel.SMS, frozenset({"a"})),
    "b": Ear("b", Channel.SMS, frozenset({"b"})),
    "both": Ear("both", Channel.SMS, frozenset({"a", "b"})),
    "email": Ear("email", Channel.EMAIL, frozenset({"email"})),
}
"""`both`: one door for two accounts with one vendor."""

ANSWERS: Mapping[str, Accepted | ChannelFailure] = {
    "accepted": Accepted("m"),
    "busy": TemporaryFailure("busy"),
    "busy for an hour": TemporaryFailure("busy", retry_after=timedelta(hours=1)),
    "refused": PermanentFailure("blocked"),
    "bad address": PermanentFailure("no such number", bad_address=True),
    "lost": OutcomeUnknown("cut"),
}
WORDS = ("STOP", "START", "HELP", "HELP", "when can I pay?", "STOP ALL", "wrong number")
WAITS = {
    "a second": timedelta(seconds=1),
    "two minutes": timedelta(minutes=2),
    "twenty minutes": timedelta(minutes=20),
    "three hours": timedelta(hours=3),
    "a day": timedelta(days=1),
    "six days": timedelta(days=6),
}

_place = st.integers(0, 9)
_answers = st.lists(st.sampled_from(["accepted", "accepted", *ANSWERS]), max_size=4)


@dataclass(frozen=True)
class Wish:
    """What is asked for, in small numbers that stand for what is on record."""

    customer: int
    channels: tuple[Channel, ...] = (Channel.SMS,)
    purpose: Purpose = Purpose.FOLLOW_UP
    wait: int | None = None  #: hours until it is wished for
    life: int | None = None  #: hours after that until it expires
    key: int | None = None  #: that of an earlier wish; None: a new one
    other_body: bool = False


_wishes = st.builds(
    Wish,
    customer=_place,
    channels=st.sampled_from([order for size in (1, 2, 3) for order in itertools.permutations(Channel, size)]),
    purpose=st.sampled_from(
        (
            Purpose.FOLLOW_UP,
            Purpose.FOLLOW_UP,
            Purpose.FOLLOW_UP,
            Purpose.OVERDUE_REMINDER,
            Purpose.PLAN_OFFER,
            Purpose.PAYMENT_RECEIPT,
        )
    ),
    wait=st.sampled_from((None, None, None, 1, 30, 100)),
    life=st.none() | st.sampled_from((1, 24, 400)),
    key=st.sampled_from((*[None] * 20, *range(10), -1, -1)),
    other_body=st.booleans(),
)


def _fact(name: str, **details: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    return st.tuples(st.just(name), st.fixed_dictionaries(details))


_learnt = st.one_of(
    _fact(
        "consent",
        customer=_place,
        status=st.sampled_from(ConsentStatus),
        channel=st.none() | st.sampled_from(Channel),
        point=st.none() | st.integers(0, 2),
        purpose=st.none() | st.sampled_from((Purpose.FOLLOW_UP, Purpose.PLAN_OFFER)),
        hours_ago=st.none() | st.sampled_from((1, 48)),
    ),
    _fact("hold", customer=_place, kind=st.sampled_from((HoldKind.CEASE, HoldKind.BANKRUPTCY))),
    _fact("pay", place=_place),
    _fact("link", one=_place, other=_place),
    _fact("complain", place=_place),
    _fact(
        "outside",
        customer=_place,
        result=st.sampled_from(OutsideResult),
        initiator=st.sampled_from(Initiator),
        days_ago=st.integers(0, 8),
        debt=st.none() | st.integers(0, 1),
    ),
)


_PAUSES: tuple[dict[str, Any], ...] = (
    {},
    {"purpose": Purpose.FOLLOW_UP},
    {"channel": Channel.SMS},
    {"channel": Channel.CALLBACK},
    {"provider": "a"},
    {"provider": "callback"},
)


class Watched(Sandbox):
    """Remembers also what did not leave."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.handed: list[str] = []

    async def send(self, message: Message, *, timeout: timedelta) -> Accepted:
        self.handed.append(message.reference)
        return await super().send(message, timeout=timeout)


class GatewayMachine(RuleBasedStateMachine):
    """Steps are the rules; what they did is judged before the next one."""

    gateway: Gateway
    record: Record

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="invariants-"))
        self.stack = AsyncExitStack()
        self.asked: dict[str, RequestContact] = {}  #: by key
        self.answered: dict[str, str] = {}  #: the contact by key
        self.in_hand: list[Dispatch] = []  #: opened, and not handed over
        self.handed_over: list[Closing] = []  #: handed over, and not recorded
        self.said: list[tuple[str, Heard]] = []  #: at which door
        self.handed: list[str] = []  #: references of messages that providers were given
        self.number = 0
        self.run(self._open(NOON_IN_CHINA))
        self.record = self.run(judge.read(self.gateway))
        books = opening.rulebooks()
        self.in_order = {code: [one.terms.info.id for one in book.rules] for code, book in books.items()}

    def run(self, work: Awaitable[T]) -> T:
        return self.runner.run(_awaited(work))

    async def _open(self, at: datetime) -> None:
        self.clock = StoppedClock(at)
        self.sms, self.email = [Watched("a"), Watched("b")], Watched("email")
        opened = opening.open_gateway(self.folder, self.clock, self.sms, self.email)
        self.gateway = await self.stack.enter_async_context(opened)

    async def _close(self) -> None:
        await self.stack.aclose()
        self.stack = AsyncExitStack()

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None and self.has("customer"):
                self._bad_input_leaves_no_trace()
                self.run(self._to_the_end())
        finally:
            self.run(self._close())
            self.runner.close()
            databases.give_back(self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)

    @invariant()
    def judged(self) -> None:
        self.look()

    def look(self) -> None:
        """What happened since the last look was one step."""
        after = self.run(judge.read(self.gateway))
        judge.check(self.record, after, self.in_order)
        self._nothing_is_lost(after)
        self._nothing_left_unrecorded()
        self.record = after

    def _nothing_is_lost(self, after: Record) -> None:
        for key, id_ in self.answered.items():
            found, wanted = after["contact"].get(id_), self.asked[key]
            if found is None or (found.customer_id, found.purpose) != (wanted.customer_id, wanted.purpose):
                raise Wrong(f"1: contact {id_}, answered for {key}, is {found}")

    def _nothing_left_unrecorded(self) -> None:
        """Attempts are opened in one step and handed over in another: they were on record before."""
        for provider in (*self.sms, self.email):
            for reference in provider.handed:
                if reference not in self.record["attempt"]:
                    raise Wrong(f"4: {provider.name} was handed {reference}, of which there was no attempt")
                if reference in self.handed:
                    raise Wrong(f"5: {provider.name} was handed {reference} twice")
                self.handed.append(reference)
            provider.handed.clear()

    # --- who and what -------------------------------------------------------------------------------------------------

    def of(self, name: str, place: int) -> Row:
        """The row of that place, oldest first."""
        rows = list(self.record[name].values())
        return rows[place % len(rows)]

    def has(self, name: str) -> bool:
        return bool(self.record[name])

    def next(self, what: str) -> str:
        self.number += 1
        return f"{what}-{self.number}"

    @initialize(jurisdiction=st.sampled_from(("CAPPED", "WALLED")))
    def first_customer(self, jurisdiction: str) -> None:
        self.register(jurisdiction, 0, second_number=True, mail=0, zones=ZONES[0], debt=0, known=False)

    @rule(
        jurisdiction=st.sampled_from(("CAPPED", "WALLED")),
        number=st.integers(0, 2),
        second_number=st.booleans(),
        mail=st.integers(0, 1),
        zones=st.sampled_from(ZONES),
        debt=st.integers(0, 1),
        known=st.booleans(),
    )
    @precondition(lambda self: len(self.record["customer"]) < 7)
    def register(
        self,
        jurisdiction: str,
        number: int,
        second_number: bool,
        mail: int,
        zones: tuple[str, ...],
        debt: int,
        known: bool,
    ) -> None:
        """Numbers, mail addresses and debts can be several customers'. `known`: the latest is the same person."""
        points = [NewPoint(Channel.SMS, NUMBERS[number]), NewPoint(Channel.EMAIL, MAILS[mail])]
        if second_number:
            points.append(NewPoint(Channel.SMS, NUMBERS[(number + 1) % len(NUMBERS)]))
        wanted = RegisterCustomer(self.next("C"), "en", jurisdiction, tuple(points), "Wang Fang", zones)
        customer = self.run(customers.register(self.gateway, SERVICE, wanted))
        for _ in range(2):
            self.run(self._bill(customer.id, self.next("B"), debt))
        if known and self.has("customer"):
            self.run(customers.link(self.gateway, SERVICE, [self.of("customer", -1).id, customer.id]))

    async def _bill(self, customer_id: str, reference: str, debt: int, status: BillStatus | None = None) -> None:
        wanted = RegisterBill(
            reference, customer_id, ACCOUNTS[debt], Decimal(100), "CNY", due_on=date(2026, 11, 14), status=status
        )
        await customers.register_bill(self.gateway, SERVICE, wanted)

    def link(self, one: int, other: int) -> None:
        ids = [self.of("customer", one).id, self.of("customer", other).id]
        self.run(customers.link(self.gateway, SERVICE, ids))

    def pay(self, place: int) -> None:
        """The bill of that place among those that are not."""
        unpaid = [one for one in self.record["bill"].values() if one.status == "OPEN"]
        if not unpaid:
            return
        bill = unpaid[place % len(unpaid)]
        debt = ACCOUNTS.index(self.record["account"][bill.account_id].reference)
        self.run(self._bill(bill.customer_id, bill.reference, debt, BillStatus.PAID))

    # --- asking -------------------------------------------------------------------------------------------------------

    @rule(
        wishes=st.lists(_wishes, min_size=1, max_size=4),
        at_once=st.booleans(),
        then=st.sampled_from(("open", "deliver", "nothing")),
        answers=_answers,
    )
    def request(self, wishes: list[Wish], at_once: bool, then: str, answers: list[str]) -> None:
        """In one batch, or in as many calls."""
        self._asked(wishes, at_once=at_once)
        if then != "nothing":
            self.look()
            self.open(3) if then == "open" else self.deliver(None, answers)

    def _asked(self, wishes: Sequence[Wish], *, at_once: bool) -> None:
        wanted: list[RequestContact] = []
        for wish in wishes:
            wanted.append(self._wanted(wish, [*self.asked.values(), *wanted]))
        gateway = self.gateway
        answers: Sequence[Answer | BaseException]
        if at_once:
            answers = self.run(_gathered([contact.request(gateway, one) for one in wanted]))
        else:
            answers = self.run(contact.accept(gateway, wanted))
        for one, answer in zip(wanted, answers, strict=True):
            self._one_key_one_contact(one, answer)

    def _wanted(self, wish: Wish, known: Sequence[RequestContact]) -> RequestContact:
        if wish.key is not None and known:
            again = known[wish.key % len(known)]
            return replace(again, fingerprint="another body") if wish.other_body else again
        customer = self.of("customer", wish.customer)
        bills = [one.id for one in self.record["bill"].values() if one.customer_id == customer.id]
        now = self.clock()
        starts = None if wish.wait is None else now + timedelta(hours=wish.wait)
        is_call = wish.channels == (Channel.CALLBACK,)
        bill = None if wish.purpose is Purpose.FOLLOW_UP else bills[wish.customer % len(bills)]
        return RequestContact(
            SERVICE,
            self.next("key"),
            "body",
            customer.id,
            wish.purpose,
            bill_id=bill,
            channels=wish.channels,
            variables=_VARIABLES.get(wish.purpose, {}),
            not_before=(starts or now) if is_call else starts,
            expires_at=None if wish.life is None else (starts or now) + timedelta(hours=wish.life),
            is_callback=is_call,
        )

    def _one_key_one_contact(self, wanted: RequestContact, answer: Answer | BaseException) -> None:
        first = self.asked.setdefault(wanted.idempotency_key, wanted)
        if first.fingerprint != wanted.fingerprint:
            if not isinstance(answer, Unacceptable) or answer.errors[0].code is not UserErrorCode.CONFLICT:
                raise Wrong(f"6: another body under {wanted.idempotency_key} was answered with {answer}")
            return
        if isinstance(answer, BaseException):
            raise answer
        is_again = wanted.idempotency_key in self.answered
        known = self.answered.setdefault(wanted.idempotency_key, answer.contact.id)
        if known != answer.contact.id or answer.replayed is not is_again:
            raise Wrong(f"6: {wanted.idempotency_key} was answered with {known}, then {answer.contact.id}")

    # --- time, delivery, crashes --------------------------------------------------------------------------------------

    @rule(time=st.sampled_from(sorted(WAITS)))
    def wait(self, time: str) -> None:
        self.clock.advance(self.clock() + WAITS[time])

    @rule(time=st.none() | st.sampled_from(sorted(WAITS)), answers=_answers)
    def deliver(self, time: str | None, answers: list[str]) -> None:
        """As the worker does it, round for round."""
        if time is not None:
            self.wait(time)
        self._script(answers)
        for _ in range(3):
            opened = self.run(contact.open_due(self.gateway, 64))
            self.look()
            if not opened:
                return
            for dispatch in opened:
                self.run(contact.send(self.gateway, dispatch))
                self.look()

    @rule(limit=st.integers(1, 3))
    def open(self, limit: int) -> None:
        """Taken up by a worker that is slow, or will not live to send it."""
        self.in_hand += self.run(contact.open_due(self.gateway, limit))

    @rule(answers=_answers)
    @precondition(lambda self: self.in_hand)
    def hand_over(self, answers: list[str]) -> None:
        """The providers have it, and what they answer is not on record yet."""
        self._script(answers)
        while self.in_hand:
            dispatch = self.in_hand.pop(0)
            self.handed_over.append(Closing(dispatch, self.run(self._handed(dispatch))))

    async def _handed(self, dispatch: Dispatch) -> Accepted | ChannelFailure:
        try:
            return await dispatch.provider.send(dispatch.message, timeout=dispatch.timeout)
        except ChannelFailure as failure:
            return failure

    @rule(number=st.integers(1, 3))
    @precondition(lambda self: self.handed_over)
    def close(self, number: int) -> None:
        closings, self.handed_over = self.handed_over[:number], self.handed_over[number:]
        self.run(contact.close(self.gateway, closings))

    @rule()
    @precondition(lambda self: self.in_hand or self.handed_over)
    def crash(self) -> None:
        """What was in hand is forgotten; a second later there is another process on the same database."""
        self.in_hand.clear()
        self.handed_over.clear()
        self.run(self._again())

    async def _again(self) -> None:
        at = self.clock() + timedelta(seconds=1)
        await self._close()
        await self._open(at)

    @rule()
    @precondition(lambda self: self.has("contact"))
    def overtaken(self) -> None:
        """By the worker, and by another process that knows nothing of what this one has in flight."""
        in_flight, self.gateway.in_flight = self.gateway.in_flight, set()
        self.run(ending.reclaim(self.gateway))
        self.gateway.in_flight = in_flight
        self.look()
        self.run(callbacks.lapse(self.gateway))

    def _script(self, answers: Sequence[str]) -> None:
        given = [ANSWERS[one] for one in answers]
        for provider in (*self.sms, self.email):
            provider.answer_next(*given)

    # --- what providers and customers say -----------------------------------------------------------------------------

    @rule(
        door=st.sampled_from(sorted(EARS)),
        about=st.lists(
            st.tuples(st.none() | _place, st.sampled_from(Arrival), st.booleans(), st.integers(0, 2)),
            min_size=1,
            max_size=3,
        ),
    )
    @precondition(lambda self: self.has("attempt"))
    def receipts(self, door: str, about: list[tuple[int | None, Arrival, bool, int]]) -> None:
        """In any order, about attempts that are whosoever's or nobody's."""
        now = self.clock()
        said = [
            Receipt(
                self.next("r"),
                NOBODY if place is None else self.of("attempt", -1 - place).id,
                arrival,
                at=now - timedelta(minutes=ago),
                bad_address=bad,
            )
            for place, arrival, bad, ago in about
        ]
        self._heard(door, said)

    @rule(door=st.sampled_from(sorted(EARS)), place=_place)
    @precondition(lambda self: self.said)
    def said_again(self, door: str, place: int) -> None:
        """By the same door or another, however late."""
        _, heard = self.said[place % len(self.said)]
        self._heard(door, [heard])

    @rule(number=st.integers(0, 2), words=st.sampled_from(WORDS), times=st.integers(1, 2))
    def reply(self, number: int, words: str, times: int) -> None:
        said = Reply(self.next("reply"), NUMBERS[number], words)
        self._heard("both", [said] * times)

    def complain(self, place: int) -> None:
        if not self.has("attempt"):
            return
        self._heard("email", [Complaint(self.next("complaint"), self.of("attempt", -1 - place).id)])

    def _heard(self, door: str, heard: Sequence[Heard]) -> None:
        """What is heard again, or of another's attempts, leaves no trace."""
        before = {(at, one.id) for at, one in self.said}
        fresh = {one.id: one for one in heard if (door, one.id) not in before}
        self.said += [(door, one) for one in fresh.values()]
        new = self.run(receiving.receive(self.gateway, EARS[door], heard))
        if new != len(fresh):
            raise Wrong(f"{new} of {len(fresh)} things that were said were new")
        attempts = self.record["attempt"]
        believed = [
            one
            for one in fresh.values()
            if isinstance(one, Receipt)
            and one.reference in attempts
            and attempts[one.reference].provider in EARS[door].providers
        ]
        after = self.run(judge.read(self.gateway))
        written = len(after["attempt_event"]) - len(self.record["attempt_event"])
        if written != len(believed):
            raise Wrong(f"4: {len(believed)} receipts were of this provider's, and {written} events were written")

    # --- what is learnt of the customer, and what people stop

    @rule(what=_learnt)
    def learn(self, what: tuple[str, dict[str, Any]]) -> None:
        name, details = what
        getattr(self, name)(**details)

    def consent(
        self,
        customer: int,
        status: ConsentStatus,
        channel: Channel | None,
        point: int | None,
        purpose: Purpose | None,
        hours_ago: int | None,
    ) -> None:
        whose = self.of("customer", customer).id
        entry = RecordConsent(
            whose,
            status,
            "test",
            channel,
            None if point is None else self._point(whose, point),
            purpose,
            at=None if hours_ago is None else self.clock() - timedelta(hours=hours_ago),
        )
        self.run(customers.record_consent(self.gateway, SERVICE, entry))

    def _point(self, customer_id: str, place: int) -> str:
        points = [one.id for one in self.record["contact_point"].values() if one.customer_id == customer_id]
        return str(points[place % len(points)])

    def hold(self, customer: int, kind: HoldKind) -> None:
        """One at a time: a customer who may not be contacted at all shows little."""
        if self._in_force("hold", "lifted_at"):
            return
        wanted = PlaceHold(self.of("customer", customer).id, kind)
        self.run(customers.place_hold(self.gateway, SERVICE, wanted))

    @rule(place=_place)
    @precondition(lambda self: self._waiting())
    def go_on(self, place: int) -> None:
        """A hold is lifted, a pause ended, or a reply read."""
        waiting = self._waiting()
        what, id_ = waiting[place % len(waiting)]
        match what:
            case "hold":
                self.run(customers.lift_hold(self.gateway, SERVICE, id_, "over"))
            case "pause":
                self.run(pausing.resume(self.gateway, COMPLIANCE, id_, "over"))
            case _:
                self.run(replying.settle(self.gateway, AGENT, id_, "called back"))

    def _waiting(self) -> list[tuple[str, str]]:
        until = (("hold", "lifted_at"), ("pause", "resumed_at"), ("reply", "settled_at"))
        return [(name, id_) for name, column in until for id_ in self._in_force(name, column)]

    def _in_force(self, name: str, until: str) -> list[str]:
        return [one.id for one in self.record[name].values() if getattr(one, until) is None]

    def outside(
        self, customer: int, result: OutsideResult, initiator: Initiator, days_ago: int, debt: int | None
    ) -> None:
        whose = self.of("customer", customer).id
        theirs = {one.account_id for one in self.record["bill"].values() if one.customer_id == whose}
        accounts = [self.record["account"][one].reference for one in theirs]
        wanted = RecordOutsideContact(
            whose,
            self.next("outside"),
            "body",
            Medium.VOICE,
            result,
            initiator,
            self.clock() - timedelta(days=days_ago),
            accounts=() if debt is None else tuple(accounts),
        )
        self.run(customers.record_outside_contact(self.gateway, SERVICE, wanted))

    # --- what people stop and settle ----------------------------------------------------------------------------------

    @rule(what=st.sampled_from(_PAUSES), wishes=st.lists(_wishes, max_size=3), answers=_answers)
    @precondition(lambda self: not self._in_force("pause", "resumed_at"))
    def pause(self, what: dict[str, Any], wishes: list[Wish], answers: list[str]) -> None:
        """And everybody goes on working as if nothing had happened."""
        self.run(pausing.pause(self.gateway, COMPLIANCE, "test", **what))
        self.look()
        self._asked(wishes, at_once=True)
        self.look()
        self.deliver(None, answers)
        self.claim(AGENT, None)

    @rule(place=_place)
    @precondition(lambda self: self.has("contact"))
    def cancel(self, place: int) -> None:
        id_ = self.of("contact", -1 - place).id
        self._may_be_refused(ending.cancel(self.gateway, SERVICE, id_, "paid"), UserErrorCode.TOO_LATE)

    @rule(place=_place, delivered=st.booleans())
    @precondition(lambda self: self._unclear())
    def settle(self, place: int, delivered: bool) -> None:
        unclear = self._unclear()
        id_ = unclear[place % len(unclear)]
        self.run(ending.settle(self.gateway, COMPLIANCE, id_, delivered, "asked"))

    def _unclear(self) -> list[str]:
        return [one.id for one in self.record["contact"].values() if one.status == "UNCLEAR"]

    def _may_be_refused(self, work: Awaitable[object], *codes: UserErrorCode) -> None:
        try:
            self.run(work)
        except Unacceptable as unacceptable:
            if unacceptable.errors[0].code not in codes:
                raise

    # --- calls --------------------------------------------------------------------------------------------------------

    @rule(agent=st.sampled_from((AGENT, OTHER_AGENT)), result=st.none() | st.sampled_from(CallResult))
    @precondition(lambda self: self.has("callback"))
    def claim(self, agent: Caller, result: CallResult | None) -> None:
        """And perhaps say at once how it ended."""
        call, _ = self.run(callbacks.claim(self.gateway, agent, self.next("claim")))
        if call is not None and result is not None:
            self.look()
            self._said(call.id, agent, result, None)

    @rule(place=_place, result=st.sampled_from(CallResult), again=st.none() | st.sampled_from((1, 30, 200)))
    @precondition(lambda self: self._claimed())
    def record_call(self, place: int, result: CallResult, again: int | None) -> None:
        call, agent = self._call(place)
        self._said(call, agent, result, again)

    def _said(self, call: str, agent: Caller, result: CallResult, again: int | None) -> None:
        later = None if again is None else self.clock() + timedelta(hours=again)
        said = RecordCall(call, self.next("call"), "body", result, call_again_at=later)
        self.run(callbacks.record(self.gateway, agent, said))

    @rule(place=_place)
    @precondition(lambda self: self._claimed())
    def give_back(self, place: int) -> None:
        call, agent = self._call(place)
        self.run(callbacks.release(self.gateway, agent, call, "my shift ends"))

    def _claimed(self) -> list[Row]:
        return [one for one in self.record["callback"].values() if one.status == "CLAIMED"]

    def _call(self, place: int) -> tuple[str, Caller]:
        claimed = self._claimed()
        call = claimed[place % len(claimed)]
        return call.id, AGENT if call.agent_id == AGENT.id else OTHER_AGENT

    # --- what must be refused, and leaves no trace --------------------------------------------------------------------

    def _bad_input_leaves_no_trace(self) -> None:
        customer = place = self.number
        gateway, whose = self.gateway, self.of("customer", customer).id
        now, key = self.clock(), self.next("bad")
        past = RequestContact(SERVICE, key, "body", whose, Purpose.FOLLOW_UP, expires_at=now)
        stranger = Caller("d" * 32, Role.CUSTOMER, "somebody", customer_id=NOBODY)
        doings: list[Awaitable[object]] = [
            contact.request(gateway, past),
            contact.request(gateway, replace(past, customer_id=NOBODY, expires_at=None)),
            contact.request(gateway, replace(past, bill_id=NOBODY, expires_at=None)),
            contact.request(gateway, replace(past, in_reply_to=NOBODY, expires_at=None)),
            contact.request(gateway, replace(past, template="no such", expires_at=None)),
            contact.request(gateway, replace(past, caller=stranger, expires_at=None)),
            customers.record_consent(gateway, stranger, RecordConsent(whose, ConsentStatus.GRANTED, "test")),
            customers.place_hold(gateway, SERVICE, PlaceHold(whose, HoldKind.CEASE, contact_point_id=NOBODY)),
            customers.place_hold(gateway, SERVICE, PlaceHold(whose, HoldKind.CEASE, starts=now, ends=now)),
            customers.link(gateway, SERVICE, [whose, NOBODY]),
            ending.cancel(gateway, SERVICE, NOBODY, None),
            callbacks.release(gateway, AGENT, NOBODY, None),
            replying.settle(gateway, AGENT, NOBODY, "no"),
            pausing.resume(gateway, COMPLIANCE, NOBODY, "no"),
            pausing.pause(gateway, COMPLIANCE, "no", provider="nobody"),
        ]
        if self.has("contact"):
            doings.append(ending.cancel(gateway, stranger, self.of("contact", place).id, None))
        for number, doing in enumerate(doings):
            try:
                self.run(doing)
            except Unacceptable as unacceptable:
                if not unacceptable.errors:
                    raise Wrong(f"12: bad input {number} was refused without a word") from None
            else:
                raise Wrong(f"12: bad input {number} was taken")
        after = self.run(judge.read(gateway))
        if after.tables != self.record.tables:
            raise Wrong(f"12: bad input left a trace: {self.record.sizes()} -> {after.sizes()}")

    # --- the end ------------------------------------------------------------------------------------------------------

    async def _to_the_end(self) -> None:
        """When leases have passed and the doors are open, nothing hangs between two states."""
        gateway = self.gateway
        gateway.in_flight.clear()
        self.clock.advance(self.clock() + timedelta(minutes=30))
        await ending.reclaim(gateway)
        await callbacks.lapse(gateway)
        after = await judge.read(gateway)
        hanging = [one.id for one in after["contact"].values() if one.status == "SENDING"]
        open_ones = [one for one in after["attempt"].values() if one.outcome == "OPEN"]
        if hanging or open_ones:
            problem = f"1: after every lease {len(hanging)} contacts are SENDING, {len(open_ones)} attempts OPEN"
            raise Wrong("\n".join([problem, *judge.story(after)]))


_VARIABLES: Mapping[Purpose, Mapping[str, object]] = {}


async def _awaited(work: Awaitable[T]) -> T:
    return await work


async def _gathered(doings: Sequence[Coroutine[Any, Any, Answer]]) -> list[Answer | BaseException]:
    return await asyncio.gather(*doings, return_exceptions=True)
