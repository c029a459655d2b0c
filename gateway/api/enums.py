"""The enums of the schema, with what each value means. The values themselves are the domain's own."""

from collections.abc import Mapping
from enum import Enum, StrEnum

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from gateway.model import (
    ApplicationStatus,
    AttemptOutcome,
    CallbackStatus,
    CallResult,
    ComplaintStatus,
    ContactStatus,
    OutsideResult,
    ReplyStatus,
    Role,
    UserErrorCode,
)
from gateway.store.reactions import ReactionKind
from policies.decision import Confidence, Outcome
from policies.facts import (
    BillStatus,
    Channel,
    ConsentStatus,
    HoldKind,
    Initiator,
    LenderKind,
    LenderRole,
    Medium,
    Party,
    Place,
    PromiseStatus,
    Purpose,
    WindowEffect,
)
from policies.hardship import HardshipLevel, SignalKind
from policies.replies import Meaning
from policies.tone import Kind as WordKind


class Weekday(StrEnum):
    """Days as callers name them; the domain counts them from Monday, 0."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


def _describe(enum: type[Enum], description: str, values: Mapping[str, str], name: str | None = None) -> None:
    """Make the enum known to the schema. Every value has a description, and no description is left over."""
    strawberry.enum(enum, name=name, description=description)
    definition: StrawberryEnumDefinition = enum.__strawberry_definition__  # type: ignore[attr-defined]
    assert {value.name for value in definition.values} == values.keys(), enum
    for value in definition.values:
        value.description = values[value.name]


_describe(
    Channel,
    "A way in which the gateway reaches a customer.",
    {
        "SMS": "A text message.",
        "EMAIL": "A mail.",
        "CALLBACK": "A call by an agent, from the callback queue.",
    },
)
_describe(
    Purpose,
    "Why the customer is contacted. The first four are graded: each is stricter than the one before it.",
    {
        "DUE_REMINDER": "Before the due date.",
        "OVERDUE_REMINDER": "Overdue, tier 1: gentle.",
        "OVERDUE_WARNING": "Overdue, tier 2.",
        "FINAL_NOTICE": "Overdue, tier 3.",
        "PLAN_OFFER": "An easier way to repay.",
        "PAYMENT_RECEIPT": "A payment arrived.",
        "CUSTOMER_REPLY": "The answer to something the customer asked.",
        "FOLLOW_UP": "A later visit: how did we do, what do you need?",
        "SECURITY_CODE": "A code that the customer is waiting for.",
        "LEGAL_NOTICE": "A notice that the law demands.",
        "OPT_OUT_CONFIRMATION": "The customer asked not to be contacted, and is told that it is done.",
        "MARKETING": "Anything that sells.",
    },
)
_describe(
    ContactStatus,
    "How far a contact got.",
    {
        "REFUSED": "Policy said no; nothing was sent.",
        "SCHEDULED": "Waits for `dueAt`.",
        "SENDING": "A worker holds it and an attempt is open.",
        "SENT": "A provider took it, or a call stands in the callback queue.",
        "DELIVERED": "The provider confirmed it, or the call reached the customer.",
        "FAILED": "Every channel was tried and failed for good.",
        "UNCLEAR": "A provider may or may not have taken it: it is never sent again by itself.",
        "CANCELLED": "Called off before it was sent.",
        "EXPIRED": "`expiresAt` passed first.",
    },
)
_describe(
    Outcome,
    "What a rule or a decision says, from the mildest to the strictest.",
    {
        "ALLOW": "The contact may be made.",
        "DEFER": "Not yet: there is an instant from which it may.",
        "REFUSE": "No, and waiting does not help.",
    },
    name="DecisionOutcome",
)
_describe(
    Confidence,
    "How sure we are that the law says so.",
    {
        "VERIFIED": "Read in the law itself.",
        "SECONDARY": "Read in a commentary or a regulator's guide.",
        "CONTESTED": "Sources disagree; the stricter reading is taken.",
        "HOUSE": "The lender's own policy, not law.",
    },
    name="RuleConfidence",
)
_describe(
    AttemptOutcome,
    "What became of one try. It only moves forward.",
    {
        "OPEN": "Begun; nothing has been heard of it yet.",
        "ACCEPTED": "The provider took it.",
        "DELIVERED": "It arrived, or the call reached the customer.",
        "TEMPORARY_FAILURE": "It failed and may be tried again.",
        "PERMANENT_FAILURE": "It failed for good on this channel.",
        "UNKNOWN": "The provider's answer was lost: it may or may not have left.",
    },
)
_describe(
    Party,
    "Whose a contact point is.",
    {
        "CUSTOMER": "The customer's own.",
        "SPOUSE": "The customer's husband or wife.",
        "GUARANTOR": "Somebody who answers for the debt.",
        "CONTACT_PERSON": "Somebody the customer named to be reached through.",
        "REPRESENTATIVE": "A lawyer, adviser or other representative.",
        "EXECUTOR": "Who settles the affairs of a customer who died.",
    },
)
_describe(
    Place,
    "Where a contact point reaches its party.",
    {
        "MOBILE": "A mobile phone.",
        "HOME": "At home.",
        "WORK": "At work.",
        "PERSONAL": "A personal mailbox or number.",
    },
)
_describe(
    LenderKind,
    "What a lender is: some bodies' rules bind only their own members, some laws only one kind of institution.",
    {
        "BANK": "A bank.",
        "CARD_ISSUER": "A bank that issues credit cards.",
        "CONSUMER_FINANCE": "A consumer finance company (China).",
        "CBA_MEMBER": "A member of the China Banking Association, or an agency of a member.",
        "NIFA_MEMBER": "A member of the National Internet Finance Association of China.",
        "UNIREC_MEMBER": "A member of the Italian association of credit managers.",
        "DEBT_INFORMATION": "A debt-information company (Greece).",
        "MONEY_LENDER": "Registered under the Money Lending Business Act (Japan).",
        "LICENSED_AGENCY": "A licensed collection agency.",
    },
)
_describe(
    LenderRole,
    "Who we are towards a debt: many rules bind only one of the two.",
    {"CREDITOR": "We lent the money.", "COLLECTOR": "We collect for somebody else."},
)
_describe(
    WordKind,
    "What is wrong with the words of a message.",
    {
        "THREAT": "They threaten.",
        "SHAME": "They shame.",
        "URGENCY_TRICK": "They hurry the reader without need.",
        "INVENTED_CONSEQUENCE": "They announce what nobody has decided.",
        "IMPERSONATED_AUTHORITY": "They speak in the name of an authority.",
        "THIRD_PARTY": "They bring in other people.",
        "DEBT_WORD": "They speak of a debt where others may read them.",
        "MISSING_FACT": "A fact that must stand there lacks.",
        "WRONG_LANGUAGE": "They are not in the customer's language.",
    },
    name="WordProblemKind",
)
_describe(
    BillStatus,
    "Whether a bill is still to be paid.",
    {
        "OPEN": "To be paid.",
        "PAID": "Paid.",
        "WRITTEN_OFF": "Given up by the lender.",
        "DISPUTED": "The customer says that it is wrong.",
        "IN_PLAN": "Bills of a plan that was approved stand in its place.",
    },
)
_describe(
    ConsentStatus,
    "Whether the customer agrees to be contacted.",
    {"GRANTED": "The customer agreed.", "WITHDRAWN": "The customer took the agreement back, or never gave it."},
)
_describe(
    CallbackStatus,
    "How far a callback got.",
    {
        "WAITING": "Stands in the queue.",
        "CLAIMED": "An agent holds it and a ring was begun.",
        "REACHED": "The customer was reached.",
        "NOT_REACHED": "Given up: it rang as often as it may, or its time passed after a ring.",
        "EXPIRED": "Its time passed, and nobody had rung.",
        "CANCELLED": "Called off.",
    },
)
_describe(
    Meaning,
    "What a reply was taken to mean, by fixed words. In doubt it is UNCLEAR, and a person reads it.",
    {
        "STOP": "No more messages to this address by this channel.",
        "STOP_ALL": "No more contact at all.",
        "START": "Messages are wanted again.",
        "HELP": "Help is asked for.",
        "WRONG_PERSON": "Whoever got it is not the customer.",
        "COMPLAINT": "The customer complains of how they are treated: a complaint is on record.",
        "HARDSHIP": "The customer is in difficulty.",
        "DISPUTE": "The customer says that the debt is wrong, or paid.",
        "UNCLEAR": "Anything else.",
    },
)
_describe(
    ReplyStatus,
    "Whether a person still has to look at a reply.",
    {"OPEN": "A person has to look at it.", "SETTLED": "Understood and acted on, or dealt with by a person."},
)
_describe(
    CallResult,
    "How a ring ended, in the agent's words.",
    {
        "CONVERSATION": "The customer talked.",
        "NO_ANSWER": "Nobody answered.",
        "BUSY": "The line was busy.",
        "VOICEMAIL": "A machine answered.",
        "WRONG_NUMBER": "The number is not the customer's.",
        "REFUSED": "The customer did not want to talk.",
        "OTHER_PERSON": "Somebody else answered.",
    },
)
_describe(
    Medium,
    "A way in which anybody reaches a customer outside the gateway.",
    {
        "SMS": "A text message.",
        "EMAIL": "A mail.",
        "VOICE": "A call by a person.",
        "AI_VOICE": "A call by a machine that talks.",
        "IM": "A message in a chat application.",
        "LETTER": "A letter.",
        "VISIT": "A visit.",
    },
    name="OutsideChannel",
)
_describe(
    OutsideResult,
    "How far a contact outside the gateway got.",
    {
        "ATTEMPTED": "Begun; nobody was reached.",
        "CONNECTED": "A call was answered, by whomever.",
        "CONVERSATION": "The customer talked.",
        "DELIVERED": "A message arrived.",
    },
)
_describe(
    Initiator,
    "Who began a contact.",
    {"LENDER": "The lender.", "AGENCY": "An agency of the lender's.", "CUSTOMER": "The customer."},
)
_describe(
    ApplicationStatus,
    "How far an application for another plan got.",
    {
        "OPEN": "It waits for a decision.",
        "APPROVED": "The plan is agreed to.",
        "DECLINED": "The plan is not agreed to.",
        "WITHDRAWN": "The customer took it back.",
        "ENDED": "Its bill was paid or written off before anybody decided.",
    },
)
_describe(
    HoldKind,
    "Why contact must stop or soften.",
    {
        "CEASE": "The customer asked for contact to stop.",
        "DISPUTE": "The customer disputes the debt.",
        "REPRESENTED": "A representative speaks for the customer.",
        "BANKRUPTCY": "The customer is in insolvency proceedings.",
        "DECEASED": "The customer has died.",
        "HARDSHIP": "The customer is in hardship.",
        "BREATHING_SPACE": "The law gives the customer a time without pressure.",
        "MINOR": "The customer is a minor.",
        "VULNERABLE": "The customer is vulnerable.",
        "WRONG_PERSON": "The person reached is not the customer.",
        "COMPLAINT": "A complaint is open.",
        "APPLICATION": "The customer applied for another plan; placed by submitRepaymentApplication alone, and lifted "
        "by the decision.",
        "ERASURE": "The customer asked to be forgotten; placed by eraseCustomer alone, and not lifted.",
        "UNREAD_REPLY": "The customer wrote something that was not understood: a person reads it first.",
    },
)
_describe(
    PromiseStatus,
    "What became of a promise to pay.",
    {
        "OPEN": "Its day has not passed.",
        "KEPT": "It was paid.",
        "BROKEN": "Its day passed before all of it was paid.",
        "WITHDRAWN": "It was taken back or replaced.",
    },
)
_describe(
    ReactionKind,
    "How a customer reacted.",
    {
        "REPLY": "Wrote to us.",
        "CONVERSATION": "Spoke with us in a call of ours.",
        "OUTSIDE": "Outside the gateway: began a contact, or spoke with us.",
        "PAYMENT": "Paid.",
        "APPLICATION": "Applied for an easier plan.",
        "OPT_OUT": "Asked not to be contacted.",
        "SURVEY": "Was asked how we did, and gave 3 to 5.",
        "LOW_SCORE": "Was asked how we did, and gave 1 or 2.",
    },
)
_describe(
    ComplaintStatus,
    "Whether a complaint was answered.",
    {"OPEN": "It waits for an answer, and demands pause.", "SETTLED": "It was answered."},
)
_describe(
    SignalKind,
    "Something that says that paying is hard for a customer. The last three are seen in payments and promises.",
    {
        "JOB_LOSS": "Work was lost.",
        "ILLNESS": "Illness or an accident.",
        "FAMILY_LOSS": "A death or a separation in the family.",
        "INCOME_FELL": "Income has fallen.",
        "SPENDING_CHANGED": "Spending has changed.",
        "OTHER": "Another difficulty that the customer told of.",
        "WROTE_OF_HARDSHIP": "A message said that paying is hard, and not why.",
        "MISSED_THEN_PARTIAL": "A due date passed, and then only a part was paid.",
        "SHRINKING_PAYMENTS": "Three payments in a row, each smaller than the one before.",
        "BROKEN_PROMISE": "A promised day passed before all that was promised was paid.",
    },
    name="HardshipSignalKind",
)
_describe(
    HardshipLevel,
    "What is done in place of a notice to a customer for whom paying is hard.",
    {
        "NONE": "Nothing else: the score is below the threshold.",
        "OFFER_PLAN": "An easier plan is offered.",
        "CALL": "An agent calls and offers it, where there is a number to ring.",
    },
)
_describe(
    WindowEffect,
    "Hours in the customer's own clock.",
    {
        "ALSO_ALLOW": "Opens hours by agreement.",
        "ONLY": "Narrows to these hours.",
        "NEVER": "Closes these hours.",
    },
)
_describe(
    Weekday,
    "A day of the week, by the customer's calendar.",
    {day.value: day.value.capitalize() + "." for day in Weekday},
)
_describe(
    Role,
    "What a caller is.",
    {
        "CUSTOMER": "One customer, who sees only what is theirs.",
        "SERVICE": "A backend of the lender's.",
        "AGENT": "A person who works callbacks.",
        "COMPLIANCE": "A person who watches over the rules: reads everything, places and lifts holds, settles.",
        "ADMIN": "May do everything.",
    },
)
_describe(
    UserErrorCode,
    "What kind of thing the caller can mend.",
    {
        "INVALID": "The value cannot be what it should be.",
        "NOT_FOUND": "There is no such thing, or it is not the caller's to see.",
        "CONFLICT": "It contradicts what is on record: the same key with another body, say.",
        "TOO_LATE": "It can no longer be done.",
        "MISSING": "Something that is needed was left out.",
    },
)
