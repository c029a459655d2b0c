"""What everybody may see of what is personal. Contact points carry their own mask: `gateway/addresses.py`."""

from gateway import addresses
from policies.facts import Channel


def name(text: str) -> str:
    """W*** F***: the first letter of each word."""
    return " ".join(f"{word[0]}***" for word in text.split())


def words(text: str) -> str:
    """That there are words, and how many characters."""
    return f"*** ({len(text)} characters)"


def address(text: str) -> str:
    """As contact points are masked. A sender may be anything: what is no address is hidden whole."""
    channel = Channel.EMAIL if "@" in text else Channel.SMS
    try:
        return addresses.read(channel, text, "").masked
    except addresses.BadAddress:
        return "***"
