"""An exported file holds together, alone; and whatever somebody does to it is found, and where.

Where a test does not say otherwise, the file's footer fits what was done to it, and is signed with the true key: it
is the entries, the heads and the statements themselves that give it away.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit import checkpoints
from gateway.audit.chain import CHECKPOINT, HOUSE, ZERO, digest, link, statement
from gateway.audit.lines import Broken, Chains, Entry, verify
from gateway.model import OPERATOR
from gateway.store import acts
from tests import databases
from tests.gateway.audits import Line, exported, first, flipped, written
from tests.gateway.lives import keep_house, live
from tests.world import open_world

Change = Callable[[list[Line]], None]


@dataclass(frozen=True)
class Files:
    """Of one log: two busy customers, the house, two checkpoints."""

    whole: list[bytes]
    of_first: list[bytes]
    since: list[bytes]
    customer: str
    key: Ed25519PrivateKey

    @property
    def public(self) -> str:
        return self.key.public_key().public_bytes_raw().hex()

    def lines(self, file: list[bytes] | None = None) -> list[Line]:
        """Without the footer."""
        return [orjson.loads(one) for one in (file or self.whole)[:-1]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("log")
    try:
        return asyncio.run(_files(folder))
    finally:
        databases.give_back(folder)


async def _files(folder: Path) -> Files:
    async with open_world(folder) as world:
        database = world.gateway.database
        one, two = await world.customer("CN"), await world.customer("US")
        await live(world, one)
        await checkpoints.make(database)
        world.wait(hours=1)
        await keep_house(world)
        await live(world, two)
        whole = await exported(database)
        since = world.clock()
        world.wait(hours=1)
        await world.withdraw(two)
        return Files(
            whole,
            await exported(database, customer_id=one.id),
            await exported(database, since=since + timedelta(minutes=1)),
            one.id,
            await checkpoints.signing_key(database),
        )


def _found(files: Files, change: Change, file: list[bytes] | None = None) -> Broken:
    lines = files.lines(file)
    change(lines)
    with pytest.raises(Broken) as broken:
        verify(written(lines, files.key), files.public)
    return broken.value


def test_what_was_exported_holds_together(files: Files) -> None:
    whole, of_first, since = (verify(file, files.public) for file in (files.whole, files.of_first, files.since))

    assert (whole.chains, whole.checkpoints, whole.customer, whole.dropped) == (3, 2, None, 0)
    assert whole.entries == sum(b'"type":"entry"' in line for line in files.whole)
    assert (of_first.chains, of_first.customer) == (1, files.customer)
    assert (since.chains, since.entries, since.checkpoints) == (1, 1, 3)


def test_one_customers_file_says_nothing_of_another(files: Files) -> None:
    chains = {line["chain"] for line in files.lines(files.of_first) if "chain" in line}

    assert chains == {files.customer}


def test_every_kind_of_line_is_in_the_files_that_are_changed_here(files: Files) -> None:
    assert {line["type"] for line in files.lines()} == {"header", "checkpoint", "head", "entry", "rule"}
    assert any(line["proof"] for line in files.lines(files.of_first) if line["type"] == "head")


def _second(lines: list[Line]) -> int:
    """The second entry of a customer: not the first and not the last of its chain."""
    return first(lines, lambda line: line["type"] == "entry" and line["chain"] != HOUSE and line["seq"] == 2)


def test_an_entry_that_is_missing_is_found(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        del lines[_second(lines)]

    broken = _found(files, change)

    assert (broken.chain, broken.seq, broken.why) == (files.customer, 3, "entry 2 should stand here")
    assert broken.line == _second(files.lines()) + 1


def test_two_entries_in_the_wrong_order_are_found(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        place = _second(lines)
        lines[place], lines[place + 1] = lines[place + 1], lines[place]

    assert _found(files, change).why == "entry 2 should stand here"


def test_an_entry_that_stands_there_twice_is_found(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        lines.insert(_second(lines), lines[_second(lines)])

    assert _found(files, change).why == "entry 3 should stand here"


def test_a_chain_that_is_shorter_than_a_checkpoint_says_is_found(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        last = max(place for place, line in enumerate(lines) if line.get("chain") == files.customer)
        del lines[last]

    assert "it ends here, and checkpoint 2 says" in _found(files, change).why
    assert "it ends here, and checkpoint 2 says" in _found(files, change, files.of_first).why


def test_a_chain_that_is_not_there_at_all_is_found(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        lines[:] = [line for line in lines if line["type"] != "entry" or line["chain"] != files.customer]

    broken = _found(files, change)

    assert (broken.chain, broken.why.partition(",")[0]) == (files.customer, "it is missing")


def test_an_entry_behind_the_last_head_of_its_chain_is_found(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        place = max(place for place, line in enumerate(lines) if line["type"] == "entry")
        more = {**lines[place], "seq": lines[place]["seq"] + 1}
        of_it = (more["chain"], more["seq"], more["kind"], more["of_id"], more["at"], more["digest"])
        lines.insert(place + 1, {**more, "hash": link(more["hash"], *of_it)})

    assert _found(files, change).why == "no checkpoint and no head covers it"


def test_heads_in_the_wrong_order_are_found(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        place = first(lines, lambda line: line["type"] == "head")
        lines[place], lines[place + 1] = lines[place + 1], lines[place]

    assert _found(files, change).why == "the heads of checkpoint 1 are not in their order"


def test_one_customers_file_cannot_be_shown_as_anothers(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        lines[0]["customer"] = "f" * 32

    assert _found(files, change, files.of_first).why == "it is another customer's"


def test_what_an_entry_records_cannot_be_changed(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        lines[_second(lines)]["content"]["caller"] = "somebody"

    broken = _found(files, change)

    assert (broken.seq, broken.kind, broken.why) == (2, "act", "its content is not the one that was recorded")


def test_what_an_entry_records_cannot_be_taken_away(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        lines[_second(lines)]["content"] = None

    assert "no act of the house says that it was dropped" in _found(files, change).why


@pytest.mark.parametrize(
    ("field", "value"),
    [("kind", "consent"), ("of_id", "f" * 32), ("at", "2026-11-24T04:00:01Z"), ("digest", "0" * 64)],
)
def test_no_field_of_an_entry_can_be_changed(files: Files, field: str, value: str) -> None:
    def change(lines: list[Line]) -> None:
        lines[_second(lines)][field] = value

    assert _found(files, change).why == "its hash is not that of what it says after the entry before it"


def test_a_chain_that_is_written_anew_from_an_entry_on_is_found_by_its_checkpoint(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        entry = lines[_second(lines)]
        entry["content"]["caller"] = "somebody"
        entry["digest"] = digest(entry["content"])
        _chain_anew(lines, files.customer)

    assert "its hash is not the one that checkpoint 1 says" in _found(files, change).why


def test_a_chain_and_its_head_that_are_written_anew_are_found_by_the_signed_root(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        entry = lines[_second(lines)]
        entry["content"]["caller"] = "somebody"
        entry["digest"] = digest(entry["content"])
        hashes = _chain_anew(lines, files.customer)
        for line in lines:
            if line["type"] == "head" and line["chain"] == files.customer:
                line["hash"] = hashes[line["seq"]]

    assert _found(files, change).why == "the heads of checkpoint 1 are not those that were signed"
    assert _found(files, change, files.of_first).why == "the proof does not lead to the root of checkpoint 1"


def _chain_anew(lines: list[Line], chain: str) -> dict[int, str]:
    before, hashes = "0" * 64, {}
    for line in lines:
        if line["type"] == "entry" and line["chain"] == chain:
            of_it = (chain, line["seq"], line["kind"], line["of_id"], line["at"], line["digest"])
            hashes[line["seq"]] = before = line["hash"] = link(before, *of_it)
    return hashes


def test_a_head_that_is_left_out_is_found(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        del lines[first(lines, lambda line: line["type"] == "head")]

    assert _found(files, change).why == "the heads of checkpoint 1 are not those that were signed"


def test_a_checkpoint_that_is_left_out_is_found(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        lines[:] = [line for line in lines if line["type"] != "checkpoint" or line["number"] != 1]
        lines[:] = [line for place, line in enumerate(lines) if line["type"] != "head" or place > 2]

    assert "stands where checkpoint 1 should" in str(_found(files, change))


@pytest.mark.parametrize(("field", "value"), [("at", "2026-11-24T04:00:01Z"), ("root", "0" * 64), ("count", 3)])
def test_no_field_of_a_statement_can_be_changed(files: Files, field: str, value: object) -> None:
    def change(lines: list[Line]) -> None:
        lines[1][field] = value

    assert _found(files, change).why == "the signature of checkpoint 1 is not of this key, or not of what it says"


def test_a_statement_that_does_not_follow_the_one_before_it_is_found_whoever_signed_it(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        second = next(line for line in lines if line["type"] == "checkpoint" and line["number"] == 2)
        second["previous"] = ZERO
        said = statement(2, second["at"], second["root"], second["count"], ZERO)
        second["signature"] = files.key.sign(CHECKPOINT + said).hex()

    assert _found(files, change).why == "checkpoint 2 does not follow the one before it"


@pytest.mark.parametrize(("field", "value"), [("id", "e" * 32), ("customer_id", "d" * 32), ("customer_id", None)])
def test_what_an_entry_records_is_the_row_that_it_names(field: str, value: str | None) -> None:
    chain, of_id, at = "c" * 32, "f" * 32, "2026-11-24T04:00:00Z"
    content = {"id": of_id, "customer_id": chain, field: value}
    hash_ = link(ZERO, chain, 1, "consent", of_id, at, digest(content))
    chains = Chains(sees_house=False)
    chains.ends(chain, 1, hash_, "its head")

    with pytest.raises(Broken, match="its content is another row's"):
        chains.add(Entry(chain, 1, "consent", of_id, at, digest(content), hash_, content))


def test_a_statement_that_another_key_signed_is_found(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        one = lines[1]
        said = statement(one["number"], one["at"], one["root"], one["count"], one["previous"])
        one["signature"] = Ed25519PrivateKey.generate().sign(CHECKPOINT + said).hex()

    assert _found(files, change).why == "the signature of checkpoint 1 is not of this key, or not of what it says"


def test_a_log_that_somebody_signed_anew_with_another_key_is_found_by_who_knows_ours(files: Files) -> None:
    forger = Ed25519PrivateKey.generate()
    lines = files.lines()
    lines[0]["key"] = forger.public_key().public_bytes_raw().hex()
    for line in lines:
        if line["type"] == "checkpoint":
            said = statement(line["number"], line["at"], line["root"], line["count"], line["previous"])
            line["signature"] = forger.sign(CHECKPOINT + said).hex()
    forged = written(lines, forger)

    with pytest.raises(Broken) as broken:
        verify(forged, files.public)

    assert (broken.value.line, broken.value.why) == (1, "it is signed with another key than the one given")
    assert verify(forged).key == lines[0]["key"], "who does not know our key is told which one it was"


def test_the_text_of_a_rule_cannot_be_changed_or_taken_away(files: Files) -> None:
    def change(lines: list[Line]) -> None:
        lines[-1]["rule"]["title"] = "Anything goes"

    def take_away(lines: list[Line]) -> None:
        del lines[-1]

    assert _found(files, change).why == "the text of the rule is not the one that its key names"
    assert "is missing" in _found(files, take_away).why


def test_a_file_that_ends_early_is_found_wherever_it_ends(files: Files) -> None:
    for length in range(len(files.of_first)):
        with pytest.raises(Broken, match="ends before its footer"):
            verify(files.of_first[:length], files.public)
    for short in (1, 2, 100):
        with pytest.raises(Broken):
            verify([*files.of_first[:-1], files.of_first[-1][:-short]], files.public)


def test_what_is_appended_to_a_file_is_found(files: Files) -> None:
    for more in (b"\n", b"{}\n", files.whole[-1], files.whole[-2]):
        with pytest.raises(Broken):
            verify([*files.whole, more], files.public)


def test_a_footer_of_another_key_is_found(files: Files) -> None:
    with pytest.raises(Broken) as broken:
        verify(written(files.lines(), Ed25519PrivateKey.generate()), files.public)

    assert broken.value.why == "the signature is not of this key, or not of this file"


@pytest.mark.parametrize("spelling", [b" ", b"\t", b"\r"])
def test_the_same_said_in_other_bytes_is_found(files: Files, spelling: bytes) -> None:
    for place in range(len(files.of_first)):
        other = list(files.of_first)
        other[place] = other[place].replace(b'":', b'":' + spelling, 1)
        with pytest.raises(Broken):
            verify(other, files.public)


def test_whatever_stands_in_a_line_it_is_an_answer_and_no_crash(files: Files) -> None:
    odd: list[object] = [None, True, -1, 2**63, 1.5, "", "x", [], ["x"], {}, {"a": None}]
    for file in (files.whole, files.of_first):
        lines = files.lines(file)
        places = {line["type"]: place for place, line in enumerate(lines)}
        for place, field, value in [(p, f, v) for p in places.values() for f in [*lines[p], "another"] for v in odd]:
            changed = [*lines[:place], {**lines[place], field: value}, *lines[place + 1 :]]
            with suppress(Broken):
                verify(written(changed, files.key))


def test_one_flipped_bit_is_found_in_every_byte_of_every_kind_of_line(files: Files) -> None:
    for file in (files.of_first, files.since):
        whole = b"".join(file)
        kinds = {orjson.loads(line)["type"]: place for place, line in enumerate(file)}
        for place in kinds.values():
            start = sum(map(len, file[:place]))
            for position in range(start, start + len(file[place])):
                with pytest.raises(Broken):
                    verify(flipped(whole, position, position % 8).splitlines(keepends=True), files.public)


async def test_what_the_house_says_it_dropped_may_be_missing_and_nothing_else(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        customer = await world.customer()
        await world.withdraw(customer)
        world.wait(hours=1)
        await world.withdraw(customer)
        async with world.gateway.database.write() as work:
            await acts.dropped(work, OPERATOR, "consent", work.now)
        lines: list[Line] = [orjson.loads(one) for one in (await exported(world.gateway.database))[:-1]]
        key = await checkpoints.signing_key(world.gateway.database)
        old, new = [line for line in lines if line.get("kind") == "consent"]

        old["content"] = None
        dropped = verify(written(lines, key)).dropped
        new["content"] = None
        with pytest.raises(Broken, match="no act of the house says"):
            verify(written(lines, key))

        assert dropped == 1
