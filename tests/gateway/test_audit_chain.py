"""The hashing of the log, against what its specification says, written a second time with other means."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from gateway.audit.chain import HOUSE, ZERO, Head, Tree, canonical, digest, leaf, link, root_by, statement


def _sha(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def _canonical(value: object) -> bytes:
    """As the specification says, by the standard library."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _root(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else _sha(b"")
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return _sha(b"\1" + _root(leaves[:k]) + _root(leaves[k:]))


def _heads(count: int) -> list[Head]:
    return [(f"{number:032x}", number + 1, f"{number:064x}") for number in range(count)]


@pytest.mark.parametrize(
    "value",
    [
        {"b": 1, "a": [True, False, None, "x"], "A": {"z": {}, "y": []}},
        {"text": 'quote " backslash \\ feed \n tab \t bell \x07 nothing \x00 delete \x7f'},
        {"zh": "请致电", "emoji": "☎️😀", "é": "ü", "ｚ": 1},
        {"number": -1, "share": 1.5, "whole": 3.0},
    ],
)
def test_canonical_json_is_what_the_specification_says(value: object) -> None:
    assert canonical(value) == _canonical(value)


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 11, 24, 4, tzinfo=UTC), '"2026-11-24T04:00:00Z"'),
        (datetime(2026, 11, 24, 4, 0, 0, 120_000, tzinfo=UTC), '"2026-11-24T04:00:00.120000Z"'),
    ],
)
def test_an_instant_is_written_in_one_way(instant: datetime, text: str) -> None:
    assert canonical(instant).decode() == text


def test_an_entry_is_hashed_after_the_one_before_it() -> None:
    content = {"id": "1" * 32, "customer_id": "2" * 32, "status": "WITHDRAWN"}
    written = [ZERO, "2" * 32, 1, "consent", "1" * 32, "2026-11-24T04:00:00Z", _sha(_canonical(content)).hex()]

    by_text = link(ZERO, "2" * 32, 1, "consent", "1" * 32, "2026-11-24T04:00:00Z", digest(content))
    by_instant = link(ZERO, "2" * 32, 1, "consent", "1" * 32, datetime(2026, 11, 24, 4, tzinfo=UTC), digest(content))

    assert by_text == by_instant == _sha(_canonical(written)).hex()


@pytest.mark.parametrize("count", [*range(18), 31, 32, 33, 100])
def test_the_tree_is_that_of_rfc_6962(count: int) -> None:
    leaves = [_sha(b"\0" + _canonical(list(head))) for head in _heads(count)]

    assert Tree([leaf(head) for head in _heads(count)]).root == _root(leaves).hex()


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13, 33])
def test_a_proof_leads_to_the_root_for_its_own_head_and_place_only(count: int) -> None:
    heads = _heads(count)
    tree = Tree([leaf(head) for head in heads])
    others = [HOUSE, 99, ZERO]

    for index, head in enumerate(heads):
        proof = tree.proof(index)
        assert root_by(proof, head, index, count) == tree.root
        assert root_by(proof, (str(others[0]), 99, ZERO), index, count) != tree.root
        wrong = {root_by(proof, head, place, count) for place in range(-1, count + 1) if place != index}
        assert tree.root not in wrong
        assert root_by([*proof, ZERO], head, index, count) is None
        assert count == 1 or root_by(proof[:-1], head, index, count) is None


def test_what_is_signed_of_a_checkpoint_is_what_the_specification_says() -> None:
    said = {"at": "2026-11-24T04:00:00Z", "count": 2, "number": 7, "previous": ZERO, "root": "1" * 64}

    assert statement(7, datetime(2026, 11, 24, 4, tzinfo=UTC), "1" * 64, 2, ZERO) == _canonical(said)
