"""The demo's three vehicles with ten lots, and how many units each lot is to gather for which minimum."""
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from marketplace.categories.models import ServiceCategory
from marketplace.platform import clock
from marketplace.platform.permissions import Actor
from tenders.vehicles import services as vehicles

TERM_MONTHS = 24


@dataclass(frozen=True)
class LotPlan:
    """A lot to open: `fill` is the share of its minimum that firm and conditional needs are to reach.

    `participants` sites take part; `closes_in_days` counts from today (negative: decided already).
    """

    code: str
    category: str
    kind: str
    price: str
    minimum: int
    maximum: int | None
    fill: float
    participants: int
    closes_in_days: int
    requirements: dict[str, Any]
    policy: tuple[str, ...] = ("extend", "release")
    multiple: int = 1


@dataclass(frozen=True)
class VehiclePlan:
    """A vehicle of one of the two centres with its lots."""

    name: str
    centre: int
    technique: str
    regime: str
    lots: tuple[LotPlan, ...]


ISO = {"certificates": ["iso27001"]}
HDS = {"certificates": ["iso27001", "hds"], "hds_activities": [3, 4, 5, 6]}

PLANS = (
    VehiclePlan("Sécurité opérationnelle 2027 (démonstration)", 0, "framework_call_offs", "private", (
        LotPlan("1", "soc", "support", "2.40", 5000, 8000, 0.87, 34, 9, ISO),
        LotPlan("2", "mfa", "service", "3.20", 3000, None, 0.97, 22, 12, ISO),
        LotPlan("3", "edr", "service", "4.60", 4000, 5500, 1.12, 30, 27, ISO, multiple=50),
        LotPlan("4", "awareness", "service", "14", 2500, None, 0.46, 14, 41, {}, ("release",)),
        LotPlan("5", "remote_access", "service", "5.90", 400, 480, 1.05, 12, 48, ISO),
    )),
    VehiclePlan("Hébergement et continuité (démonstration)", 0, "framework_mini_competitions", "voluntary", (
        LotPlan("A", "hds_hosting", "service", "145", 90, 400, 1.35, 16, 14, HDS),
        LotPlan("B", "backup", "service", "68", 160, 500, 0.92, 15, 33, HDS | {"delivery_modes": ["remote"]}),
        LotPlan("C", "crisis_exercise", "service", "5400", 15, None, 0.6, 9, 60, {"delivery_modes": ["on_site"]}, ("release",)),
    )),
    VehiclePlan("Support et maintenance mutualisés (démonstration)", 1, "listing", "private", (
        LotPlan("S1", "support_maintenance", "support", "3.10", 2400, 4000, 1.2, 20, -6, ISO),
        LotPlan("S2", "exposure_audit", "service", "3900", 24, None, 0.55, 12, -3, {"certificates": ["passi"]}, ("release",)),
    )),
)  # fmt: skip


def open_vehicle(actor: Actor, plan: VehiclePlan, categories: dict[str, ServiceCategory]) -> list[UUID]:
    """Create the vehicle, add its lots and open it, by the same use cases as on screen; the lots' ids, in order."""
    start = clock.today() + timedelta(days=75)
    vehicle = vehicles.create_vehicle(
        actor, name=plan.name, technique=plan.technique, regime=plan.regime, starts_on=start,
        ends_on=start + timedelta(days=TERM_MONTHS * 30), duration_reason=None,
    )  # fmt: skip
    lots = [vehicles.add_lot(actor, vehicle.id, **_body(lot, categories[lot.category])).id for lot in plan.lots]
    vehicles.open_vehicle(actor, vehicle.id)
    return lots


def _body(lot: LotPlan, category: ServiceCategory) -> dict[str, Any]:
    return {
        "code": lot.code, "category": lot.category, "kind": lot.kind, "unit": category.unit,
        "price_period": category.price_period, "term_months": TERM_MONTHS, "order_multiple": lot.multiple,
        "reference_unit_price": Decimal(lot.price),
        "minimum": {"kind": "contractual", "basis": "quantity", "scope": "lot", "value": Decimal(lot.minimum)},
        "maximum": None if lot.maximum is None else {"basis": "quantity", "value": Decimal(lot.maximum)},
        "requirements": {"certificates": [], "hds_activities": [], "regions": [], "delivery_modes": []} | lot.requirements,
        "needs_close_at": closing_moment(lot), "minimum_policy": list(lot.policy), "takes_firm_needs": True,
        "extension_days": 15,
    }  # fmt: skip


OPENED_DAYS_AGO = 45


def closing_moment(lot: LotPlan) -> Any:
    """Noon in Paris of the lot's closing day, as UTC; asked while the clock stands `OPENED_DAYS_AGO` before today."""
    day = clock.paris(clock.now()) + timedelta(days=OPENED_DAYS_AGO + lot.closes_in_days)
    return day.replace(hour=12, minute=0, second=0, microsecond=0).astimezone(clock.now().tzinfo)
