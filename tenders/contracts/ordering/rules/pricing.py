"""What a call-off costs: the member's frozen unit price, indexed, over the periods left.

The bracket was reached together and frozen when the contract was concluded (domain §4b.8): a small order has the price
of the whole pool, mobilisation and the member's own uplift included, and no later order changes it.
"""
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from marketplace.platform.money import DEFAULT_VAT_RATE, incl_vat, round_cents, round_unit_price
from tenders.contracts.rules.term import begun_months

MONTHS_IN: Final = {"month": 1, "year": 12}
"""How many months each price period lasts; a price paid once has none."""


@dataclass(frozen=True)
class Price:
    """A priced order. `unit_price` per unit and period, four decimals; `amount` and `amount_incl_vat` in cents."""

    unit_price: Decimal
    periods: int
    amount: Decimal
    vat_rate: Decimal
    amount_incl_vat: Decimal


def indexed(unit_price: Decimal, factor: Decimal = Decimal(1)) -> Decimal:
    """A member's frozen price per unit and period times the contract's index factor of the day; four decimals half-up."""
    return round_unit_price(unit_price * factor)


def periods_left(starts_on: date, ends_on: date, price_period: str, charged_months: int) -> int:
    """How many times the price falls due from a day to the contract's last day, begun periods counted whole.

    At most those of the lot's term and its extensions; 1 for a price paid once. Days are Paris days, both included.
    """
    if price_period not in MONTHS_IN:
        return 1
    return -(-min(begun_months(starts_on, ends_on), charged_months) // MONTHS_IN[price_period])


def price(quantity: int, unit_price: Decimal, periods: int, vat_rate: Decimal = DEFAULT_VAT_RATE) -> Price:
    """An order at a unit price: quantity × unit price × periods, rounded once; VAT on the rounded amount."""
    amount = round_cents(quantity * unit_price * periods)
    return Price(unit_price, periods, amount, vat_rate, incl_vat(amount, vat_rate))
