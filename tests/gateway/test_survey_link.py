"""The token in a survey's link: it leads to one contact, and tells nothing."""

import os
import string

from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.chain import HOUSE
from gateway.store.vault import Vault
from gateway.survey_link import LENGTH, contact_id, token

ID = "018f" + "7" * 28


def a_vault() -> Vault:
    vault = Vault([os.urandom(32)])
    vault.unlock(vault.new_key(HOUSE))
    return vault


VAULT, OTHER = a_vault(), a_vault()


@given(st.integers(0, 2**128 - 1))
def test_a_token_leads_back_to_its_contact(number: int) -> None:
    inner = f"{number:032x}"

    shown = token(VAULT, inner)

    assert contact_id(VAULT, shown) == inner
    assert len(shown) == LENGTH
    assert set(shown) <= set(string.ascii_letters + string.digits + "-_")


def test_neighbouring_ids_have_tokens_that_have_nothing_in_common() -> None:
    shown = [token(VAULT, f"{int(ID, 16) + one:032x}") for one in range(100)]

    assert len(set(shown)) == 100
    assert len({one[:6] for one in shown}) == 100


def test_another_gateways_token_leads_somewhere_else() -> None:
    assert token(OTHER, ID) != token(VAULT, ID)
    assert contact_id(VAULT, token(OTHER, ID)) != ID


def test_one_contact_has_one_token() -> None:
    shown = token(VAULT, ID)

    others = [shown[:-1] + one for one in string.ascii_letters + string.digits + "-_" if one != shown[-1]]

    assert ID not in [contact_id(VAULT, one) for one in others]


def test_what_is_no_token_leads_nowhere() -> None:
    shown = token(VAULT, ID)

    for wrong in ("", "x", shown + "=", shown[:-1], shown + "A", "é" * LENGTH, "!" * LENGTH, "\0" * LENGTH, ID):
        assert contact_id(VAULT, wrong) is None, wrong
