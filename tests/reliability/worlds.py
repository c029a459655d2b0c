"""The rulebooks of these runs: one without a rule, and caps that nothing else disturbs."""

from pathlib import Path

NO_RULES = """
code = "OPEN"
name = "A pack without a rule"
version = "1"
"""

_CAP = """
code = "{code}"
name = "A cap for tests"
version = "1"

[[rules]]
id = "test.cap"
kind = "frequency"
title = "At most {limit} in seven days"
title_zh = "七天内最多{limit}次"
confidence = "HOUSE"
limit = {limit}
window = {{ type = "rolling_hours", hours = {hours} }}
scope = "{scope}"
counts = "contacts"
media = ["SMS", "EMAIL", "VOICE"]
"""

HOURS = 168
CAPS = range(1, 8)


def open_packs(folder: Path) -> Path:
    """Customers of `OPEN` may be contacted at any time, any number of times."""
    packs = folder / "rulebooks"
    packs.mkdir(exist_ok=True)
    (packs / "open.toml").write_text(NO_RULES, encoding="utf-8")
    return packs


def capped_packs(folder: Path) -> Path:
    """`TESTA` to `TESTG`: so many per person in 168 hours. `DEBTA` to `DEBTG`: so many per account."""
    packs = open_packs(folder)
    for limit in CAPS:
        for name, scope in (("TEST", "person"), ("DEBT", "account")):
            pack = _CAP.format(code=code(name, limit), limit=limit, hours=HOURS, scope=scope)
            (packs / f"{code(name, limit)}.toml".lower()).write_text(pack, encoding="utf-8")
    return packs


def code(name: str, limit: int) -> str:
    """The jurisdiction with that cap: codes have letters only."""
    return f"{name}{chr(ord('A') + limit - 1)}"
