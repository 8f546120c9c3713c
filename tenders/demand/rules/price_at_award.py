"""Who stays once the price is known, and at what unit price (domain §4b.8)."""
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Generic, TypeVar

from marketplace.platform.money import TEN_THOUSANDTH, round_unit_price

Key = TypeVar("Key", bound=Hashable)
HALF_A_TEN_THOUSANDTH = Decimal("0.00005")


@dataclass(frozen=True)
class PricedNeed(Generic[Key]):
    """A member at award: closed quantity, the highest unit price it accepts (None: any), its own uplift per unit.

    `limit` is the lower of its `maximum_unit_price` and its `price_ceiling`; euros excluding VAT per unit and period.
    """

    key: Key
    quantity: int
    limit: Decimal | None = None
    uplift: Decimal = Decimal(0)


@dataclass(frozen=True)
class PriceDropped:
    """A member that left: it accepted `limit`; its own price was `prices_seen[0]` at first, `prices_seen[-1]` at last."""

    limit: Decimal
    prices_seen: tuple[Decimal, ...]


@dataclass(frozen=True)
class PriceAtAward(Generic[Key]):
    """What is left: `quantity` units, a unit price for each member (four decimals), and who left at which price."""

    quantity: int
    unit_prices: dict[Key, Decimal]
    dropped: dict[Key, PriceDropped]
    is_met: bool


def price_at_award(
    needs: Sequence[PricedNeed[Key]], average_price: Callable[[int], Decimal], minimum_quantity: int | None = None
) -> PriceAtAward[Key]:
    """Settle prices on the winner's grid; the winner does not change.

    `average_price(Q)` is (price_for(grid, Q) + mobilisation) / Q, unrounded, for Q > 0; it must not rise with Q (grids
    that do are refused at bid). A member's price is that average plus its uplift, four decimals half-up. Start with all
    members; drop every one whose price exceeds its limit; the average is taken again on what is left; repeat. The
    minimum is tested on the rest: missed, there is no award and the lot's policy runs. O(n log n).
    """
    quantity = sum(need.quantity for need in needs)
    bounded = sorted((need for need in needs if need.limit is not None), key=_slack)
    dropped: dict[Key, PriceDropped] = {}
    averages = [average_price(quantity)] if quantity else []
    place = 0
    while quantity and place < len(bounded) and _is_above(averages[-1], bounded[place]):
        average = averages[-1]
        while place < len(bounded) and _is_above(average, bounded[place]):
            need = bounded[place]
            dropped[need.key] = _dropped(need, averages)
            quantity -= need.quantity
            place += 1
        if quantity:
            averages.append(average_price(quantity))
    kept = [need for need in needs if need.key not in dropped]
    unit_prices = {need.key: round_unit_price(averages[-1] + need.uplift) for need in kept} if quantity else {}
    return PriceAtAward(quantity, unit_prices, dropped, quantity >= (minimum_quantity or 0) and quantity > 0)


def _slack(need: PricedNeed[Key]) -> Decimal:
    assert need.limit is not None
    return need.limit.quantize(TEN_THOUSANDTH, ROUND_FLOOR) - need.uplift


def _is_above(average: Decimal, need: PricedNeed[Key]) -> bool:
    """Whether the price, rounded half-up to four decimals, exceeds the limit."""
    return average >= _slack(need) + HALF_A_TEN_THOUSANDTH


def _dropped(need: PricedNeed[Key], averages: Sequence[Decimal]) -> PriceDropped:
    assert need.limit is not None
    seen = averages if len(averages) < 2 else (averages[0], averages[-1])
    return PriceDropped(need.limit, tuple(round_unit_price(average + need.uplift) for average in seen))
