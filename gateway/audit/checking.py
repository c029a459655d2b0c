"""Checking the log where it lives: every chain, every checkpoint, and the rows that they speak of.

What an exported file shows of the log is checked the same way (`lines.py`). Here the database itself is looked at as
well: every row that should be on record is, under its number; and what changes is as the log says that it was left.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gateway.audit.chain import HOUSE, hashed, instant
from gateway.audit.checkpoints import public_key
from gateway.audit.lines import Broken, Chains, Checkpoints, Entry, Signer, rule_fits
from gateway.audit.witness import Witness
from gateway.model import AttemptOutcome, ReplyStatus
from gateway.store import acts, chains, log
from gateway.store.attempts import FORWARD
from gateway.store.chains import Span
from gateway.store.database import Database
from gateway.store.vault import ERASED, Tampered
from gateway.store.work import Work
from policies.facts import Channel

Seen = Callable[[int, int], None]
"""Told how many entries and rows of how many are looked at."""

_DERIVED = ("outcome", "finished_at", "provider_message_id", "provider_code", "detail")


@dataclass(frozen=True, slots=True)
class Checked:
    """How much was looked at, and holds together."""

    checkpoints: int
    chains: int
    entries: int
    dropped: int
    witnessed: int  #: of the checkpoints, those that stand in the worker's log too


async def check(database: Database, seen: Seen = lambda _done, _of: None, witness: Witness | None = None) -> Checked:
    """Raises `Broken` at the first thing that does not fit. Everything is read as it stands at one moment."""
    key = await public_key(database)
    async with database.read() as work:
        walked = Chains(sees_house=True)
        checkpoints = await _checkpoints(work, Signer(key), walked, witness)
        spans = await _spans(work, walked)
        total = 2 * await chains.count(work)
        rules: set[str] = set()
        async for entries, ended in _read(work, spans):
            for entry in entries:
                walked.add(entry)
            rules |= _rules(entries)
            try:
                await _states(work, ended)
            except Tampered as other:
                raise Broken(f"{other}: it was changed, or put in another's row") from None
            seen(walked.entries, total)
        walked.end()
        await _all_covered(work, walked.entries)
        done = walked.entries
        for kind in log.RECORDS:
            with _readable(kind):
                async for looked_at, missing in chains.unrecorded(work, kind):
                    if missing is not None:
                        raise Broken(f"{missing} is not on record under its customer and number", kind=kind)
                    done += looked_at
                    seen(done, total)
        await _texts(work, rules)
    return Checked(checkpoints, walked.chains, walked.entries, walked.dropped, len(witness) if witness else 0)


async def _checkpoints(work: Work, signer: Signer, walked: Chains, witness: Witness | None) -> int:
    """Every statement, and what it says of the chains."""
    checkpoints = Checkpoints(signer)
    found = await chains.checkpoints(work)
    for one in found:
        signed = {"root": one.root, "count": one.count, "previous": one.previous, "signature": one.signature}
        checkpoints.add({"number": one.number, "at": instant(one.at), "heads": "all", **signed})
        for chain, seq, hash_ in await chains.heads_of(work, one.number):
            checkpoints.head({"chain": chain, "seq": seq, "hash": hash_, "index": None, "proof": None})
            walked.ends(chain, seq, hash_, f"checkpoint {one.number}")
    checkpoints.close()
    if witness is not None:
        witness.compare({one.number: (one.root, one.signature) for one in found})
    return checkpoints.number


async def _spans(work: Work, walked: Chains) -> list[Span]:
    """Every chain, to the end that its head says."""
    spans = []
    for chain, seq, hash_ in await chains.heads(work):
        if seq < 1:
            raise Broken("there is nothing on record", chain=chain)
        walked.ends(chain, seq, hash_, "its head")
        spans.append(Span(chain, 0, seq))
    return spans


async def _read(work: Work, spans: Sequence[Span]) -> AsyncIterator[tuple[list[Entry], dict[str, list[Entry]]]]:
    """The entries in parts; and the chains that end in each part, whole."""
    length = {span.chain: span.upto for span in spans}
    open_: dict[str, list[Entry]] = defaultdict(list)
    for together in chains.slices(spans):
        with _readable():
            entries = await chains.entries(work, together)
        for entry in entries:
            open_[entry.chain].append(entry)
        ended = {span.chain: open_.pop(span.chain, []) for span in together if span.upto == length[span.chain]}
        yield entries, ended


def _rules(entries: Iterable[Entry]) -> set[str]:
    decisions = [one.content for one in entries if one.kind == "decision" and one.content is not None]
    return {str(finding["rule"]) for one in decisions for finding in one["findings"]}


async def _all_covered(work: Work, walked: int) -> None:
    if await chains.count(work) != walked and (found := await chains.beyond(work)) is not None:
        raise Broken("it stands behind the end of its chain, or in no chain", chain=found[0], seq=found[1])


async def _texts(work: Work, keys: set[str]) -> None:
    texts = await chains.rules(work, keys)
    for key in sorted(keys):
        if key not in texts:
            raise Broken(f"the text of the rule {key} is missing")
        if not rule_fits(key, texts[key]):
            raise Broken(f"the text of the rule {key} is not the one that its key names")


# --- what changes -----------------------------------------------------------------------------------------------------


class _Left:
    """How rows were left, by what the log says of them."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.erased: set[str] = set()  # chains: how their rows were left cannot be known any more
        self.shredded: set[str] = set()  # customers whose key was destroyed, by an act
        self.rows: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in (*log.STATES, *_BEGUN)}
        self.attempts: dict[str, dict[str, Any]] = {}
        self.tries: dict[str, dict[str, Any]] = {}  # the latest of each contact
        self.contacts: dict[str, bool] = {}  # whether it was cancelled

    def follow(self, chain: str, entries: Sequence[Entry]) -> None:
        """A whole chain."""
        for entry in entries:
            if entry.content is not None:
                self._follow(entry.kind, entry.of_id, entry.content)
        if any(entry.kind == "attempt_event" and entry.content is None for entry in entries):
            # What followed from what was dropped cannot be known.
            self.attempts = {id_: one for id_, one in self.attempts.items() if one["customer_id"] != chain}

    def _follow(self, kind: str, id_: str, content: dict[str, Any]) -> None:
        match kind:
            case "act":
                self._act(content)
            case "application" | "complaint" | "hardship_signal" | "hold" | "promise" | "reply":
                self.rows[kind][id_] = dict(_BEGUN[kind])
            case "contact":
                self.contacts[id_] = False
            case "attempt":
                self.attempts[id_] = {"customer_id": content["customer_id"], "outcome": AttemptOutcome.OPEN}
                self.tries[content["contact_id"]] = content
            case "attempt_event":
                self._event(content)

    def _act(self, content: dict[str, Any]) -> None:
        name, id_ = content["what"].partition(".")[0], content["of_id"]
        if content["what"] == "contact.cancelled":
            self.contacts[id_] = True
        if content["what"] == "customer.erased":
            self.shredded.add(id_)
        if name in self.rows:
            detail = acts.opened(self._work, content["customer_id"], content["detail"])
            if detail is None:
                self.erased.add(content["customer_id"])
            self.rows[name].setdefault(id_, dict(_BEGUN.get(name, {}))).update(detail or {})

    def _event(self, event: dict[str, Any]) -> None:
        """As `attempts.append` moves an attempt."""
        derived = self.attempts.get(event["attempt_id"])
        if derived is None or FORWARD[event["outcome"]] <= FORWARD[derived["outcome"]]:
            return
        derived["outcome"] = event["outcome"]
        derived["finished_at"] = derived.get("finished_at") or event["at"]
        for name in ("provider_message_id", "provider_code", "detail"):
            derived[name] = event[name] or derived.get(name)


