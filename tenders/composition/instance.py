"""What is to be composed: needs, providers and offers as frozen values, money in whole coins."""
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Bracket:
    """A price bracket: from `first` to `last` units of pooled volume, both included; coins per unit."""

    first: int
    last: int
    unit_price: int


@dataclass(frozen=True, slots=True)
class Establishment:
    """Who needs: its region, and the certificates it requires of a provider."""

    id: str
    region: str
    requires: frozenset[str]


@dataclass(frozen=True, slots=True)
class Need:
    """A quantity of one category; `alone_price` is what a unit costs the establishment alone, in coins."""

    establishment: int
    category: int
    quantity: int
    alone_price: int


@dataclass(frozen=True, slots=True)
class Provider:
    """Who offers: where, certified for what, and how much work all its contracts may bring together."""

    id: str
    regions: frozenset[str]
    certificates: frozenset[str]
    workload_capacity: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What a provider asks in one category: mobilisation once per contract, a price per bracket, uplifts per region.

    All-units pricing: the bracket reached prices every unit. Minimum: start of the first bracket; capacity: end of
    the last. `uplift` is in coins per unit; a region that is not named has none.
    """

    id: str
    provider: int
    category: int
    mobilisation: int
    workload_per_unit: int
    brackets: tuple[Bracket, ...]
    uplift: Mapping[str, int]

    def bracket_at(self, volume: int) -> Bracket | None:
        """The bracket this pooled volume reaches; None below the minimum or above the capacity."""
        return next((one for one in self.brackets if one.first <= volume <= one.last), None)


@dataclass(frozen=True, slots=True)
class Instance:
    """One composition to be made. References between rows are positions; `coins` is how many coins a euro has."""

    coins: int
    categories: tuple[str, ...]
    establishments: tuple[Establishment, ...]
    needs: tuple[Need, ...]
    providers: tuple[Provider, ...]
    offers: tuple[Offer, ...]

    def euros(self, coins: int) -> Decimal:
        """Coins as exact euros, two decimals at least."""
        places = max(2, len(str(self.coins)) - 1)
        return (Decimal(coins) / self.coins).quantize(Decimal(1).scaleb(-places))

    @property
    def alone_cost(self) -> int:
        """What all needs cost when everybody buys alone, in coins."""
        return sum(need.quantity * need.alone_price for need in self.needs)


@dataclass(frozen=True, slots=True)
class Limits:
    """Conditions beside the offers: members per contract, and establishments (by position) kept together.

    A group kept together takes one decision per category: all its needs go to the same offer, or all stay outside.
    """

    least_members: int = 1
    most_members: int | None = None
    together: tuple[frozenset[int], ...] = ()


NO_LIMITS = Limits()
