"""The search finds what it is to find: else it would find nothing, and be content."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from html import escape
from urllib.parse import quote

import pytest

from tests.canaries.canary import Haystack, number, word
from tests.canaries.inputs import INPUTS, free_inputs

WRITTEN: dict[str, Callable[[str], bytes]] = {
    "as it is": lambda text: text.encode(),
    "in capitals": lambda text: text.upper().encode(),
    "as JSON": lambda text: json.dumps(text).encode(),
    "as JSON within JSON": lambda text: json.dumps(json.dumps(text)).encode(),
    "in a URL": lambda text: quote(text, safe="").encode(),
    "in HTML": lambda text: escape(text).encode("ascii", "xmlcharrefreplace"),
    "as Python shows it": lambda text: ascii(text).encode(),
    "in hex": lambda text: text.encode().hex().upper().encode(),
    "in UTF-16": lambda text: text.encode("utf-16"),
    "in UTF-16, the other way round": lambda text: text.encode("utf-16-be"),
    "hashed": lambda text: sha256(text.encode()).hexdigest().encode(),
    **{
        f"in base64, {before} bytes in": lambda text, before=before: b64encode(b"x" * before + text.encode() + b"yz")  # type: ignore[misc]
        for before in range(3)
    },
    "in base64 for URLs": lambda text: urlsafe_b64encode(f"x{text}".encode()),
}


@pytest.mark.parametrize("way", WRITTEN)
def test_a_canary_is_found_however_it_is_written(way: str) -> None:
    canary, other = word("one"), word("other")

    haystack = Haystack(b"\0before " + WRITTEN[way](canary.text) + b" after\xff")

    assert haystack.holds(canary)
    assert not haystack.holds(other)


@pytest.mark.parametrize("alone", ["core", "tail"])
def test_half_of_a_canary_is_found(alone: str) -> None:
    canary = word("one")

    assert Haystack(json.dumps(getattr(canary, alone)).encode()).holds(canary)


@pytest.mark.parametrize("written", ["+86{}", "(139) {}", "tel:+86-{}", "{}"])
def test_a_number_is_found_however_it_is_grouped(written: str) -> None:
    canary = number("one")
    digits = canary.core.removeprefix("139") if "139" in written else canary.core

    said = written.format(f"{digits[:4]} {digits[4:6]}-{digits[6:]}")

    assert Haystack(said.encode()).holds(canary)
    assert not Haystack(f"139****{canary.core[-4:]}".encode()).holds(canary)


def test_every_free_text_of_the_schema_says_what_it_is() -> None:
    free = set(free_inputs())

    assert free - INPUTS.keys() == set(), "say in tests/canaries/inputs.py whether they are personal"
    assert INPUTS.keys() - free == set(), "there are no such inputs any more"
