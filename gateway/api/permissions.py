"""Who may do what, and who sees what. Two tables; an operation or a field without a row fails a test.

`gateway permissions` prints both. `PERMISSIONS` says which role may call an operation at all; everybody else is told
FORBIDDEN. `FIELDS` says what each role sees of each field, of its own and of another's: what may not be seen does not
exist (null from a query, NOT_FOUND from a mutation), and what is masked is null beside a masked text.

"Own" is, for

- CUSTOMER: what belongs to the customer that the key is bound to;
- SERVICE: a contact that this caller requested, an event subscription that it made;
- AGENT and ADMIN: what a callback is about, while this caller holds it;
- COMPLIANCE: nothing, it is all another's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.model import Caller, Role

_EVERYBODY = frozenset(Role)
_STAFF = frozenset(Role) - {Role.CUSTOMER}
_C, _S, _A, _L, _X = Role.CUSTOMER, Role.SERVICE, Role.AGENT, Role.COMPLIANCE, Role.ADMIN

PERMISSIONS: Mapping[str, frozenset[Role]] = {
    # queries
    "node": _EVERYBODY,
    "nodes": _EVERYBODY,
    "viewer": _EVERYBODY,
    "customer": _EVERYBODY,
    "contact": _EVERYBODY,
    "contacts": _EVERYBODY,
    "callbacks": _EVERYBODY,
    "previewContact": _EVERYBODY,
    "nextAllowedContact": _EVERYBODY,
    "previewMessage": _STAFF,
    "checkWords": _STAFF,
    "rules": _EVERYBODY,
    "exemptions": frozenset({_L, _X}),
    "pauses": _STAFF,
    "replies": _EVERYBODY,
    "complaints": _EVERYBODY,
    "survey": _EVERYBODY,
    "surveyAnswers": _EVERYBODY,
    "contactPressure": _EVERYBODY,
    # what frontends come in with
    "mintCustomerToken": frozenset({_S, _X}),
    # what is known
    "registerCustomer": frozenset({_S, _X}),
    "registerBill": frozenset({_S, _X}),
    "recordPayment": frozenset({_S, _X}),
    "linkCustomers": frozenset({_S, _L, _X}),
    "markContactPoint": frozenset({_S, _A, _L, _X}),
    "recordConsent": frozenset({_C, _S, _A, _X}),
    "setPreferences": frozenset({_C, _S, _A, _X}),
    "recordOutsideContact": frozenset({_S, _A, _X}),
    "recordPromise": frozenset({_S, _A, _X}),
    "withdrawPromise": frozenset({_S, _A, _X}),
    "placeHold": frozenset({_S, _A, _L, _X}),
    "liftHold": frozenset({_S, _L, _X}),
    # contacts
    "requestContact": frozenset({_S, _X}),
    "requestContacts": frozenset({_S, _X}),
    "planContacts": frozenset({_S, _X}),
    "cancelContact": frozenset({_S, _A, _X}),
    "settleContact": frozenset({_S, _L, _X}),
    # callbacks
    "scheduleCallback": frozenset({_C, _S, _A, _X}),
    "claimNextCallback": frozenset({_A, _X}),
    "releaseCallback": frozenset({_A, _X}),
    "recordCall": frozenset({_A, _X}),
    # what customers may demand
    "exportCustomer": frozenset({_C, _L, _X}),
    "eraseCustomer": frozenset({_L, _X}),
    # easier plans
    "planOptions": _EVERYBODY,
    "repaymentApplications": _EVERYBODY,
    "submitRepaymentApplication": frozenset({_C, _A, _X}),
    "withdrawRepaymentApplication": frozenset({_C, _A, _X}),
    "decideRepaymentApplication": frozenset({_A, _L, _X}),
    # what people told and wrote, and stopping
    "recordHardshipSignal": frozenset({_S, _A, _X}),
    "withdrawHardshipSignal": frozenset({_A, _L, _X}),
    "fileComplaint": frozenset({_C, _S, _A, _X}),
    "settleComplaint": frozenset({_A, _L, _X}),
    "recordSurveyAnswer": frozenset({_C, _S, _A, _X}),
    "settleReply": frozenset({_A, _L, _X}),
    "pauseSending": frozenset({_S, _L, _X}),
    "resumeSending": frozenset({_L, _X}),
    # events
    "eventSubscriptions": frozenset({_S, _L, _X}),
    "subscribeEvents": frozenset({_S, _X}),
    "endEventSubscription": frozenset({_S, _X}),
    # live, and the sandbox
    "contactChanged": _EVERYBODY,
    "advanceClock": _STAFF,
    "sandboxInbox": _STAFF,
    "sandboxReply": _STAFF,
}

OWN_ONLY: Mapping[str, frozenset[Role]] = {
    "endEventSubscription": frozenset({_S}),
    "releaseCallback": frozenset({_A, _X}),
    "recordCall": frozenset({_A, _X}),
}
"""Operations on what is the caller's own, beside those of CUSTOMER, whose operations all are."""


