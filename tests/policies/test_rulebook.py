from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from policies.decision import Confidence, Outcome
from policies.engine import decide
from policies.facts import Channel, Consent, ConsentStatus
from policies.rulebook import PackError, load
from policies.zones import zone
from tests.policies.making import BOOKS, facts, hours, rule

HEAD = 'code = "T"\nname = "Test"\nversion = "1"\n'
HOURS = hours("08:00-21:00")
CAP = rule(
    "frequency",
    'limit = 1\nwindow = { type = "calendar_day" }\ncounts = "contacts"\nscope = "person"\nmedia = ["SMS"]',
)

Write = Callable[..., Path]


@pytest.fixture
def packs(tmp_path: Path) -> Write:
    """A folder of packs: file name to text."""

    def write(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_ours_load_and_every_rule_is_named_cited_and_told_in_both_languages() -> None:
    assert {"CN", "US", "UK"} <= set(BOOKS)
    for rulebook in BOOKS.values():
        infos = [known.terms.info for known in rulebook.rules]
        assert len({info.id for info in infos}) == len(infos)
        for info in infos:
            assert info.title
            assert info.title_zh
            assert info.citation or info.confidence is Confidence.HOUSE
            assert info.version == "2026-11-23"


def test_every_pack_says_yes_to_an_ordinary_reminder_at_noon() -> None:
    for rulebook in BOOKS.values():
        noon = datetime(2026, 11, 23, 12, tzinfo=zone(rulebook.time_zone or "Asia/Shanghai"))
        # The District of Columbia asks for consent to the medium.
        consents = (Consent(ConsentStatus.GRANTED, noon, Channel.SMS),)
        decision = decide(facts(zones=("Asia/Shanghai",), consents=consents), noon, rulebook)

        assert decision.outcome is Outcome.ALLOW


@pytest.mark.parametrize(
    ("text", "rule_", "field", "problem"),
    [
        (HEAD + HOURS.replace('title = "T"', 'titel = "T"'), "t.hours", "title", "is missing"),
        (HEAD + HOURS + "colour = 1", "t.hours", "colour", "is not a field"),
        (HEAD + 'colour = "red"\n', None, "colour", "is not a field"),
        (HEAD + hours("08:00-08:00"), "t.hours", "windows[0].end", "impossible window"),
        (HEAD + hours("24:00-08:00"), "t.hours", "windows[0].end", "impossible window"),
        (HEAD + hours("08:00-25:00"), "t.hours", "windows[0].end", "must be a time"),
        (HEAD + hours("8am-21:00"), "t.hours", "windows[0].start", "must be a time"),
        (HEAD + hours("noday 08:00-21:00"), "t.hours", "windows[0].days", "must hold some of mon"),
        (HEAD + HOURS.replace("end =", "ende ="), "t.hours", "windows[0].end", "is missing"),
        (HEAD + rule("quiet_hours", "windows = []"), "t.rule", "windows", "must be a list of tables"),
        (HEAD + 'time_zone = "Mars/Olympus"\n', None, "time_zone", "no IANA time zone"),
        (HEAD + HOURS.replace("HOUSE", "VERIFIED"), "t.hours", "citation", "is missing"),
        (HEAD + HOURS.replace("HOUSE", "CERTAIN"), "t.hours", "confidence", "must be one of VERIFIED"),
        (HEAD + HOURS.replace("quiet_hours", "loud_hours"), "t.hours", "kind", "must be one of quiet_hours"),
        (HEAD + HOURS + 'channels = ["FAX"]', "t.hours", "channels", "must be one of SMS"),
        (HEAD + HOURS + "channels = []", "t.hours", "channels", "must not be empty"),
        (HEAD + HOURS + 'purposes = ["@none"]', "t.hours", "purposes", "which no pack defines"),
        (
            HEAD + HOURS + 'purposes = ["MARKETING"]\nexcept_purposes = ["MARKETING"]',
            "t.hours",
            "except_purposes",
            "cannot stand beside purposes",
        ),
        (HEAD + HOURS + 'binds = ["SHOP"]', "t.hours", "binds", "must be one of BANK"),
        (HEAD + HOURS + "products = []", "t.hours", "products", "must be a list of words"),
        (HEAD + HOURS + "products = [1]", "t.hours", "products", "must be a list of words"),
        (HEAD + HOURS + 'at_places = ["MOON"]', "t.hours", "at_places", "must be one of MOBILE"),
        (HEAD + HOURS + "creditors_in_collection = 1", "t.hours", "creditors_in_collection", "must be a bool"),
        (HEAD + rule("escalation", "days = 3"), "t.rule", "after", "is missing"),
        (HEAD + rule("confirmation", "minutes = 0"), "t.rule", "minutes", "must be at least 1"),
        (HEAD + CAP + "prior_consent_days = 0", "t.rule", "prior_consent_days", "must be at least 1"),
        (HEAD + HOURS + 'override = ["money"]', "t.hours", "override", "must hold some of agreed_hours"),
        (HEAD + HOURS + 'effective_from = "2026-01-01"', "t.hours", "effective_from", "must be a date"),
        (
            HEAD + HOURS + "effective_from = 2026-01-02\neffective_to = 2026-01-01",
            "t.hours",
            "effective_to",
            "is before effective_from",
        ),
        (HEAD + CAP.replace("limit = 1", "limit = 0"), "t.rule", "limit", "must be at least 1"),
        (HEAD + CAP.replace("limit = 1", "limit = true"), "t.rule", "limit", "must be a int"),
        (HEAD + CAP.replace("calendar_day", "rolling_days"), "t.rule", "window.days", "is missing"),
        (HEAD + CAP.replace("calendar_day", "fortnight"), "t.rule", "window.type", "must be one of calendar_day"),
        (HEAD + CAP.replace('"contacts"', '"letters"'), "t.rule", "counts", "must be one of attempts"),
        (HEAD + HOURS + HOURS, "t.hours", "id", "is used twice"),
        (HEAD + 'inherits = "NOWHERE"\n', None, "inherits", "does not exist"),
        (HEAD + 'inherits = "T"\n', None, "inherits", "comes back to itself"),
        (HEAD + 'inherits = "HOUSE"\ndrop = ["house.tea"]\n', None, "drop", "is not inherited"),
        ("code = ", None, None, "is not TOML"),
    ],
)
def test_a_pack_with_a_mistake_does_not_load_and_says_file_rule_and_field(
    packs: Write, text: str, rule_: str | None, field: str | None, problem: str
) -> None:
    with pytest.raises(PackError) as caught:
        load(packs(mine=text))

    assert (caught.value.file, caught.value.rule, caught.value.field) == ("mine.toml", rule_, field)
    assert problem in str(caught.value)


def test_two_packs_of_one_code_in_a_folder_are_a_mistake(packs: Write) -> None:
    with pytest.raises(PackError, match=r"T is the code of a\.toml too"):
        load(packs(a=HEAD, b=HEAD))


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="is not a folder"):
        load(tmp_path / "nothing")


