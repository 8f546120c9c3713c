"""The regime switches of a vehicle: what each purchasing regime proposes, and what it leaves to the centre.

Defaults, not law: they are copied onto the vehicle when it is created and edited there while it is a draft.
"""
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal
from typing import Any

from marketplace.platform.errors import RuleBroken


@dataclass(frozen=True)
class Switches:
    """What the regime asks of a vehicle (domain §4). Durations in months, standstill in calendar days.

    Euros excluding VAT, None: nothing: `late_joining_fee` is asked once of who joins after the closing, `membership_fee`
    every year of who adheres by the convention.
    """

    maximum_required: bool
    maximum_duration_months: int | None
    standstill_days: int
    standstill_days_on_paper: int
    publishes_results: bool
    allows_late_joining: bool
    allows_price_only_award: bool
    allows_individual_needs: bool = True
    late_joining_fee: Decimal | None = None
    requires_convention: bool = False
    membership_fee: Decimal | None = None

    def as_columns(self) -> dict[str, Any]:
        """The switches by column name of `vehicles`."""
        return asdict(self)


SWITCH_NAMES = tuple(switch.name for switch in fields(Switches))

_ALL_OFF = Switches(
    maximum_required=False,
    maximum_duration_months=None,
    standstill_days=0,
    standstill_days_on_paper=0,
    publishes_results=False,
    allows_late_joining=True,
    allows_price_only_award=True,
)

DEFAULT_SWITCHES: Mapping[str, Switches] = {
    # Code de la commande publique: maximum since 2022-01-01, four years, standstill 11 days after an electronic
    # notice and 16 otherwise, publication of essential data (domain §4, read in a source).
    "public_code": Switches(
        maximum_required=True,
        maximum_duration_months=48,
        standstill_days=11,
        standstill_days_on_paper=16,
        publishes_results=True,
        allows_late_joining=False,
        allows_price_only_award=False,
    ),
    "voluntary": _ALL_OFF,
    "private": _ALL_OFF,
}


def switches_for(regime: str, wanted: Mapping[str, Any]) -> Switches:
    """The regime's defaults with the centre's own choices over them.

    Raises RuleBroken `switch_fixed_by_regime` when a choice would undo what the regime makes mandatory: under the
    public code the maximum, and the duration beyond which a written reason is due.
    """
    defaults = DEFAULT_SWITCHES[regime]
    chosen = replace(defaults, **{name: value for name, value in wanted.items() if name in SWITCH_NAMES})
    if defaults.maximum_required and not chosen.maximum_required:
        raise _fixed("maximum_required")
    if defaults.maximum_duration_months is not None and (
        chosen.maximum_duration_months is None or chosen.maximum_duration_months > defaults.maximum_duration_months
    ):
        raise _fixed("maximum_duration_months")
    return chosen


def _fixed(switch: str) -> RuleBroken:
    return RuleBroken(
        "switch_fixed_by_regime",
        "Le code de la commande publique impose ce réglage : il ne peut pas être assoupli. "
        "Gardez la valeur proposée ou choisissez un autre régime.",
        field=switch,
    )