class Sight(StrEnum):
    """What a caller sees of a field."""

    SHOWN = "shown"
    REASON = "reason"  #: with a `reason`, which is kept with who looked and shown to the customer
    PARTLY = "partly"  #: without what it says of others
    MASKED = "masked"  #: null, whatever there is
    HIDDEN = "hidden"  #: the whole thing does not exist for this caller


@dataclass(frozen=True, slots=True)
class Cell:
    """What one role sees of its own, and of another's."""

    own: Sight
    others: Sight


Row = Mapping[Role, Cell]


def _row(customer: str, service: str, agent: str, compliance: str, admin: str) -> Row:
    """A cell is written `own|another's`, or in one word where that makes no difference."""
    words = (customer, service, agent, compliance, admin)
    cells = (Cell(Sight(word.split("|")[0]), Sight(word.split("|")[-1])) for word in words)
    return dict(zip(Role, cells, strict=True))


# Rows that many fields have. In each: CUSTOMER, SERVICE, AGENT, COMPLIANCE, ADMIN.
_NOBODYS = _row("shown", "shown", "shown", "shown", "shown")
_CUSTOMERS = _row("shown|hidden", "shown", "shown", "shown", "shown")
_LENDERS = _row("hidden", "shown", "shown", "shown", "shown")
_CALLERS = _row("hidden", "shown|hidden", "hidden", "shown", "shown")
_WATCHED = _row("hidden", "hidden", "hidden", "shown", "shown")
_VIEWS = _row("shown|hidden", "hidden", "hidden", "shown", "shown")
_STAFFS = _row("masked|hidden", "shown", "shown", "shown", "shown")

