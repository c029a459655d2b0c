"""What a message would say, and what is wrong with words, before anybody sends them. Nothing is sent or recorded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from channels.sms.segments import segments
from gateway import masks
from gateway.accepting import visible_bill, visible_customer
from gateway.core import Gateway
from gateway.known import Known
from gateway.model import Caller
from gateway.wording import values_of
from gateway.words import BadWords, Unsayable, WordsError
from gateway.words.linting import required_names
from policies import linter
from policies.facts import Channel, Purpose
from policies.tone import Problem

_NAMED = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class PreviewMessage:
    """The message that a contact would carry now. `discreet`: as where others read along."""

    customer_id: str
    purpose: Purpose
    channel: Channel
    bill_id: str | None = None
    template: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict, repr=False)
    discreet: bool = False


@dataclass(frozen=True, slots=True)
class CheckWords:
    """Words of somebody who writes a template."""

    text: str = field(repr=False)
    channel: Channel
    locale: str
    purpose: Purpose | None = None
    jurisdiction: str | None = None
    product: str | None = None
    discreet: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """Without a text where it cannot be written: `refusal` says why, `problems` name the words."""

    text: str | None = field(default=None, repr=False)
    subject: str | None = field(default=None, repr=False)
    html: str | None = field(default=None, repr=False)
    version: str | None = None
    segments: int | None = None
    problems: tuple[Problem, ...] = ()
    refusal: str | None = None


async def message(gateway: Gateway, caller: Caller, wanted: PreviewMessage) -> Preview:
    """With the facts of today, the customer's name masked. Raises `Unacceptable` for who or what is not there."""
    async with gateway.database.read() as work:
        known = await Known.load(gateway, work, [wanted.customer_id], [wanted.bill_id] if wanted.bill_id else [])
        customer = visible_customer(known, caller, wanted.customer_id)
        bill = visible_bill(known, customer, wanted.bill_id)
        now = work.now
    name = masks.name(customer.name) if customer.name is not None else None
    masked = values_of(gateway, replace(customer, name=name), bill, wanted.purpose, now)
    template = wanted.template or gateway.words.default(wanted.purpose)
    try:
        gateway.words.check_purpose(template, wanted.purpose)
        rendered = gateway.words.render(
            template,
            wanted.channel,
            customer.locale,
            replace(masked, called=customer.name),
            wanted.variables,
            discreet=wanted.discreet,
            jurisdiction=customer.jurisdiction,
            product=bill.account.product if bill else None,
        )
    except (BadWords, Unsayable) as bad:
        return Preview(problems=bad.problems, refusal=str(bad))
    except WordsError as wrong:
        return Preview(refusal=str(wrong))
    return Preview(rendered.text, rendered.subject, rendered.html, rendered.version, rendered.segments)


def words(wanted: CheckWords) -> Preview:
    """What the linter says of a text, and how many SMS it is. Facts stand in it by their names, as in a template."""
    purpose, channel = wanted.purpose, wanted.channel
    names = required_names(purpose, channel, wanted.jurisdiction, wanted.product) if purpose else ()
    problems = linter.check(
        _NAMED.sub(r"{{ \1 }}", wanted.text),
        purpose=wanted.purpose,
        channel=wanted.channel,
        language=wanted.locale.replace("_", "-").partition("-")[0].lower(),
        jurisdiction=wanted.jurisdiction,
        product=wanted.product,
        discreet=wanted.discreet,
        facts={name: f"{{{{ {name} }}}}" for name in names},
    )
    count = segments(wanted.text).segments if wanted.channel is Channel.SMS else None
    return Preview(text=wanted.text, problems=problems, segments=count)
