"""Racing requests under caps, from many processes at once: of any number, exactly as many as the cap allows leave.

Eight gateway processes on one database, all of which listen and deliver. A hundred caps of one to seven in 168 hours:
of persons with one reference, of persons with two linked references, and of debts with two joint debtors.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import uvloop

from gateway.api.ids import parse_id
from tests import databases
from tests.processes import environment, run
from tests.reliability import record, report
from tests.reliability.callers import Answered, Callers
from tests.reliability.fleet import fleet
from tests.reliability.promises import Promise, of_delivery
from tests.reliability.record import Record
from tests.reliability.texts import Text, texts
from tests.reliability.worlds import CAPS, HOURS, capped_packs, code

WINDOW = timedelta(hours=HOURS)
PROVIDER_SECONDS = (0.0, 0.03)

NOT_SENT = "at the provider: not as many as the cap"

LINK = """
mutation Link($input: LinkCustomersInput!) {
  linkCustomers(input: $input) { customers { id } userErrors { field message } }
}"""

BILL = """
mutation Bill($input: RegisterBillInput!) {
  registerBill(input: $input) { bill { id } userErrors { field message } }
}"""


@dataclass(frozen=True, slots=True)
class Cap:
    """Who shares a cap: customers by their ids, with a bill where the cap is a debt's."""

    limit: int
    of: str
    members: Sequence[tuple[str, str | None]]

    @property
    def customers(self) -> set[str]:
        return {parse_id(customer)[1] for customer, _ in self.members}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened, for the report."""

    caps: Sequence[Cap]
    asked: Sequence[tuple[int, Answered]]  #: with the cap's place in `caps`
    record: Record
    slots: dict[str, list[datetime]]  #: what counts, by customer
    texts: Sequence[Text]
    troubles: dict[str, int]
    seconds: float

    def promises(self) -> list[Promise]:
        answers: dict[int, list[Answered]] = defaultdict(list)
        for place, answered in self.asked:
            answers[place].append(answered)
        sent: dict[str, list[datetime]] = defaultdict(list)
        opened: dict[str, list[datetime]] = defaultdict(list)
        for text in self.texts:
            sent[self._customer(text.reference)].append(text.at)
        for attempt in self.record.attempts.values():
            opened[self._customer(attempt.id)].append(attempt.started_at)
        return [
            Promise("more slots in 168 hours than the cap", self._overrun(self.slots, SLACK)),
            Promise("more attempts in 168 hours than the cap", self._overrun(opened)),
            Promise(
                "allowed at once: not as many as the cap",
                [
                    f"{cap.of}: {now} of {cap.limit}"
                    for place, cap in enumerate(self.caps)
                    if (now := sum(one.due_at == one.created_at for one in answers[place]))
                    != min(cap.limit, len(answers[place]))
                ],
            ),
            Promise(
                NOT_SENT,
                [
                    f"{cap.of}: {len(got)} of {cap.limit}"
                    for place, cap in enumerate(self.caps)
                    if len(got := _together(sent, cap)) != min(cap.limit, len(answers[place]))
                ],
            ),
            *of_delivery([answered for _, answered in self.asked], self.record, self.texts, sleeping=True),
        ]

    def figures(self) -> dict[str, object]:
        kinds = {kind: sum(cap.of.startswith(kind) for cap in self.caps) for kind in ("person", "linked", "debt")}
        answers = [answered for _, answered in self.asked]
        return {
            "caps": f"{len(self.caps)}: {kinds}",
            "requests answered": len(answers),
            "answered in": f"{self.seconds:.1f} s ({len(answers) / self.seconds:.0f} per second)",
            "allowed at once": sum(one.due_at == one.created_at for one in answers),
            "wanted": sum(cap.limit for cap in self.caps),
            "allowed later": sum(one.due_at is not None and one.due_at > one.created_at for one in answers),
            "refused": sum(one.status == "REFUSED" for one in answers),
            "messages at the provider": len(self.texts),
            "request to answer": report.spread([one.seconds for one in answers]),
            "seen instead of an answer": self.troubles or "nothing",
        }

    def _customer(self, attempt_id: str) -> str:
        attempt = self.record.attempts[attempt_id]
        customer: str = self.record.contacts[attempt.contact_id].customer_id
        return customer

    def _overrun(self, instants: dict[str, list[datetime]], slack: timedelta = timedelta(0)) -> list[str]:
        return [cap.of for cap in self.caps if overruns(_together(instants, cap), cap.limit, slack)]


def _together(instants: dict[str, list[datetime]], cap: Cap) -> list[datetime]:
    return [at for customer in cap.customers for at in instants.get(customer, ())]


SLACK = timedelta(minutes=1)
"""What is reserved for the end of a window gives way to what left a moment late, and is decided anew when it is due."""


def overruns(instants: Iterable[datetime], limit: int, slack: timedelta = timedelta(0)) -> int:
    """How many windows of 168 hours, less the slack, hold more than `limit`."""
    ordered = sorted(instants)
    return sum(later - earlier < WINDOW - slack for earlier, later in zip(ordered, ordered[limit:], strict=False))


async def race(folder: Path, requests: int, *, seed: int, processes: int, caps: int, callers: int) -> Outcome:
    """`callers` at a time."""
    chance = random.Random(seed)
    with texts(folder, PROVIDER_SECONDS, seed) as provider:
        env = environment(folder, rulebooks=capped_packs(folder), sms_url=provider.url)
        key = await asyncio.to_thread(run, ["keys", "create", "--role", "SERVICE", "--name", "races"], env)
        with fleet(env, folder / "log", ["serve"] * processes) as gateways:
            await gateways.up()
            crowd = Callers(gateways.ports, key, chance, seconds_per_try=120)
            capped = [await _cap(crowd, number) for number in range(caps)]
            places = [number % caps for number in range(requests)]
            chance.shuffle(places)
            began = time.monotonic()
            asked = await _ask(crowd, capped, places, callers)
            seconds = time.monotonic() - began
            await record.settled(databases.url(folder), 120, sleeping=True)
            crowd.close()
        arrived = provider.arrived()
    url = databases.url(folder)
    found, slots = await record.read(url), await record.counted(url)
    return Outcome(capped, asked, found, slots, arrived, dict(crowd.troubles), seconds)


async def _cap(crowd: Callers, number: int) -> Cap:
    """Of twenty caps, fourteen are of persons with one reference, three of linked ones, three of debts."""
    limit = CAPS[number % len(CAPS)]
    kind = "person" if number % 20 < 14 else "linked" if number % 20 < 17 else "debt"
    jurisdiction = code("DEBT" if kind == "debt" else "TEST", limit)
    count = 1 if kind == "person" else 2
    ids = [await crowd.register(f"C-{number}-{n}", jurisdiction, 2 * number + n) for n in range(count)]
    bills: list[str | None] = [None] * count
    if kind == "linked":
        data, _ = await crowd.ask(LINK, {"input": {"customerIds": ids}})
        assert len(data["linkCustomers"]["customers"]) == count
    if kind == "debt":
        bills = [await _bill(crowd, customer, number) for customer in ids]
    return Cap(limit, f"{kind} {number}", list(zip(ids, bills, strict=True)))


async def _bill(crowd: Callers, customer: str, number: int) -> str:
    wanted = {
        "reference": f"B-{customer}",
        "customerId": customer,
        "account": {"reference": f"A-{number}"},
        "amountDue": {"amount": "120.50", "currency": "CNY"},
        "dueOn": "2026-11-14",
    }
    data, _ = await crowd.ask(BILL, {"input": wanted})
    bill: str = data["registerBill"]["bill"]["id"]
    return bill


async def _ask(crowd: Callers, caps: Sequence[Cap], places: Sequence[int], callers: int) -> list[tuple[int, Answered]]:
    room = asyncio.Semaphore(callers)
    with report.progress() as shown:
        bar = shown.add_task("racing requests", total=len(places))

        async def one(number: int, place: int) -> tuple[int, Answered]:
            members = caps[place].members
            async with room:
                customer, bill = crowd.chance.choice(members)
                answered = await crowd.request(customer, f"key-{number}", **({"billId": bill} if bill else {}))
            shown.advance(bar)
            return place, answered

        return await asyncio.gather(*(one(number, place) for number, place in enumerate(places)))


async def main() -> int:
    parser = report.arguments(__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--caps", type=int, default=100)
    parser.add_argument("--callers", type=int, default=256, help="requests under way at once")
    chosen = parser.parse_args()
    report.begun("races", chosen)
    with report.folder() as folder:
        outcome = await race(
            folder,
            chosen.requests,
            seed=chosen.seed,
            processes=chosen.processes,
            caps=chosen.caps,
            callers=chosen.callers,
        )
        report.counted("What happened", outcome.figures())
        report.logged(folder / "log")
        broken = report.judged(outcome.promises())
        if broken:
            report.keep(folder, outcome.record, outcome.texts)
    return broken


if __name__ == "__main__":
    raise SystemExit(uvloop.run(main()))
