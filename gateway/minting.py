"""Tokens for one customer's frontend, which a backend asks for and hands on."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway import tokens
from gateway.callers import tokens_key
from gateway.core import Gateway
from gateway.customers import refuse_if_forgotten
from gateway.model import Caller, UserErrorCode, problem
from gateway.store import callers, customers


class NoKey(Exception):
    """The caller came in without a key of ours: nobody could end its tokens with it."""


@dataclass(frozen=True, slots=True)
class Minted:
    token: str = field(repr=False)
    ends_at: datetime


async def mint(gateway: Gateway, minter: Caller, customer_id: str, lasts: timedelta, scopes: Collection[str]) -> Minted:
    """A token for that customer, which ends by itself, and with its minter's keys. Raises `NoKey`."""
    now = gateway.real_time()
    key = tokens_key(gateway)
    async with gateway.database.read() as work:
        if not await callers.has_key(work, minter.id, now):
            raise NoKey(NoKey.__doc__)
        customer = (await customers.by_id(work, [customer_id])).get(customer_id)
        if customer is None:
            raise problem(UserErrorCode.NOT_FOUND, "no such customer", "customerId")
        refuse_if_forgotten(customer, "customerId")
    # What a token says is in whole seconds.
    ends_at = now.replace(microsecond=0) + lasts
    grant = tokens.Grant(minter.id, minter.name, customer_id, frozenset(scopes), ends_at)
    return Minted(tokens.sign(grant, key), ends_at)
