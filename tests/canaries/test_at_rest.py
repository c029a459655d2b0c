"""What is personal lies on disk only encrypted: in no file of the database, while it runs and afterwards."""

import pytest

from tests.canaries.inputs import Kind
from tests.canaries.life import Life

pytestmark = pytest.mark.processes


def test_nothing_personal_is_readable_on_disk(lived: Life) -> None:
    assert lived.found(lived.at_rest, Kind.PERSONAL) == set()


def test_what_is_searched_is_where_the_data_lies(lived: Life) -> None:
    assert lived.found(lived.at_rest, Kind.REFERENCE), "references are kept as they are: else nothing was searched"
