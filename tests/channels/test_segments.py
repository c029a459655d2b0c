import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.sms.segments import BASIC, EXTENSION, Segments, segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments("GSM-7", 0, 1)),
        ("a" * 160, Segments("GSM-7", 160, 1)),
        ("a" * 161, Segments("GSM-7", 161, 2)),
        ("a" * 306, Segments("GSM-7", 306, 2)),
        ("a" * 307, Segments("GSM-7", 307, 3)),
        ("€" * 80, Segments("GSM-7", 160, 1)),
        ("€" * 81, Segments("GSM-7", 162, 2)),
        # 153 is odd: 76 pairs fit, the 77th would be split.
        ("€" * 152, Segments("GSM-7", 304, 2)),
        ("€" * 153, Segments("GSM-7", 306, 3)),
        ("a" + "€" * 152, Segments("GSM-7", 305, 2)),
        ("Pay £5 @ Ørsted, ¿no?", Segments("GSM-7", 21, 1)),
        ("{[~]}\\^|", Segments("GSM-7", 16, 1)),
        ("`", Segments("UCS-2", 1, 1)),  # the one ASCII mark that GSM lacks
        ("ç", Segments("UCS-2", 1, 1)),  # only the capital is in the alphabet
        ("您" * 70, Segments("UCS-2", 70, 1)),
        ("您" * 71, Segments("UCS-2", 71, 2)),
        ("您" * 134, Segments("UCS-2", 134, 2)),
        ("您" * 135, Segments("UCS-2", 135, 3)),
        ("a" * 70 + "您", Segments("UCS-2", 71, 2)),
        ("😀" * 35, Segments("UCS-2", 70, 1)),
        # 67 is odd: 33 pairs fit, the 34th would be split.
        ("😀" * 66, Segments("UCS-2", 132, 2)),
        ("😀" * 67, Segments("UCS-2", 134, 3)),
    ],
)
def test_a_text_is_counted_as_the_network_counts(text: str, expected: Segments) -> None:
    assert segments(text) == expected


def test_the_alphabets_are_whole() -> None:
    assert len(BASIC) == 127  # 128 without the escape
    assert len(EXTENSION) == 10
    assert not BASIC & EXTENSION


@given(st.text(alphabet=st.sampled_from("aé€{您😀"), max_size=400))
def test_no_cut_of_the_text_is_better(text: str) -> None:
    """The fewest pieces that hold the text, found by trying every cut."""
    counted = segments(text)
    wide = EXTENSION if counted.encoding == "GSM-7" else frozenset("😀")
    alone, joined = (160, 153) if counted.encoding == "GSM-7" else (70, 67)
    sizes = [2 if character in wide else 1 for character in text]
    ends = [0]
    for size in sizes:
        ends.append(ends[-1] + size)

    fewest = [0] + [len(text)] * len(text)
    for stop in range(1, len(text) + 1):
        fewest[stop] = min(fewest[start] + 1 for start in range(stop) if ends[stop] - ends[start] <= joined)

    assert counted.segments == (1 if ends[-1] <= alone else fewest[-1])
