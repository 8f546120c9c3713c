"""What a price grid may be, what a quantity costs on it, and what may become of an offer."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise
from typing import Final

from marketplace.platform.errors import RuleBroken
from marketplace.platform.money import round_cents, round_unit_price

PRICINGS: Final = ("all_units", "incremental")
VISIBILITIES: Final = ("buyers", "public")
SERVICE_HOURS: Final = ("business", "extended", "always")
"""When somebody answers: working hours, evenings and Saturdays too, day and night."""
MOST_BRACKETS: Final = 20
ALTERNATIVE_UNITS: Final[Mapping[str, tuple[str, ...]]] = {"support_maintenance": ("site",)}
"""Units an offer may count in beside its category's own (domain §4: support per endpoint and month, or site and year)."""


@dataclass(frozen=True)
class Bracket:
    """A tranche de prix: from and to in units, both included; `to_quantity` None has no end."""

    from_quantity: int
    to_quantity: int | None
    unit_price: Decimal


@dataclass(frozen=True)
class PriceGrid:
    """Unit prices in euros excluding VAT, per price period, by quantity.

    `all_units`: the bracket reached prices every unit; `incremental`: each bracket prices its own units.
    `mobilisation_amount` is paid once, whatever the quantity. `regional_uplifts` are euros per unit and period
    added in a region (INSEE code); a region that is not named has none.
    """

    pricing: str
    brackets: tuple[Bracket, ...]
    mobilisation_amount: Decimal = Decimal(0)
    regional_uplifts: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class PriceDrop:
    """Ordering `at_quantity` costs `amount`, less than `dearer_quantity` units would (`dearer_amount`)."""

    at_quantity: int
    amount: Decimal
    dearer_quantity: int
    dearer_amount: Decimal


