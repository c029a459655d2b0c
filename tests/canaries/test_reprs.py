"""What is personal does not print itself: values end up in tracebacks, in the output of tests and in debuggers."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import channels
import gateway
import policies

PERSONAL = frozenset(
    {
        "name", "customer_name", "address", "to", "sender", "recipient", "recipients", "text", "subject", "html",
        "body", "message", "variables", "values", "evidence", "source", "note", "reason", "cancel_reason",
        "resume_reason",
        "secret", "url", "unsubscribe_token", "authorization", "raw", "data", "headers",
    }
)  # fmt: skip
"""What fields with something personal, or with a secret, are called."""

OURS = {
    "Answer.body": "of a local provider's script",
    "Answer.headers": "of a local provider's script",
    "Caller.name": "of a key, as an operator named it",
    "Campaign.name": "of a campaign, as the lender calls it",
    "Contact.evidence": "whether there is any",
    "Dispatch.message": "hides what it holds itself",
    "Ear.name": "of a listener",
    "Event.body": "ids and states",
    "Happening.data": "ids and states",
    "Identity.name": "of staff, as their issuer names them",
    "Issuer.name": "the issuer's own address",
    "Lender.name": "the lender's own",
    "LocalMail.sender": "the lender's own address",
    "LocalSms.sender": "the lender's own number",
    "Mail.sender": "the lender's own address",
    "Part.subject": "of a template",
    "Part.text": "of a template",
    "Person.name": "of somebody made up for the demonstration",
    "Speech.html": "of a template",
    "Speech.source": "of a template",
    "Speech.subject": "of a template",
    "Speech.text": "of a template",
    "Subject.evidence": "whether there is any",
    "SurveyWords.note": "of a page",
    "SurveyWords.text": "of a page",
    "Thanks.body": "what every webhook of a vendor is answered",
    "UserError.message": "one of our sentences",
    "_Outcome.to": "hides what it holds itself",
}
"""And those that are called so and are neither."""


def test_what_is_ours_is_still_there() -> None:
    there = {
        f"{one.__name__}.{field.name}"
        for one in _values()
        if dataclasses.is_dataclass(one)
        for field in dataclasses.fields(one)
    }

    assert OURS.keys() - there == set()


def _values() -> Iterator[type]:
    """Every dataclass of ours but for the API's own types, which strawberry makes and nothing prints."""
    for package in (gateway, channels, policies):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith(
                ("gateway.api.", "gateway.store.migrations", "gateway.__main__", "policies.")
            ):
                found = importlib.import_module(module.name)
                yield from (
                    one for one in vars(found).values() if isinstance(one, type) and one.__module__ == module.name
                )


@pytest.mark.parametrize(
    "one", [one for one in _values() if dataclasses.is_dataclass(one)], ids=lambda one: one.__name__
)
def test_a_value_prints_nothing_personal(one: type) -> None:
    printed = {f"{one.__name__}.{field.name}" for field in dataclasses.fields(one) if field.repr}

    assert {name for name in printed if name.partition(".")[2] in PERSONAL} <= OURS.keys()
