import pytest

from gateway.api.ids import Kind, NoId, cursor, global_id, parse_cursor, parse_id

INNER = "018f" + "0a" * 14


@pytest.mark.parametrize("kind", Kind)
def test_a_global_id_names_its_kind_and_nothing_is_lost(kind: Kind) -> None:
    assert parse_id(global_id(kind, INNER)) == (kind, INNER)


def test_a_global_id_with_padding_is_the_same_id() -> None:
    assert parse_id(global_id(Kind.BILL, INNER) + "=") == (Kind.BILL, INNER)


def test_a_cursor_is_a_place_in_a_list() -> None:
    assert parse_cursor(cursor(INNER)) == INNER


GARBAGE = [
    "",
    " ",
    "=",
    "garbage",
    "Q3VzdG9tZXI",  # Customer, without an id
    "客户",
    "\ud800",
    "a" * 10_000,
    global_id(Kind.BILL, INNER)[:-1],
    global_id(Kind.BILL, INNER) + "*",
    global_id(Kind.BILL, INNER.upper()),
    global_id(Kind.BILL, "1"),
]


@pytest.mark.parametrize("text", [*GARBAGE, cursor(INNER)])
def test_what_is_no_id_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(NoId) as refused:
        parse_id(text)

    assert str(refused.value) == "this is not an id of this gateway"


@pytest.mark.parametrize("text", [*GARBAGE, global_id(Kind.BILL, INNER)])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(NoId, match="not a cursor"):
        parse_cursor(text)