def periods(term_months: int, price_period: str) -> int:
    """How many times the unit price falls due over the term, rounded up (domain §4b.1)."""
    return {"once": 1, "month": term_months, "year": -(-term_months // 12)}[price_period]


def amount_over_term(grid: PriceGrid, quantity: int, region: str | None = None, *, periods: int) -> Decimal:
    """Euros excluding VAT of this many units over so many price periods, mobilisation and uplift included, to the cent.

    From the grid itself and not from the rounded unit price (§4b.1).
    """
    uplift = grid.regional_uplifts.get(region, Decimal(0)) if region is not None else Decimal(0)
    of_a_period = price_for(grid, quantity) + uplift * quantity
    return round_cents(of_a_period * periods + grid.mobilisation_amount)


def price_for(grid: PriceGrid, quantity: int) -> Decimal:
    """Euros excluding VAT of this many units for one price period, without mobilisation or uplift; 0 costs 0.

    ValueError for a negative quantity or one the grid does not reach (a checked grid reaches every quantity).
    """
    if quantity < 0:
        raise ValueError("a quantity is never negative")
    if quantity == 0:
        return Decimal(0)
    if grid.pricing == "incremental":
        return _incremental(grid.brackets, quantity)
    return quantity * _reached(grid.brackets, quantity).unit_price


def unit_price_for(grid: PriceGrid, quantity: int, region: str | None = None, *, periods: int = 1) -> Decimal:
    """Euros excluding VAT per unit and period when this many are bought together: four decimals, half-up (§4b.8).

    price_for/Q + mobilisation/Q + the region's uplift. Mobilisation is paid once: over a contract of several
    `periods` it is spread on them, so that quantity × unit price × periods counts it once.
    """
    uplift = grid.regional_uplifts.get(region, Decimal(0)) if region is not None else Decimal(0)
    return unit_price_with_uplift(grid, quantity, uplift, periods=periods)


def unit_price_with_uplift(grid: PriceGrid, quantity: int, uplift: Decimal, *, periods: int = 1) -> Decimal:
    """The same with an uplift already known, for example the mean over members in several regions."""
    return round_unit_price(average_price(grid, quantity, periods=periods) + uplift)


def average_price(grid: PriceGrid, quantity: int, *, periods: int = 1) -> Decimal:
    """Euros per unit and period, mobilisation included, before any uplift and before rounding (for price at award)."""
    if quantity < 1 or periods < 1:
        raise ValueError("a unit price needs at least one unit and one period")
    return (price_for(grid, quantity) + grid.mobilisation_amount / periods) / quantity


def price_drops(grid: PriceGrid) -> list[PriceDrop]:
    """Where ordering more costs less in total, as happens at the thresholds of an all-units grid; ascending.

    Each drop names the smallest quantity just below the threshold that costs more than the threshold itself.
    """
    drops = []
    for before, after in pairwise(grid.brackets):
        amount = price_for(grid, after.from_quantity)
        last = after.from_quantity - 1
        if grid.pricing == "incremental" or price_for(grid, last) <= amount:
            continue
        cheapest_dearer = int((amount / before.unit_price).to_integral_value(ROUND_FLOOR)) + 1
        dearer = max(before.from_quantity, cheapest_dearer)
        drops.append(PriceDrop(after.from_quantity, amount, dearer, price_for(grid, dearer)))
    return drops


def brackets_from(steps: Sequence[tuple[int, Decimal]]) -> tuple[Bracket, ...]:
    """Brackets from their thresholds (from quantity, unit price), ascending: each ends where the next begins."""
    ends = [start - 1 for start, _ in steps[1:]]
    return tuple(
        Bracket(start, end, price) for (start, price), end in zip(steps, [*ends, None], strict=False)
    )


def check_grid(grid: PriceGrid) -> None:
    """Refuse a grid that leaves a quantity without a price, or with two, or with a negative one.

    Brackets start at 1, follow one another without gap or overlap, ascending, and the last has no end (capacity says
    how far the provider can go). RuleBroken: `grid_*`; `row` counts brackets from 1.
    """
    if grid.pricing not in PRICINGS:
        raise RuleBroken("grid_pricing_unknown", "Mode de prix inconnu : choisissez toutes unités ou par tranche.")
    if not grid.brackets:
        raise RuleBroken("grid_empty", "La grille n'a aucune tranche : donnez au moins un prix à partir de 1.")
    if len(grid.brackets) > MOST_BRACKETS:
        raise RuleBroken("grid_too_long", "Une grille a {most} tranches au plus.", most=MOST_BRACKETS)
    for row, bracket in enumerate(grid.brackets, 1):
        _check_bracket(row, bracket)
    for row, (before, after) in enumerate(pairwise(grid.brackets), 2):
        _check_ascends(row, before, after)
    if grid.brackets[0].from_quantity != 1:
        raise RuleBroken(
            "grid_starts_late", "La première tranche doit commencer à 1 : les quantités plus petites n'ont pas de prix."
        )
    for row, (before, after) in enumerate(pairwise(grid.brackets), 2):
        _check_follows(row, before, after)
    if grid.brackets[-1].to_quantity is not None:
        raise RuleBroken(
            "grid_ends",
            "La dernière tranche s'arrête à {to_quantity} : laissez-la ouverte, la capacité dit jusqu'où vous allez.",
            to_quantity=grid.brackets[-1].to_quantity,
        )
    if grid.mobilisation_amount < 0 or any(uplift < 0 for uplift in grid.regional_uplifts.values()):
        raise RuleBroken("grid_negative_amount", "Les frais et majorations ne peuvent pas être négatifs.")


def check_publishable(
    grid: PriceGrid, *, minimum_quantity: int, capacity: int | None, delivery_modes: Sequence[str]
) -> None:
    """Refuse to publish an offer that could never be matched."""
    check_grid(grid)
    check_volumes(minimum_quantity, capacity)
    if not delivery_modes:
        raise RuleBroken("offer_without_delivery_mode", "Dites si vous intervenez sur site, à distance, ou les deux.")


def check_volumes(minimum_quantity: int, capacity: int | None) -> None:
    """Refuse a minimum that the provider could not deliver itself."""
    if capacity is not None and capacity < minimum_quantity:
        raise RuleBroken(
            "offer_minimum_above_capacity",
            "Votre minimum ({minimum}) dépasse votre capacité ({capacity}) : corrigez l'un des deux.",
            field="capacity", minimum=minimum_quantity, capacity=capacity,
        )  # fmt: skip


def check_service(response_hours: int | None, restoration_hours: int | None) -> None:
    """Refuse to restore before somebody answered. Hours of service."""
    if response_hours is not None and restoration_hours is not None and restoration_hours < response_hours:
        raise RuleBroken(
            "offer_restored_before_answered",
            "Le rétablissement ({restoration} h) ne peut pas venir avant la prise en charge ({response} h).",
            field="restoration_hours", restoration=restoration_hours, response=response_hours,
        )  # fmt: skip


def check_unit(category: str, category_unit: str, unit: str) -> None:
    """Refuse an offer counted in something its category does not count."""
    allowed = (category_unit, *ALTERNATIVE_UNITS.get(category, ()))
    if unit not in allowed:
        raise RuleBroken(
            "offer_unit_not_of_category",
            "Cette catégorie ne se compte pas dans cette unité. Unités possibles : {units}.",
            field="unit", units=", ".join(allowed),
        )  # fmt: skip


def may_see_prices(*, visibility: str, is_own: bool, kinds: frozenset[str]) -> bool:
    """Whether a reader sitting in organisations of these kinds sees an offer's prices (ux.md, who sees what).

    Its provider always; another provider never; a buyer (care operator, purchasing centre) always; others only when
    the provider made its prices public.
    """
    if is_own:
        return True
    if "provider" in kinds:
        return False
    return visibility == "public" or bool(kinds & {"care_operator", "purchasing_centre"})


def bracket_for(grid: PriceGrid, quantity: int) -> Bracket:
    """The bracket that this many units reach; ValueError when the grid does not reach them."""
    return _reached(grid.brackets, quantity)


def _reached(brackets: Sequence[Bracket], quantity: int) -> Bracket:
    for bracket in brackets:
        if bracket.from_quantity <= quantity and (bracket.to_quantity is None or quantity <= bracket.to_quantity):
            return bracket
    raise ValueError(f"no bracket reaches {quantity}")


def _incremental(brackets: Sequence[Bracket], quantity: int) -> Decimal:
    _reached(brackets, quantity)
    total = Decimal(0)
    for bracket in brackets:
        last = quantity if bracket.to_quantity is None else min(quantity, bracket.to_quantity)
        total += max(0, last - bracket.from_quantity + 1) * bracket.unit_price
    return total


def _check_bracket(row: int, bracket: Bracket) -> None:
    if bracket.from_quantity < 1:
        raise RuleBroken("grid_bracket_from_zero", "Ligne {row} : une tranche commence à 1 au moins.", row=row)
    if bracket.unit_price < 0:
        raise RuleBroken("grid_negative_price", "Ligne {row} : un prix ne peut pas être négatif.", row=row)


def _check_ascends(row: int, before: Bracket, after: Bracket) -> None:
    if after.from_quantity <= before.from_quantity:
        raise RuleBroken(
            "grid_not_ascending",
            "Ligne {row} : les tranches vont en croissant ; {from_quantity} ne vient pas après {before}.",
            row=row, from_quantity=after.from_quantity, before=before.from_quantity,
        )  # fmt: skip


def _check_follows(row: int, before: Bracket, after: Bracket) -> None:
    if before.to_quantity is not None and before.to_quantity < before.from_quantity:
        raise RuleBroken(
            "grid_bracket_backwards",
            "Ligne {row} : la tranche finit à {to_quantity}, avant de commencer à {from_quantity}.",
            row=row - 1, to_quantity=before.to_quantity, from_quantity=before.from_quantity,
        )  # fmt: skip
    if before.to_quantity is None or after.from_quantity <= before.to_quantity:
        raise RuleBroken(
            "grid_overlap",
            "Ligne {row} : la quantité {from_quantity} est déjà tarifée par la tranche précédente. "
            "Faites finir celle-ci juste avant.",
            row=row, from_quantity=after.from_quantity,
        )  # fmt: skip
    if after.from_quantity > before.to_quantity + 1:
        raise RuleBroken(
            "grid_gap",
            "Ligne {row} : aucun prix entre {first} et {last}. Faites commencer la tranche à {first}.",
            row=row, first=before.to_quantity + 1, last=after.from_quantity - 1,
        )  # fmt: skip
