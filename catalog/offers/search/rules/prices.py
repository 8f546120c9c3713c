"""A price grid as straight lines, so that SQL prices a quantity as `price_for` does, whatever the kind of pricing."""
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from catalog.offers.rules import PriceGrid, price_for


@dataclass(frozen=True)
class PriceLine:
    """From this quantity on, q units cost `base_amount + q × unit_amount` euros excluding VAT for one period."""

    from_quantity: int
    base_amount: Decimal
    unit_amount: Decimal


def price_lines(grid: PriceGrid) -> list[PriceLine]:
    """One line for each bracket, ascending; no base in an all-units grid."""
    lines = []
    for bracket in grid.brackets:
        first = bracket.from_quantity
        base = price_for(grid, first) - first * bracket.unit_price if grid.pricing == "incremental" else Decimal(0)
        lines.append(PriceLine(first, base, bracket.unit_price))
    return lines


def lowest(amounts: Sequence[Decimal | None]) -> Decimal | None:
    """The smallest amount that is known; None when fewer than two are: nothing is best alone."""
    known = [amount for amount in amounts if amount is not None]
    return min(known) if len(known) > 1 else None