async def _states(work: Work, ended: Mapping[str, Sequence[Entry]]) -> None:
    """Of chains that were read to their end."""
    left = _Left(work)
    await work.open_keys(one for one in ended if one != HOUSE)
    for chain, entries in ended.items():
        left.follow(chain, entries)
    for name, rows in left.rows.items():
        # A row that no act has left there is found by whose it is, one that is gone by the act.
        with _readable(name):
            found = {row["id"]: row for row in await _of_chains(work, name, ended)}
        for id_ in sorted(found.keys() | rows.keys()):
            if id_ not in rows and _is_a_strangers(name, found[id_]):
                continue
            if id_ not in rows:
                raise Broken(f"{id_} is there, and not on record", kind=name)
            if id_ not in found:
                raise Broken(f"{id_} is on record, and not there", kind=name)
            if name == "customer" and (found[id_]["data_key"] is None) != (id_ in left.shredded):
                # Without its key nothing of the chain could be compared.
                raise Broken(f"the data_key of {id_} is gone without an erasure on record, or is back", kind=name)
            if found[id_].get(_WHOSE.get(name, "")) not in left.erased:
                _compare(name, found[id_], rows[id_], log.state_columns(name))
                if name == "contact_point":
                    _indexed(work, found[id_])
    with _readable("attempt"):
        tried = await chains.rows(work, "attempt", list(left.attempts))
    for row in tried:
        _compare("attempt", row, log.at_rest(left.attempts[row["id"]]), _DERIVED)
    with _readable("contact"):
        asked = await chains.rows(work, "contact", list(left.contacts))
    for row in asked:
        _contact(row, left.tries.get(row["id"]), was_cancelled=left.contacts[row["id"]])


