"""The rules of the two jurisdictions, as packs for the gateway and as plain numbers for the judge."""

from dataclasses import dataclass
from datetime import time

CAPPED = """
code = "CAPPED"
name = "Always open, and three contacts in 168 hours"
version = "1"
inherits = "HOUSE"
drop = ["house.sms_day", "house.sms_week", "house.email_day", "house.email_week", "house.demand_day"]

[[rules]]
id = "capped.person"
kind = "frequency"
title = "Three contacts of a person in seven days"
title_zh = "每人七天内最多三次联系"
confidence = "HOUSE"
exempt_with_evidence = ["@uncounted"]
limit = 3
window = { type = "rolling_hours", hours = 168 }
scope = "person"
counts = "contacts"
media = ["SMS", "EMAIL", "VOICE"]

[[rules]]
id = "capped.account"
kind = "frequency"
title = "Four attempts for a debt in seven days, whoever of its debtors is tried"
title_zh = "每笔债务七天内最多四次"
confidence = "HOUSE"
exempt_with_evidence = ["@uncounted"]
limit = 4
window = { type = "rolling_hours", hours = 168 }
scope = "account"
counts = "attempts"
media = ["SMS", "EMAIL", "VOICE"]
"""

WALLED = """
code = "WALLED"
name = "Open from nine to six, with the caps of the house"
version = "1"
inherits = "HOUSE"

[[rules]]
id = "walled.hours"
kind = "quiet_hours"
title = "Between 09:00 and 18:00"
title_zh = "9时至18时"
confidence = "HOUSE"
windows = [{ start = "09:00", end = "18:00" }]
"""

OPENS, CLOSES = time(9), time(18)

UNCOUNTED = frozenset({"CUSTOMER_REPLY", "SECURITY_CODE", "OPT_OUT_CONFIRMATION", "LEGAL_NOTICE"})
"""Not counted where there is evidence."""

_MADE = frozenset({"RESERVED", "PENDING", "ACCEPTED", "DELIVERED", "CONVERSATION"})
_TRIED = _MADE | {"ATTEMPTED", "CONNECTED"}
_ANY = frozenset({"SMS", "EMAIL", "VOICE"})


@dataclass(frozen=True)
class Cap:
    """So many in so many hours, or local days."""

    jurisdiction: str
    limit: int
    media: frozenset[str]
    reaches: frozenset[str] = _MADE
    hours: int | None = None
    days: int | None = None
    of_account: bool = False
    free: frozenset[str] = frozenset()  #: purposes that it neither stops nor counts


_RECEIPTS = frozenset({"PAYMENT_RECEIPT"})

CAPS = (
    Cap("CAPPED", 3, _ANY, hours=168),
    Cap("CAPPED", 4, _ANY, _TRIED, hours=168, of_account=True),
    Cap("WALLED", 1, frozenset({"SMS"}), days=1, free=_RECEIPTS),
    Cap("WALLED", 3, frozenset({"SMS"}), days=7, free=_RECEIPTS),
    Cap("WALLED", 1, frozenset({"EMAIL"}), days=1, free=_RECEIPTS),
    Cap("WALLED", 4, frozenset({"EMAIL"}), days=7, free=_RECEIPTS),
)
