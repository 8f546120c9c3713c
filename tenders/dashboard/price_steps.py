"""What a larger pool would change in the price: the published grid read at the volumes that matter to a lot."""
from dataclasses import dataclass
from decimal import Decimal

from catalog.offers.rules import PriceGrid, unit_price_for
from marketplace.platform.errors import N_, Sentence

MOST_STEPS = 5


@dataclass(frozen=True)
class PriceStep:
    """A pooled volume and its unit price, euros excluding VAT per unit and period."""

    quantity: int
    unit_price: Decimal
    words: Sentence
    is_minimum: bool = False


def price_steps(
    grid: PriceGrid, *, pooled: int, minimum: int | None, ceiling: int | None, periods: int, is_ordered: bool = False
) -> list[PriceStep]:
    """Prices today, at the lot's minimum, and where a further bracket begins; ascending, at most five.

    `ceiling`: the largest volume that can be ordered (the lot's maximum or the offer's capacity), None without one.
    Once a closing has ordered a volume (`is_ordered`) there is one price: that of this volume.
    """
    if is_ordered:
        return [_step(grid, pooled, periods, "ordered", N_("retenus ({quantity})"))]
    wanted: dict[int, tuple[str, str]] = {}
    if minimum and minimum > pooled:
        wanted[minimum] = ("at_minimum", N_("minimum atteint ({quantity})"))
    if pooled:
        wanted[pooled] = ("today", N_("aujourd'hui ({quantity})"))
    further = [bracket.from_quantity for bracket in grid.brackets if bracket.from_quantity > max(pooled, minimum or 0)]
    for quantity in further:
        wanted.setdefault(quantity, ("bracket", N_("{quantity}")))
    steps = []
    for quantity in sorted(wanted):
        if ceiling is not None and quantity > ceiling:
            break
        steps.append(_step(grid, quantity, periods, *wanted[quantity]))
    return steps[:MOST_STEPS]


def _step(grid: PriceGrid, quantity: int, periods: int, code: str, template: str) -> PriceStep:
    price = unit_price_for(grid, quantity, periods=periods)
    return PriceStep(quantity, price, Sentence(code, template, {"quantity": quantity}), code == "at_minimum")
