"""Phone numbers and mail addresses: checked, brought to one form, and masked."""

import re
from dataclasses import dataclass, field

import phonenumbers
from phonenumbers import PhoneNumberFormat, timezone

from gateway.store.vault import ERASED
from policies.facts import Channel

_MAIL = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}")
"""An address as people have it: no quoted local part, no literal IP, a domain with a dot."""

_REGIONS = {"UK": "GB"}
"""Jurisdictions whose code is not the region's code of libphonenumber."""


class BadAddress(ValueError):
    """Its text says what is wrong, and not the address."""


@dataclass(frozen=True, slots=True)
class Address:
    """`text` in the one form it is kept in: E.164, or a mail address with its domain in lower case.

    `zones`: every one that a number may be in; none where it does not tell.
    """

    channel: Channel
    text: str = field(repr=False)
    zones: tuple[str, ...] = ()

    @property
    def masked(self) -> str:
        return masked(self.channel, self.text)


def read(channel: Channel, text: str, jurisdiction: str) -> Address:
    """Raises `BadAddress`. A number without country code is read as one of the customer's country."""
    if channel is Channel.EMAIL:
        return _mail(text.strip())
    number = parse_number(text, jurisdiction)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return Address(channel, e164, _zones_of(number))


def parse_number(text: str, jurisdiction: str) -> phonenumbers.PhoneNumber:
    country = jurisdiction.split("-", maxsplit=1)[0]
    try:
        number = phonenumbers.parse(text, _REGIONS.get(country, country))
    except phonenumbers.NumberParseException:
        raise BadAddress("is not a phone number; write it with country code, as +8613900000000") from None
    if not phonenumbers.is_valid_number(number):
        raise BadAddress("is not a number that exists in its country's numbering plan")
    return number


def zones_of(e164: str) -> tuple[str, ...]:
    """Every zone the number may be in; none where the number does not tell."""
    return _zones_of(phonenumbers.parse(e164))


def _zones_of(number: phonenumbers.PhoneNumber) -> tuple[str, ...]:
    zones = timezone.time_zones_for_number(number)
    return tuple(zone for zone in zones if zone != "Etc/Unknown")


def masked(channel: Channel, text: str) -> str:
    """What everybody may see of an address that is kept: enough for its owner to know it, and no more."""
    if text == ERASED:
        return ERASED
    if channel is Channel.EMAIL:
        local, _, domain = text.rpartition("@")
        return f"{local[0]}***@{domain}"
    return mask_number(text, phonenumbers.parse(text).country_code)


def mask_number(e164: str, country_code: int | None) -> str:
    """138****0000: of the national number at most the first three and the last four digits; four are always hidden."""
    national = e164.removeprefix(f"+{country_code}")
    shown = max(0, len(national) - 4)
    tail = min(4, shown)
    head = min(3, shown - tail)
    return f"{national[:head]}****{national[len(national) - tail :]}"


def _mail(text: str) -> Address:
    local, _, domain = text.rpartition("@")
    # What cannot be seen (controls, zero width, turned direction) is in nobody's address, and in a forger's.
    if len(text) > 254 or ".." in text or not text.isprintable() or not _MAIL.fullmatch(text):
        raise BadAddress("is not a mail address")
    if local.startswith(".") or local.endswith("."):
        raise BadAddress("is not a mail address")
    try:
        domain.encode("idna")
    except UnicodeError:
        raise BadAddress("has a domain that cannot exist") from None
    domain = domain.lower()
    return Address(Channel.EMAIL, f"{local}@{domain}")
