"""Numbers and mail addresses: one form to keep, one to show, and a no that does not repeat what was wrong."""

import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway import addresses
from gateway.addresses import Address, BadAddress
from policies.facts import Channel

NUMBERS = [
    ("CN", "+8613900000000", "+8613900000000", "139****0000"),
    ("CN", "139 0000 0000", "+8613900000000", "139****0000"),
    ("CN", "0086 139-0000-0000", "+8613900000000", "139****0000"),
    ("CN", "010 6552 9988", "+861065529988", "10****9988"),
    ("US", "(212) 555-0123", "+12125550123", "21****0123"),
    ("US-CA", "212.555.0123", "+12125550123", "21****0123"),
    ("UK", "07911 123456", "+447911123456", "79****3456"),
    ("UK", "+44 (0)7911 123456", "+447911123456", "79****3456"),
    ("CN", "+44 7911 123456", "+447911123456", "79****3456"),
    ("DE", "0151 23456789", "+4915123456789", "151****6789"),
    ("FR", "06 12 34 56 78", "+33612345678", "6****5678"),
    ("HK", "5123 4567", "+85251234567", "****4567"),
    ("TEST", "+8613900000000", "+8613900000000", "139****0000"),
]

BAD_NUMBERS = [
    ("CN", ""),
    ("CN", "12"),
    ("CN", "+"),
    ("CN", "not a number"),
    ("CN", "wang@mail.example"),
    ("CN", "1390000000"),
    ("CN", "139000000000"),
    ("CN", "+86139000000001"),
    ("CN", "+999 12345678"),
    ("US", "555-0123"),
    ("US", "+12120550123"),
    ("UK", "+447700900123"),  # set aside for films, and given to nobody
    ("TEST", "139 0000 0000"),  # of which country?
    ("CN", "1" * 300),
]

MAILS = [
    ("wang@mail.example", "wang@mail.example", "w***@mail.example"),
    ("  wang@mail.example\n", "wang@mail.example", "w***@mail.example"),
    ("Wang.Fang@Mail.EXAMPLE", "Wang.Fang@mail.example", "W***@mail.example"),
    ("o'neil+bills@a.b.example", "o'neil+bills@a.b.example", "o***@a.b.example"),
    ("w@mail.example", "w@mail.example", "w***@mail.example"),
    ("王芳@邮件.中国", "王芳@邮件.中国", "王***@邮件.中国"),
    ("wang@xn--fiq228c.example", "wang@xn--fiq228c.example", "w***@xn--fiq228c.example"),
]

BAD_MAILS = [
    "",
    "wang",
    "wang@",
    "@mail.example",
    "wang@localhost",
    "wang@127.0.0.1",
    "wang@[127.0.0.1]",
    "wang@mail..example",
    "wang..fang@mail.example",
    ".wang@mail.example",
    "wang.@mail.example",
    "wang@-mail.example",
    "wang\x1b@mail.example",
    "wang\x7f@mail.example",
    "wang\x9b@mail.example",
    "wa\u200bng@mail.example",
    "wang\u202e@mail.example",
    "\ufeffwang@mail.example",
    "\ue000wang@mail.example",
    "wang@mail-.example",
    "wang@@mail.example",
    "wang fang@mail.example",
    "Wang <wang@mail.example>",
    "wang@mail.example, li@mail.example",
    "wang@mail.example\r\nBcc: li@mail.example",
    "w" * 65 + "@mail.example",
    "wang@" + "m" * 64 + ".example",
    "wang@" + "mail." * 50 + "example",
    "wang@" + "邮" * 60 + ".example",
    "+8613900000000",
]


@pytest.mark.parametrize(("jurisdiction", "text", "kept", "masked"), NUMBERS)
@pytest.mark.parametrize("channel", [Channel.SMS, Channel.CALLBACK])
def test_a_number_is_kept_in_one_form_however_it_is_written(
    channel: Channel, jurisdiction: str, text: str, kept: str, masked: str
) -> None:
    address = addresses.read(channel, text, jurisdiction)

    assert (address.text, address.masked) == (kept, masked)


