"""The words of the survey: ours, a lender's own, and files that are not used."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.words import BadTemplate, Words
from gateway.words.sheets import OURS
from tests.gateway.test_words import LENDER, WORDS


def own(folder: Path, change: Callable[[str], str]) -> Path:
    """A lender's folder with our English file, changed."""
    path = folder / "en" / "survey.toml"
    path.parent.mkdir()
    path.write_text(change((OURS / "en" / "survey.toml").read_text(encoding="utf-8")), encoding="utf-8")
    return folder


def test_everybody_is_asked_in_one_of_our_languages() -> None:
    asked = {locale: WORDS.survey(locale).send for locale in ("en", "en-US", "zh-Hans-CN", "zh", "fr", "pt-BR")}

    assert asked == {"en": "Send", "en-US": "Send", "zh-Hans-CN": "提交", "zh": "提交", "fr": "Send", "pt-BR": "Send"}


def test_a_lenders_words_stand_in_place_of_ours(tmp_path: Path) -> None:
    folder = own(tmp_path, lambda text: text.replace("How did we do?", "How was our service?"))

    words = Words.load(folder, lender=LENDER)

    assert words.survey("en").title == "How was our service?"
    assert words.survey("zh") == WORDS.survey("zh")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace("How well were you treated?", "Pay or we take legal action?"), "en.threat.legal"),
        (lambda text: text.replace("How did we do?", "How did we do about your overdue debt?"), "en.debt_word"),
        (lambda text: text.replace("Thank you for telling us.", "感谢您告诉我们您的意见"), "language"),
        (lambda text: text.replace('title = "How did we do?"\n', ""), "see title"),
        (lambda text: text + 'more = "x"\n', "see more"),
        (lambda text: text.replace(', "Very well"', ""), "must name 5 scores"),
        (lambda text: text.replace('"Very well"', '""'), "none that is empty"),
        (lambda text: text.replace('"Very well"', "5"), "must hold texts"),
        (lambda text: text.replace('"Send"', "5"), "must hold texts"),
        (lambda text: text.replace('"Send"', '"Send'), "cannot be read as TOML"),
    ],
)
def test_words_that_may_not_be_said_or_are_not_whole_are_refused(
    tmp_path: Path, change: Callable[[str], str], why: str
) -> None:
    folder = own(tmp_path, change)

    with pytest.raises(BadTemplate, match=r"survey\.toml") as refused:
        Words.load(folder, lender=LENDER)

    assert why in refused.value.reason


def test_a_language_without_a_survey_is_not_whole(tmp_path: Path) -> None:
    (tmp_path / "de").mkdir()
    for path in (OURS / "en").glob("*.toml"):
        if path.stem != "survey":
            (tmp_path / "de" / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")

    with pytest.raises(BadTemplate, match=r"survey\.toml: is missing"):
        Words.load(tmp_path, lender=LENDER)
