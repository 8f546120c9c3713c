"""A need that grows or shrinks over the years of its lot: what its yearly quantities may be, and what they cost.

The rule of the sum (domain §4b.1: pools count stock units). A need's `quantity` is what is pooled, held against minimum
and maximum, and ordered; the phases only say how it is spread. Where a unit is paid each month or year, it is in use or
not: the largest phase is the quantity. Where a unit is bought once, it is bought in one of the years: the phases add up
to the quantity.
"""
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from marketplace.platform.errors import RuleBroken
from tenders.vehicles.rules import periods

MOST_YEARS: Final = 10
"""Years a need may be spread over; a longer lot takes needs in one quantity."""
MONTHS: Final = 12


def years_of(term_months: int) -> int:
    """Years of a lot that a need may be spread over, the last one begun included; 0 when there is nothing to spread."""
    years = -(-term_months // MONTHS)
    return years if 1 < years <= MOST_YEARS else 0


def pooled_from(phases: Sequence[int], price_period: str) -> int:
    """The quantity that these phases pool: their sum for what is bought once, else the largest of them."""
    return sum(phases) if price_period == "once" else max(phases)


def check_phases(phases: Sequence[int] | None, quantity: int, price_period: str, term_months: int) -> None:
    """One quantity for each year of the lot, and together the quantity that is pooled.

    RuleBroken `phases_not_by_year` with `years` (0: this lot is not spread), `phases_do_not_fit` with `found` (what
    the phases pool) and `quantity`.
    """
    if phases is None:
        return
    years = years_of(term_months)
    if not years:
        raise RuleBroken(
            "phases_not_by_year", "Un besoin sur ce lot ne se répartit pas par année : donnez une seule quantité.", years=0
        )
    if len(phases) != years:
        raise RuleBroken(
            "phases_not_by_year",
            "Ce lot court sur {years} années et vous donnez {given} quantités : donnez-en une par année, ou aucune.",
            years=years,
            given=len(phases),
        )
    found = pooled_from(phases, price_period)
    if found == quantity:
        return
    if price_period == "once":
        raise RuleBroken(
            "phases_do_not_fit",
            "Les quantités par année font {found} en tout, pour un besoin de {quantity} : corrigez l'un ou l'autre.",
            found=found,
            quantity=quantity,
        )
    raise RuleBroken(
        "phases_do_not_fit",
        "La plus grande des quantités par année est {found}, pour un besoin de {quantity} : corrigez l'un ou l'autre.",
        found=found,
        quantity=quantity,
    )


def units_paid(phases: Sequence[int], price_period: str, term_months: int) -> int:
    """Units × periods that fall due when the need is spread so: what a unit price multiplies."""
    if price_period == "once":
        return sum(phases)
    paid = 0
    for year, quantity in enumerate(phases):
        months = min(MONTHS, term_months - year * MONTHS)
        paid += quantity * periods(months, price_period)
    return paid


def amount_over_phases(phases: Sequence[int], unit_price: Decimal, price_period: str, term_months: int) -> Decimal:
    """Euros excluding VAT over the term, not rounded."""
    return units_paid(phases, price_period, term_months) * unit_price