@contextmanager
def _readable(kind: str | None = None) -> Iterator[None]:
    """What is no date, number or JSON any more is a finding, not an error of ours."""
    try:
        yield
    except ValueError:
        raise Broken("something there cannot be read: it was changed, or is damaged", kind=kind) from None


def _is_a_strangers(name: str, row: Mapping[str, Any]) -> bool:
    """A reply of nobody we know is on record from when somebody has dealt with it."""
    return name == "reply" and row["customer_id"] is None and row["status"] == ReplyStatus.OPEN


_BEGUN: Mapping[str, Mapping[str, Any]] = {
    "application": {"status": "OPEN"},
    "complaint": {"status": "OPEN"},
    "hardship_signal": {},
    "hold": {},
    "promise": {"status": "OPEN"},
    "reply": {"status": "OPEN"},
}
"""What of a recorded row changes, as it is before any act."""

_WHOSE = {
    "application": "customer_id",
    "complaint": "customer_id",
    "customer": "id",
    "contact_point": "customer_id",
    "bill": "customer_id",
    "hardship_signal": "customer_id",
    "hold": "customer_id",
    "promise": "customer_id",
    "reply": "customer_id",
}
"""The column that names the chain of such a row; all others are in the chain of the house."""


async def _of_chains(work: Work, name: str, ended: Collection[str]) -> list[dict[str, Any]]:
    """The rows that acts of these chains have left, and any others that should be among them."""
    column = _WHOSE.get(name)
    found = await chains.rows(work, name, ended, by=column) if column else []
    if HOUSE in ended and column is None:
        found += await chains.rows(work, name)
    if HOUSE in ended and name == "reply":
        found += await chains.rows_of_nobody(work, name)
    return found


def _indexed(work: Work, point: Mapping[str, Any]) -> None:
    """Whose an address is, is looked up by its index: who exchanged two would exchange two people."""
    address = work.open(point["customer_id"], point["address"])
    if address != ERASED and work.index(address) != point["address_index"]:
        raise Broken(f"the index of {point['id']} is not of its address", kind="contact_point")


def _compare(name: str, row: Mapping[str, Any], left: Mapping[str, Any], columns: Iterable[str]) -> None:
    now = log.at_rest({column: row[column] for column in columns})
    for column, value in now.items():
        if value != left.get(column):
            raise Broken(f"the {column} of {row['id']} is not as it was left on record", kind=name)


def _contact(row: Mapping[str, Any], tried: Mapping[str, Any] | None, *, was_cancelled: bool) -> None:
    if was_cancelled != (row["status"] == "CANCELLED"):
        raise Broken(f"the status of {row['id']} is not as it was left on record", kind="contact")
    if tried is None or row["message"] is None or not tried["channel"] == row["channel"] != Channel.CALLBACK:
        return
    if tried["message_digest"] != hashed(row["message"].encode()):
        raise Broken(f"the message of {row['id']} is not the one that was handed over", kind="contact")
