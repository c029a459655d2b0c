"""Operations made of the schema, for every operation there is: `python -m tests.fuzz.graphql --cases 2000`."""

import json
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from tests.answers import wrong
from tests.fuzz.target import HANG_SECONDS, MARK, Findings, Target, chosen, failures, target

SCHEMA = Path(__file__).parents[2] / "schema.graphql"

_TIMES = (
    "2026-11-25T04:00:00Z",
    "2026-11-24T23:59:60+08:00",
    "1900-01-01T00:00:00-23:59",
    "2199-12-31T23:59:59.999999999Z",
)
_OF_A_KIND = {
    "DateTime": (*_TIMES, "2027-02-29T00:00:00Z", "2026-11-25T04:00:00", "0000-00-00T00:00:00Z", ""),
    "Date": ("2026-11-25", "1900-01-01", "2199-12-31", "2027-02-29", "20261125", ""),
    "LocalTime": ("00:00", "23:59:59", "24:00", "9:00", ""),
    "TimeZone": ("Asia/Shanghai", "America/New_York", "UTC", "../../etc/passwd", "Factory", ""),
    "Locale": ("zh-CN", "en", "de-CH-1996-u-co-phonebk", "xx", "../x", ""),
    "Jurisdiction": ("CN", "US-NYC", "US-MA", "UK", "HOUSE", "XX", ""),
    "Currency": ("CNY", "JPY", "XXX", "BHD", "cny", ""),
    "Decimal": ("0", "10.00", "999999999999999.999", "1e9", "-1", "NaN", "٣", ""),
}
_WORDS = (
    "退订",
    "STOP",
    "customer_reply",
    "C-0",
    "A-1",
    "+8613900000000",
    "c0@mail.example",
    "{{ 7*7 }}",
    "%",
    "\u202e",
)


def fuzz(where: Target, cases: int, seed_: int = 0) -> Findings:
    """So many cases, spread over all operations and callers. Every one of them is a new request."""
    _say_what_scalars_are(where.ids)
    schema: Any = schemathesis.graphql.from_path(SCHEMA)
    operations = [found.ok() for found in schema.get_all_operations()]
    found = Findings()
    keys = cycle(where.keys.values())
    with httpx.Client(base_url=where.url, timeout=HANG_SECONDS) as client:
        for operation in operations:

            @seed(seed_)
            @settings(
                max_examples=-(-cases // len(operations)),
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],
            )
            @given(operation.as_strategy())
            def ask(case: Any) -> None:
                _ask(client, next(keys), str(case.body), found)

            ask()
    found.problems += failures(where.log)
    return found


def _say_what_scalars_are(ids: list[str]) -> None:
    """Half of the values are good ones: else nothing behind the door would be reached."""
    scalar = schemathesis.graphql.scalar
    for name, values in _OF_A_KIND.items():
        scalar(name, st.sampled_from(values).map(nodes.String))
    marked = st.text(max_size=60).map(lambda text: f"{MARK}{text}")
    scalar("ID", (st.sampled_from(ids) | st.text(max_size=60) | marked).map(nodes.String))
    scalar("String", (st.sampled_from(_WORDS) | st.text(max_size=300) | marked).map(nodes.String))
    scalar("JSON", st.sampled_from(["", "x"]).map(nodes.String) | st.integers(-(2**31), 2**31 - 1).map(nodes.Int))


def _ask(client: httpx.Client, key: str, query: str, found: Findings) -> None:
    began = time.monotonic()
    try:
        response = client.post("/graphql", json={"query": query}, headers={"Authorization": f"Bearer {key}"})
        answer = response.json()
    except (httpx.HTTPError, ValueError) as error:
        found.problems.append(f"{type(error).__name__}: {query}")
        return
    found.timed(query, began)
    if response.status_code >= 500:
        found.problems.append(f"{response.status_code}: {query}")
    told = [json.dumps(one, ensure_ascii=False) for one in wrong(answer)]
    if any('"INTERNAL"' in one or '"TIMEOUT"' in one for one in told):
        found.problems.append(f"{told}: {query}")
    if any(MARK in one for one in told):
        found.problems.append(f"what was said is repeated in {told}: {query}")


def main() -> int:
    given_ = chosen(__doc__, 2000)
    with tempfile.TemporaryDirectory() as folder, target(Path(folder)) as where:
        found = fuzz(where, given_.cases, given_.seed)
    print(found)
    return 1 if found.problems or found.slow else 0


if __name__ == "__main__":
    sys.exit(main())
