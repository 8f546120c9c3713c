"""Which ratio speaks for a site, and the quantity it proposes."""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final

ANY: Final = "any"
"""A ratio for every profile that has none of its own."""
BASES: Final = (
    "endpoints", "servers", "users_count", "sites_count", "domains_count", "backup_tb", "vms_count",
)  # fmt: skip
"""What of the IT estate a ratio counts."""


@dataclass(frozen=True)
class Ratio:
    """Units of a category for each `basis` unit of the estate, for a profile (`any`: whatever it is)."""

    size_band: str
    activity_level: str
    basis: str
    ratio: Decimal


@dataclass(frozen=True)
class Estimate:
    """A proposal in the lot's unit, and what it comes from: `amount` of `basis` times `ratio`, rounded up."""

    quantity: int
    basis: str
    amount: int
    ratio: Decimal


def estimate(
    ratios: Iterable[Ratio], estate: Mapping[str, int | None], size_band: str | None, activity_level: str | None
) -> Estimate | None:
    """The proposal of the nearest ratio: both fields of the profile, then its size, then its activity, then any.

    None without a ratio, or when the site has not declared what the nearest one counts (0 is no proposal either).
    """
    known = {(each.size_band, each.activity_level): each for each in ratios}
    size, activity = size_band or ANY, activity_level or ANY
    for profile in ((size, activity), (size, ANY), (ANY, activity), (ANY, ANY)):
        if (nearest := known.get(profile)) is not None:
            amount = estate.get(nearest.basis)
            if not amount:
                return None
            quantity = int((amount * nearest.ratio).to_integral_value(ROUND_CEILING))
            return Estimate(quantity, nearest.basis, amount, nearest.ratio)
    return None
