"""What readers see of a pool: frozen values, already cut to what this reader may see."""
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True)
class MinimumView:
    """The minimum as published (`value` in units or in euros excluding VAT, by `basis`) and frozen in units."""

    kind: str
    basis: str | None
    scope: str
    value: int | Decimal | None
    quantity: int | None


@dataclass(frozen=True)
class GrappeRow:
    """What one grappe brings. `grappe_id` None: the smaller grappes of a lot, put together so that none can be told.

    `own`: one of the reader's establishments is in it. `missing` and `is_met` are of the grappe's own minimum when the
    lot has one per grappe, else 0 and None.
    """

    grappe_id: UUID | None
    name: str | None
    firm: int
    conditional: int
    indicative: int
    members: int
    awaiting_signature: int = 0
    waitlisted: int = 0
    tolerance: int = 0
    own: bool = False
    missing: int = 0
    is_met: bool | None = None


@dataclass(frozen=True)
class PoolView:
    """A lot's pool, in the lot's unit; money in euros excluding VAT.

    `missing`: fewest units still to be engaged firmly so that the minimum would be ordered (packs counted; summed over
    the grappes when the minimum is per grappe), 0 without a minimum. `covered_by_tolerance`: how many of them the
    members' tolerances would give. `is_met`: closing now would order the minimum (domain §4b.6); `conditions_open`: it
    would turn away conditional needs, which ask for a larger pool than there is.
    `tells_whole_gap`: False when the minimum is per grappe and some grappes are masked; `missing` and
    `covered_by_tolerance` then add up only the grappes that are shown by name. `is_met` is always of the whole.
    `grappes` is empty for a provider; `masked_grappes` tells how many were put together or left out because fewer than
    three organisations stand behind them (domain §4b.15). `sees_everything`: the reader is the vehicle's centre.
    """

    lot_id: UUID
    vehicle_id: UUID
    title: str
    unit: str
    price_period: str
    term_months: int
    reference_unit_price: Decimal | None
    order_multiple: int
    needs_close_at: datetime
    round: int
    status: str
    firm: int
    conditional: int
    awaiting_signature: int
    waitlisted: int
    indicative: int
    tolerance: int
    members: int
    minimum: MinimumView
    maximum: int | None
    missing: int
    covered_by_tolerance: int
    is_met: bool
    conditions_open: bool
    grappes: tuple[GrappeRow, ...]
    masked_grappes: int
    sees_everything: bool
    tells_whole_gap: bool = True

    @property
    def counted(self) -> int:
        """Firm and conditional needs: what counts towards minimum and maximum."""
        return self.firm + self.conditional

    @property
    def available(self) -> int | None:
        """Units that still fit under the maximum; None when there is none."""
        return None if self.maximum is None else self.maximum - self.counted
