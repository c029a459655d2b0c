"""Amounts of money in one form, whichever way they came: with as many digits as the currency has minor units."""

from decimal import Decimal

from babel.numbers import get_currency_precision


def exact(amount: Decimal, currency: str) -> Decimal:
    """0 CNY is 0.00, and 100.00 JPY is 100. No digit is lost that says something."""
    written = amount.quantize(Decimal(1).scaleb(-get_currency_precision(currency)))
    return written if written == amount else amount
