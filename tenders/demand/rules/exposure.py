"""What a need binds to: euros over the whole term, shown before anybody signs (domain §4b.1, §4b.4)."""
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from marketplace.platform.money import incl_vat, round_cents
from tenders.demand.rules.phases import amount_over_phases
from tenders.vehicles.rules import periods


@dataclass(frozen=True)
class Exposure:
    """Amounts over `months` in euros; `at_most_…` when the whole tolerance is ordered too. None without a price."""

    months: int
    excl_vat: Decimal | None
    incl_vat: Decimal | None
    at_most_excl_vat: Decimal | None
    at_most_incl_vat: Decimal | None


def amount_over_term(quantity: int, unit_price: Decimal, price_period: str, term_months: int) -> Decimal:
    """Euros excluding VAT: quantity × price × number of periods, rounded up (domain §4b.1)."""
    return round_cents(quantity * unit_price * periods(term_months, price_period))


def exposure(
    quantity: int, unit_price: Decimal | None, price_period: str, term_months: int, tolerance: int = 0,
    phases: Sequence[int] | None = None,
) -> Exposure:  # fmt: skip
    """The amount excluding and including VAT over the term of the lot at this unit price.

    A need spread over the years costs its phases; its tolerance is counted over the whole term, the most it can be.
    """
    if unit_price is None:
        return Exposure(term_months, None, None, None, None)
    asked = amount_over_term(quantity, unit_price, price_period, term_months)
    if phases is not None:
        asked = round_cents(amount_over_phases(phases, unit_price, price_period, term_months))
    at_most = asked + amount_over_term(tolerance, unit_price, price_period, term_months)
    return Exposure(term_months, asked, incl_vat(asked), at_most, incl_vat(at_most))
