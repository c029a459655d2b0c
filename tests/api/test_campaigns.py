"""planContacts over the API."""

from datetime import date

import pytest

from gateway.model import Role
from tests.api.client import Api

PLAN = """
mutation Plan($input: PlanContactsInput!) {
  planContacts(input: $input) {
    proposals {
      bill { reference } purpose channels notBefore reason outcome nextAllowedAt contact { status reference }
    }
    proposed { what bills }
    nothing { what bills }
    endCursor
    hasNextPage
    userErrors { code field }
  }
}"""


async def test_a_dry_run_and_then_the_contacts(api: Api) -> None:
    await api.world.bill(await api.world.customer(), due_on=date(2026, 11, 14), reference="B-1")

    wanted = {"dryRun": False, "name": "November"}
    shown = (await api.data(PLAN, {"input": {"dryRun": True}}, role=Role.SERVICE))["planContacts"]
    made, again = [(await api.data(PLAN, {"input": wanted}, role=Role.SERVICE))["planContacts"] for _ in range(2)]

    [proposal] = shown["proposals"]
    assert proposal == {
        "bill": {"reference": "B-1"},
        "purpose": "OVERDUE_REMINDER",
        "channels": ["SMS", "EMAIL"],
        "notBefore": None,
        "reason": "It is 10 days overdue; this is number 1 of at most 2.",
        "outcome": "ALLOW",
        "nextAllowedAt": proposal["nextAllowedAt"],
        "contact": None,
    }
    assert shown["proposed"] == [{"what": "OVERDUE_REMINDER", "bills": 1}]
    assert made["proposals"][0]["contact"] == {"status": "SCHEDULED", "reference": "November"}
    assert again["proposals"] == []
    assert again["nothing"] == [{"what": "under_way", "bills": 1}]
    assert again["hasNextPage"] is False


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"limit": 0}, ["limit"]),
        ({"limit": 501}, ["limit"]),
        ({"after": "no cursor"}, ["after"]),
        ({"name": " "}, ["name"]),
        ({"filter": {"jurisdiction": "nowhere"}}, ["filter", "jurisdiction"]),
        ({"filter": {"jurisdiction": "NOWHERE"}}, ["filter", "jurisdiction"]),
        ({"filter": {"daysOverdueFrom": 9, "daysOverdueTo": 3}}, ["filter", "daysOverdueTo"]),
        ({"filter": {"daysOverdueFrom": 2000000000}}, ["filter", "daysOverdueFrom"]),
        ({"filter": {"customerId": "nobody"}}, ["filter", "customerId"]),
    ],
)
async def test_bad_input_names_its_field(api: Api, given: dict[str, object], field: list[str]) -> None:
    answer = await api.ask(PLAN, {"input": {"dryRun": False, **given}}, role=Role.SERVICE)

    assert [error["field"] for error in answer["data"]["planContacts"]["userErrors"]] == [field]