_TABLE: Mapping[str, Mapping[str, Row]] = {
    # a customer's: another customer's does not exist
    "Customer": {
        "id reference locale timeZones jurisdiction maskedName": _CUSTOMERS,
        "contactPoints bills contacts consents holds promises outsideContacts timeline": _CUSTOMERS,
        "hardship complaints surveyAnswers applications": _CUSTOMERS,
        "name": _row("shown|hidden", "masked", "shown|reason", "reason", "shown|reason"),
        "views": _row("shown|hidden", "masked", "masked", "shown", "shown"),
        "erasure": _CUSTOMERS,
    },
    "Erasure": {"requestedAt keptUntil period title citation erasedAt": _CUSTOMERS},
    "ContactPoint": {
        "id channel masked party place shared usable": _CUSTOMERS,
        "address": _row("shown|hidden", "masked", "shown|masked", "reason", "shown|reason"),
    },
    "Account": {"id reference product role inCollectionProcedures lenderKinds": _CUSTOMERS},
    "Bill": {
        "id reference account amountDue dueOn status daysOverdue contacts": _CUSTOMERS,
        "amountPaid amountLeft instalment replacedBy payments": _CUSTOMERS,
    },
    "Payment": {"reference amount at": _CUSTOMERS},
    "Contact": {
        "id customer bill purpose channels status dueAt expiresAt createdAt reference requestedBy": _CUSTOMERS,
        "askedPurpose diversion": _CUSTOMERS,
        "templateVersion decisions attempts maskedMessage maskedCancelReason": _CUSTOMERS,
        "message": _row("shown|hidden", "reason|masked", "shown|masked", "reason", "shown|reason"),
        "cancelReason": _row("shown|hidden", "reason|masked", "reason", "reason", "reason"),
    },
    "Attempt": {
        "id number channel provider contactPoint startedAt finishedAt outcome receipts": _CUSTOMERS,
        "providerMessageId providerCode": _CUSTOMERS,
        "detail maskedNote": _STAFFS,
        "note": _row("masked|hidden", "masked", "shown|reason", "reason", "shown|reason"),
    },
    "Callback": {
        "id contact customer contactPoint from until status attempts": _CUSTOMERS,
        "agent maskedNote": _STAFFS,
        "note": _row("masked|hidden", "masked", "shown|reason", "reason", "shown|reason"),
    },
    "Consent": {"id status channel contactPoint purpose source at": _CUSTOMERS},
    "Hold": {"id kind channel account from until liftedAt": _CUSTOMERS},
    "Promise": {"id account payBy amount status": _CUSTOMERS},
    "OutsideContact": {"id reference channel result initiator at": _CUSTOMERS},
    "Hardship": {"score level reasons signals": _CUSTOMERS},
    "HardshipReason": {"kind points at until sentence": _CUSTOMERS},
    "ContactPressure": {"customer lastContactAt lastReactionAt unansweredInARow periods sentence allowed": _CUSTOMERS},
    "PressurePeriod": {"days attempts byChannel byPurpose byRequester reactions": _CUSTOMERS},
    "ChannelCount": {"channel count": _CUSTOMERS},
    "PurposeCount": {"purpose count": _CUSTOMERS},
    "ReactionCount": {"kind count": _CUSTOMERS},
    "RequesterCount": {"name": _row("partly|hidden", "shown", "shown", "shown", "shown"), "count": _CUSTOMERS},
    "Diversion": {"score level reasons": _CUSTOMERS},
    "HardshipSignal": {
        "id customer account kind at recordedAt withdrawnAt isFromReply maskedNote": _CUSTOMERS,
        "note": _row("shown|hidden", "masked", "reason", "reason", "reason"),
    },
    "Complaint": {
        "id customer contact account status at recordedAt settledAt maskedText maskedAnswer": _CUSTOMERS,
        "settledBy": _STAFFS,
        "text answer": _row("shown|hidden", "masked", "reason", "reason", "reason"),
    },
    "Survey": {"scoreQuestion scores textQuestion callQuestion note endsAt answer": _CUSTOMERS},
    "SurveyAnswer": {
        "id customer contact score wantsCall maskedText recordedAt complaint call": _CUSTOMERS,
        "recordedBy": _STAFFS,
        "text": _row("shown|hidden", "masked", "reason", "reason", "reason"),
    },
    "Reply": {
        "id customer contactPoint channel meaning isUrgent status at receivedAt settledAt": _CUSTOMERS,
        "maskedText maskedSender": _CUSTOMERS,
        "settledBy": _STAFFS,
        "text": _row("shown|hidden", "masked", "reason", "reason", "reason"),
        "sender": _row("shown|hidden", "masked", "masked", "reason", "reason"),
    },
    "View": {"id at what seen by reason": _VIEWS},
    "ViewedBy": {
        "role": _VIEWS,
        "name": _row("partly|hidden", "hidden", "hidden", "shown", "shown"),
    },
    # parts of these
    "Decision": {
        "outcome channel decidedAt nextAllowedAt timeZones rulebook findings diversion": _CUSTOMERS,
        "allowances": _row("partly|hidden", "shown", "shown", "shown", "shown"),
    },
    "Finding": {
        "rule outcome until": _CUSTOMERS,
        "reason facts": _row("partly|hidden", "shown", "shown", "shown", "shown"),
    },
    "Allowance": {"rule limit used remaining resetsAt": _CUSTOMERS},
    "MessagePreview": {"subject text html segments templateVersion refusal problems": _LENDERS},
    "WordProblem": {"rule kind words message suggestion citation": _LENDERS},
    "NextAllowed": {"channel at decision": _CUSTOMERS},
    "RepaymentApplication": {
        "id customer bill instalments status submittedAt documents decidedAt": _CUSTOMERS,
        "maskedReason maskedDecisionReason": _CUSTOMERS,
        "decidedBy": _STAFFS,
        "reason decisionReason": _row("shown|hidden", "masked", "reason", "reason", "reason"),
    },
    "Instalment": {"dueOn amount": _CUSTOMERS},
    "PlanOption": {"instalments total": _CUSTOMERS},
    "RepaymentApplicationPayload": {"application replayed userErrors": _NOBODYS},
    "TimelineEntry": {"number at kind what why contact about": _CUSTOMERS},
    "Money": {"amount currency": _CUSTOMERS},
    "PageInfo": {"hasNextPage hasPreviousPage startCursor endCursor": _CUSTOMERS},
    "RepaymentApplicationConnection": {"edges nodes pageInfo totalCount": _CUSTOMERS},
    "RepaymentApplicationEdge": {"cursor node": _CUSTOMERS},
    "AttemptConnection BillConnection CallbackConnection ComplaintConnection "
    "ContactConnection ReplyConnection SurveyAnswerConnection TimelineEntryConnection": {
        "edges nodes pageInfo totalCount": _CUSTOMERS
    },
    "AttemptEdge BillEdge CallbackEdge ComplaintEdge ContactEdge ReplyEdge SurveyAnswerEdge TimelineEntryEdge": {
        "cursor node": _CUSTOMERS
    },
    "ViewConnection": {"edges nodes pageInfo totalCount": _VIEWS},
    "ViewEdge": {"cursor node": _VIEWS},
    "Receipt": {"at receivedAt outcome providerCode": _CUSTOMERS},
    # what a campaign proposes
    "ContactProposal": {"bill purpose channels notBefore reason outcome nextAllowedAt contact": _NOBODYS},
    "PlanCount": {"what bills": _NOBODYS},
    # the lender's, and its callers'
    "Pause": {"id purpose channel provider reason pausedAt pausedBy resumedAt resumedBy resumeReason": _LENDERS},
    "EventSubscription": {"id url kinds createdAt endedAt waiting givenUp lastAnswer": _CALLERS},
    "ExemptionUse": {"caller purpose contacts answers": _WATCHED},
    "SandboxMessage": {
        "provider attemptId behaviour at maskedTo maskedSubject maskedText": _LENDERS,
        "to subject text": _row("hidden", "reason", "reason", "reason", "reason"),
    },
    # nobody's
    "Rule": {"id title version jurisdiction citation source confidence effectiveFrom": _NOBODYS},
    "Viewer": {"role name scopes customer": _NOBODYS},
    # what a mutation answers with, to who may call it; what it holds has rows of its own
    "UserError": {"code message field": _NOBODYS},
    "AdvanceClockPayload": {"now userErrors": _NOBODYS},
    "CancelContactPayload": {"contact userErrors": _NOBODYS},
    "ClaimCallbackPayload": {"callback decision userErrors": _NOBODYS},
    "ExportCustomerPayload": {"export userErrors": _NOBODYS},
    "MintCustomerTokenPayload": {"token expiresAt userErrors": _NOBODYS},
    "EraseCustomerPayload": {"erasure userErrors": _NOBODYS},
    "EndEventSubscriptionPayload": {"subscription userErrors": _NOBODYS},
    "LiftHoldPayload": {"hold userErrors": _NOBODYS},
    "PlaceHoldPayload": {"hold replayed userErrors": _NOBODYS},
    "LinkCustomersPayload": {"customers userErrors": _NOBODYS},
    "MarkContactPointPayload": {"contactPoint userErrors": _NOBODYS},
    "PausePayload": {"pause userErrors": _NOBODYS},
    "RecordCallPayload": {"callback contact userErrors": _NOBODYS},
    "RegisterCustomerPayload SetPreferencesPayload": {"customer userErrors": _NOBODYS},
    "RecordConsentPayload": {"customer replayed userErrors": _NOBODYS},
    "RecordPromisePayload": {"customer promise replayed userErrors": _NOBODYS},
    "WithdrawPromisePayload": {"promise userErrors": _NOBODYS},
    "RecordOutsideContactPayload": {"customer outsideContact replayed userErrors": _NOBODYS},
    "RecordPaymentPayload": {"payments bills unallocated receipt replayed userErrors": _NOBODYS},
    "RegisterBillPayload": {"bill userErrors": _NOBODYS},
    "PlanContactsPayload": {"proposals proposed nothing endCursor hasNextPage userErrors": _NOBODYS},
    "RequestContactPayload": {"contact replayed userErrors": _NOBODYS},
    "SandboxReplyPayload": {"heard userErrors": _NOBODYS},
    "SettleReplyPayload": {"reply userErrors": _NOBODYS},
    "RecordHardshipSignalPayload": {"signal offers replayed userErrors": _NOBODYS},
    "WithdrawHardshipSignalPayload": {"signal userErrors": _NOBODYS},
    "FileComplaintPayload": {"complaint replayed userErrors": _NOBODYS},
    "RecordSurveyAnswerPayload": {"answer replayed userErrors": _NOBODYS},
    "SettleComplaintPayload": {"complaint contact replayed userErrors": _NOBODYS},
    "SubscribeEventsPayload": {"subscription secret userErrors": _NOBODYS},
}

