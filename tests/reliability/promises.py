"""Whether what must always be true was true: from what callers were told, what is on record, and what was sent."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tests.reliability.callers import Answered
from tests.reliability.record import Record
from tests.reliability.texts import Text


@dataclass(frozen=True, slots=True)
class Promise:
    """One thing that must be true, and every case in which it was not."""

    words: str
    broken: Sequence[str]


def of_delivery(
    answered: Sequence[Answered], record: Record, texts: Sequence[Text], *, sleeping: bool = False
) -> list[Promise]:
    """Nothing lost, nothing twice, nothing that is unknown called known; for a record that has settled.

    `sleeping`: some wait for a later day, and may.
    """
    contacts, attempts = record.contacts, record.attempts
    times = Counter(text.reference for text in texts)
    sent: dict[str, set[str]] = defaultdict(set)
    for reference in times:
        if reference in attempts:
            sent[attempts[reference].contact_id].add(reference)
    unknown = {one.contact_id for one in attempts.values() if one.outcome == "UNKNOWN"}
    by_key: dict[str, set[str]] = defaultdict(set)
    for one in answered:
        by_key[one.key].add(one.contact_id)
    status = {id_: row.status for id_, row in contacts.items()}
    return [
        Promise("lost: answered with success, and not on record", _missing(answered, record)),
        Promise("twice: one reference at the provider more than once", [r for r, n in times.items() if n > 1]),
        Promise("twice: one contact at the provider under two references", [c for c, r in sent.items() if len(r) > 1]),
        Promise("sent without an attempt on record", [r for r in times if r not in attempts]),
        Promise("one key, two contacts", [key for key, made in by_key.items() if len(made) > 1]),
        Promise("a contact that no key made", sorted(contacts.keys() - set(record.made.values()))),
        Promise("attempt UNKNOWN, contact neither UNCLEAR nor settled", [c for c in unknown if status[c] != "UNCLEAR"]),
        Promise(
            "at the provider, and neither SENT, DELIVERED nor UNCLEAR",
            [c for c in sent if status[c] not in ("SENT", "DELIVERED", "UNCLEAR")],
        ),
        Promise("SENT, and not at the provider", [c for c, s in status.items() if s == "SENT" and c not in sent]),
        Promise("left SENDING", [c for c, s in status.items() if s == "SENDING"]),
        Promise("left SCHEDULED", [c for c, s in status.items() if s == "SCHEDULED" and not sleeping]),
        Promise("attempts left open", [a for a, row in attempts.items() if row.outcome == "OPEN"]),
        Promise("the log does not hold together", [record.broken_log] if record.broken_log else []),
    ]


def _missing(answered: Sequence[Answered], record: Record) -> list[str]:
    made_otherwise = [one for one in answered if record.made.get(record.index(one.key)) != one.contact_id]
    return [f"{one.key} -> {one.contact_id}" for one in made_otherwise] + [
        one.contact_id for one in answered if one.contact_id not in record.contacts
    ]