def test_a_pack_of_ones_own_is_added_or_replaces_ours(packs: Write) -> None:
    books = load(packs(cn=HEAD.replace('"T"', '"CN"') + CAP, mine=HEAD + HOURS))

    assert set(books) == {*BOOKS, "T"}
    assert [known.terms.info.id for known in books["CN"].rules if known.terms.kind != "core"] == ["t.rule"]
    assert books["CN"].time_zone is None


def test_a_pack_inherits_replaces_and_drops_by_id(packs: Write) -> None:
    softer = hours("10:00-17:00", name="cn.hours.gbt45251")
    books = load(packs(mine=HEAD + 'inherits = "CN"\ndrop = ["cn.hours.cba2026", "house.sms_week"]\n' + softer + HOURS))

    rules = [known.terms.info for known in books["T"].rules if known.terms.kind != "core"]
    assert [(info.id, info.jurisdiction) for info in rules[:2]] == [("cn.hours.gbt45251", "T"), ("t.hours", "T")]
    ids = {info.id for info in rules}
    assert {"cn.hold.states", "house.sms_day"} <= ids
    assert not {"cn.hours.cba2026", "house.sms_week", "house.third_party"} & ids
    assert books["T"].time_zone == "Asia/Shanghai"


def test_a_rule_that_is_off_is_read_but_not_asked(packs: Write) -> None:
    books = load(packs(mine=HEAD + HOURS + "enabled = false"))

    assert [known for known in books["T"].rules if known.terms.kind != "core"] == []