FIELDS: Mapping[str, Row] = {
    f"{type_}.{name}": row
    for types, rows in _TABLE.items()
    for type_ in types.split()
    for names, row in rows.items()
    for name in names.split()
}
"""What each role sees of each field of each type, by `Type.field`."""


BY_SCOPE_ALONE = frozenset({"mintCustomerToken"})
"""What no key may that was not made for it: such a token shows without a reason what is its customer's."""


def may(caller: Caller, operation: str) -> bool:
    """Whether the caller's role may, and its scopes, where it has any, name it."""
    is_named = operation in caller.scopes or (not caller.scopes and operation not in BY_SCOPE_ALONE)
    return caller.role in PERMISSIONS[operation] and is_named


def scopes(role: Role) -> list[str]:
    """The operations a role may call, in the table's order."""
    return [operation for operation, roles in PERMISSIONS.items() if role in roles]


def is_guarded(field: str) -> bool:
    """Whether somebody to whom the thing exists does not see this field of it at once."""
    return any({cell.own, cell.others} & {Sight.REASON, Sight.MASKED} for cell in FIELDS[field].values())


def is_personal(field: str) -> bool:
    """Whether each sight of it is on record: whatever anybody needs a reason for."""
    return any(Sight.REASON in (cell.own, cell.others) for cell in FIELDS[field].values())


def sees_all(caller: Caller, field: str) -> bool:
    """Whether the caller sees the field of everything, whosever it is, and nothing is left out."""
    cell = FIELDS[field][caller.role]
    return cell.own is cell.others is Sight.SHOWN


_OWN = {
    _C: "their own",
    _S: "what it requested",
    _A: "while holding the callback, which is the reason then",
    _X: "while holding the callback, which is the reason then",
}
_SAID = {Sight.SHOWN: "always", Sight.REASON: "with a reason"}


def said(field: str) -> str:
    """Who sees it, in words, for its description."""
    roles: dict[str, list[str]] = {}
    for role, cell in FIELDS[field].items():
        if words := _words(role, cell):
            roles.setdefault(words, []).append(role)
    return ". ".join(f"{', '.join(who)}: {words}" for words, who in roles.items())


def _words(role: Role, cell: Cell) -> str:
    if cell.own is cell.others:
        return _SAID.get(cell.own, "")
    own = (
        {Sight.SHOWN: _OWN[role], Sight.REASON: f"{_OWN[role]}, with a reason"}.get(cell.own) if role in _OWN else None
    )
    return "; else ".join(filter(None, (own, _SAID.get(cell.others))))
