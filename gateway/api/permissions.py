"""Who may call what. One table; a root field without a row fails a test.

What a role may call says nothing about whose data it sees: a CUSTOMER key sees its own customer only, everywhere.
"""

from collections.abc import Mapping

from gateway.model import Role

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
    "rules": _EVERYBODY,
    "exemptions": frozenset({_L, _X}),
    # what is known
    "registerCustomer": frozenset({_S, _X}),
    "registerBill": frozenset({_S, _X}),
    "linkCustomers": frozenset({_S, _L, _X}),
    "markContactPoint": frozenset({_S, _A, _L, _X}),
    "recordConsent": frozenset({_C, _S, _A, _X}),
    "setPreferences": frozenset({_C, _S, _A, _X}),
    "recordOutsideContact": frozenset({_S, _A, _X}),
    "recordPromise": frozenset({_S, _A, _X}),
    "placeHold": frozenset({_S, _A, _L, _X}),
    "liftHold": frozenset({_S, _L, _X}),
    # contacts
    "requestContact": frozenset({_S, _X}),
    "requestContacts": frozenset({_S, _X}),
    "cancelContact": frozenset({_S, _A, _X}),
    "settleContact": frozenset({_S, _L, _X}),
    # callbacks
    "scheduleCallback": frozenset({_C, _S, _A, _X}),
    "claimNextCallback": frozenset({_A, _X}),
    "releaseCallback": frozenset({_A, _X}),
    "recordCall": frozenset({_A, _X}),
    # live, and the sandbox
    "contactChanged": _EVERYBODY,
    "advanceClock": _STAFF,
}


def may(role: Role, operation: str) -> bool:
    return role in PERMISSIONS[operation]


def scopes(role: Role) -> list[str]:
    """The operations a role may call, in the table's order."""
    return [operation for operation, roles in PERMISSIONS.items() if role in roles]