@pytest.mark.parametrize(("jurisdiction", "text"), BAD_NUMBERS)
def test_what_is_no_number_is_refused_without_repeating_it(jurisdiction: str, text: str) -> None:
    with pytest.raises(BadAddress, match="number") as caught:
        addresses.read(Channel.SMS, text, jurisdiction)

    assert str(caught.value) in SENTENCES


@pytest.mark.parametrize(("text", "kept", "masked"), MAILS)
def test_a_mail_address_is_kept_with_its_domain_in_lower_case(text: str, kept: str, masked: str) -> None:
    address = addresses.read(Channel.EMAIL, text, "CN")

    assert (address.text, address.masked) == (kept, masked)


@pytest.mark.parametrize("text", BAD_MAILS)
def test_what_is_no_mail_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(BadAddress) as caught:
        addresses.read(Channel.EMAIL, text, "CN")

    assert str(caught.value) in SENTENCES


def _read(channel: Channel, text: str) -> Address | str:
    """The address, or what is said of a bad one."""
    try:
        return addresses.read(channel, text, "CN")
    except BadAddress as bad:
        return str(bad)


SENTENCES: set[Address | str] = {
    _read(Channel.SMS, "x"),
    _read(Channel.SMS, "12"),
    _read(Channel.EMAIL, "x"),
    _read(Channel.EMAIL, "x@" + "邮" * 60 + ".example"),
}
"""All that is ever said of a bad address. None of them has room for what was wrong."""


@given(st.sampled_from(Channel), st.text() | st.from_regex(r"\+?[0-9 ()-]{0,20}") | st.emails())
def test_any_text_is_read_or_refused_and_the_refusal_never_repeats_it(channel: Channel, text: str) -> None:
    read = _read(channel, text)

    if isinstance(read, Address):
        assert _read(channel, read.text) == read  # one form, and only one
    else:
        assert read in SENTENCES


@given(st.from_regex(r"[1-9][0-9]{3,13}", fullmatch=True))
def test_a_masked_number_hides_at_least_four_digits_in_the_middle(national: str) -> None:
    masked = addresses.mask_number(f"+86{national}", 86)

    head, stars, tail = masked.partition("****")
    assert stars == "****"
    assert len(head) <= 3
    assert len(tail) <= 4
    assert len(national) - len(head) - len(tail) >= 4
    assert national.startswith(head)
    assert national.endswith(tail)


def test_a_number_of_every_country_is_masked() -> None:
    for region in phonenumbers.SUPPORTED_REGIONS:
        number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if number is None:
            continue
        text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

        address = addresses.read(Channel.SMS, text, "CN")

        shown = sum(character.isdigit() for character in address.masked)
        assert shown <= len(phonenumbers.national_significant_number(number)) - 4, region


@given(st.emails(domains=st.just("mail.example")))
def test_a_masked_mail_address_shows_one_character_and_the_domain(text: str) -> None:
    read = _read(Channel.EMAIL, text)

    assume(isinstance(read, Address))
    assert isinstance(read, Address)
    assert read.masked == f"{text[0]}***@mail.example"


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+8613900000000", ("Asia/Shanghai",)),
        ("+12125550123", ("America/New_York",)),
        ("+447911123456", ("Europe/Guernsey", "Europe/Isle_of_Man", "Europe/Jersey", "Europe/London")),
        ("+870773111632", ()),  # a ship
    ],
)
def test_a_number_tells_its_zone_or_nothing(number: str, zones: tuple[str, ...]) -> None:
    assert addresses.zones_of(number) == zones


def test_a_number_that_may_be_anywhere_in_a_country_has_all_of_its_zones() -> None:
    toll_free = addresses.zones_of("+18002345678")

    assert {"America/New_York", "America/Los_Angeles", "Pacific/Honolulu"} <= set(toll_free)
