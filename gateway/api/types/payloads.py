"""What mutations answer with: the thing made or changed, and what the caller can mend."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import strawberry

from gateway import model
from gateway.api.types.bill import Bill
from gateway.api.types.callback import Callback
from gateway.api.types.contact import Contact
from gateway.api.types.contact_point import ContactPoint
from gateway.api.types.customer import Customer
from gateway.api.types.decision import Decision
from gateway.api.types.record import Hold, OutsideContact, Promise
from gateway.model import UserErrorCode


@strawberry.type(description="Something about the input that the caller can mend. Nothing was done.")
class UserError:
    code: UserErrorCode = strawberry.field(description="What kind of thing it is.")
    message: str = strawberry.field(description="What is wrong, in a sentence.")
    field: list[str] | None = strawberry.field(description="Where, as a path within the input.")


ERRORS = "What the caller can mend; empty if it was done."


def user_errors(errors: Iterable[model.UserError]) -> list[UserError]:
    return [
        UserError(code=error.code, message=error.message, field=list(error.field) if error.field else None)
        for error in errors
    ]


@strawberry.type(description="The answer to a request for a contact. A refusal by policy is no error: look at status.")
class RequestContactPayload:
    contact: Contact | None = strawberry.field(default=None, description="The contact, with its decision.")
    replayed: bool = strawberry.field(
        default=False, description="True: this key was seen before and the first answer is repeated."
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The contact as it is now.")
class CancelContactPayload:
    contact: Contact | None = strawberry.field(default=None, description="The contact.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The customer as registered.")
class RegisterCustomerPayload:
    customer: Customer | None = strawberry.field(default=None, description="The customer.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The bill as registered.")
class RegisterBillPayload:
    bill: Bill | None = strawberry.field(default=None, description="The bill.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The customer, whose ledger has a new entry.")
class RecordConsentPayload:
    customer: Customer | None = strawberry.field(default=None, description="The customer.")
    replayed: bool = strawberry.field(default=False, description="True: it was on record already.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="A call to be made now. A null callback: nothing may be called now.")
class ClaimCallbackPayload:
    callback: Callback | None = strawberry.field(default=None, description="The call, claimed by the caller.")
    decision: Decision | None = strawberry.field(default=None, description="The decision that allows it now.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The callback and its contact as they are now.")
class RecordCallPayload:
    callback: Callback | None = strawberry.field(default=None, description="The callback.")
    contact: Contact | None = strawberry.field(default=None, description="Its contact.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The contact that is now on record.")
class RecordOutsideContactPayload:
    customer: Customer | None = strawberry.field(default=None, description="The customer.")
    outside_contact: OutsideContact | None = strawberry.field(default=None, description="The contact.")
    replayed: bool = strawberry.field(default=False, description="True: it was on record already.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The hold that is now in force.")
class PlaceHoldPayload:
    hold: Hold | None = strawberry.field(default=None, description="The hold.")
    replayed: bool = strawberry.field(default=False, description="True: it was on record already.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The hold as it ended.")
class LiftHoldPayload:
    hold: Hold | None = strawberry.field(default=None, description="The hold.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The customer, with the promise on record.")
class RecordPromisePayload:
    customer: Customer | None = strawberry.field(default=None, description="The customer.")
    promise: Promise | None = strawberry.field(default=None, description="The promise.")
    replayed: bool = strawberry.field(default=False, description="True: it was on record already.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The promise as it is now.")
class WithdrawPromisePayload:
    promise: Promise | None = strawberry.field(default=None, description="The promise.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The customer, with the wishes on record.")
class SetPreferencesPayload:
    customer: Customer | None = strawberry.field(default=None, description="The customer.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The sandbox's clock.")
class AdvanceClockPayload:
    now: datetime | None = strawberry.field(default=None, description="The present instant, after the move.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The answer to a link between references of one person.")
class LinkCustomersPayload:
    customers: list[Customer] = strawberry.field(
        default_factory=list, description="Everybody who is now known to be that person."
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The answer to what was said of an address.")
class MarkContactPointPayload:
    contact_point: ContactPoint | None = strawberry.field(default=None, description="The address as it is now.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)
