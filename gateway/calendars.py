"""Which day it is for a customer: by their first zone, else by their jurisdiction's, else in UTC."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from gateway.core import Gateway
from gateway.model import Bill, Customer
from policies.zones import day_start


def zone_of(gateway: Gateway, customer: Customer) -> ZoneInfo:
    return ZoneInfo(next(iter(customer.time_zones), None) or _home(gateway, customer))


def day_of(gateway: Gateway, customer: Customer, now: datetime) -> date:
    return now.astimezone(zone_of(gateway, customer)).date()


def days_overdue(gateway: Gateway, customer: Customer, bill: Bill, now: datetime) -> int:
    """Whole days since the due date; 0 until it has passed."""
    return max(0, (day_of(gateway, customer, now) - bill.due_on).days)


def day_over(gateway: Gateway, customer: Customer, day: date) -> datetime:
    """When a day is over by every clock of the customer, in UTC: until then it may be theirs."""
    zones = customer.time_zones or (_home(gateway, customer),)
    return max(day_start(ZoneInfo(name), day.toordinal() + 1) for name in zones)


def _home(gateway: Gateway, customer: Customer) -> str:
    return gateway.rulebooks[customer.jurisdiction].time_zone or "UTC"
