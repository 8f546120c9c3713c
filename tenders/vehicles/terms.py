"""From rows and request bodies to the frozen values that the rules look at."""
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from catalog.certifications.queries import list_schemes
from catalog.providers.words import DELIVERY_MODES
from marketplace.establishments.territory import COLLECTIVITIES, REGIONS
from marketplace.platform import clock
from tenders.vehicles import queries, words
from tenders.vehicles.models import Lot, Vehicle
from tenders.vehicles.rules import Bound, LotTerms, VehicleTerms, Vocabulary


def vehicle_terms(vehicle: Vehicle) -> VehicleTerms:
    """The vehicle as the rules see it."""
    return VehicleTerms(
        starts_on=vehicle.starts_on,
        ends_on=vehicle.ends_on,
        maximum_required=vehicle.maximum_required,
        maximum_duration_months=vehicle.maximum_duration_months,
        duration_reason=vehicle.duration_reason,
    )


def lot_terms(lot: Lot) -> LotTerms:
    """The lot as the rules see it."""
    return LotTerms(
        code=lot.code,
        category_code=lot.category_code,
        kind=lot.kind,
        unit=lot.unit,
        price_period=lot.price_period,
        term_months=lot.term_months,
        needs_close_at=clock.paris(lot.needs_close_at),
        order_multiple=lot.order_multiple,
        reference_unit_price=lot.reference_unit_price,
        minimum_kind=lot.minimum_kind,
        minimum_scope=lot.minimum_scope,
        minimum=_bound(lot.minimum_basis, lot.minimum_value),
        maximum=_bound(lot.maximum_basis, lot.maximum_value),
        requirements=lot.requirements,
        minimum_policy=tuple(lot.minimum_policy),
        takes_firm_needs=lot.takes_firm_needs,
    )


def _bound(basis: str | None, value: Decimal | None) -> Bound | None:
    return None if basis is None or value is None else Bound(basis, value)


def lot_columns(body: Mapping[str, Any]) -> dict[str, Any]:
    """A lot as the API and the forms write it (`category`, nested `minimum` and `maximum`), by column name.

    Names left out stay out, so that the same reading serves creation and partial edition.
    """
    columns = {name: value for name, value in body.items() if name not in ("category", "minimum", "maximum")}
    if "category" in body:
        columns["category_code"] = body["category"]
    if "minimum" in body:
        minimum = body["minimum"]
        if minimum["kind"] == "none":  # what a client sends beside "none" (a basis, 0) bounds nothing
            minimum = {**minimum, "basis": None, "value": None}
        columns |= {f"minimum_{name}": minimum[name] for name in ("kind", "basis", "scope", "value")}
    if "maximum" in body:
        maximum = body["maximum"] or {"basis": None, "value": None}
        columns |= {f"maximum_{name}": maximum[name] for name in ("basis", "value")}
    return columns


def vocabulary(session: Session, organisation_id: UUID) -> Vocabulary:
    """The codes a lot of this centre may use, and where it could merge to."""
    units = {
        category.code: {category.unit, *words.ALTERNATIVE_UNITS.get(category.code, ())}
        for category in queries.list_categories(session)
    }
    schemes = list_schemes(session)
    requirement_codes: dict[str, set[Any]] = {
        "certificates": set(schemes),
        "hds_activities": set(schemes[words.HDS].activities) if words.HDS in schemes else set(),
        "regions": {*REGIONS, *COLLECTIVITIES},
        "delivery_modes": set(DELIVERY_MODES),
    }
    return Vocabulary(units, requirement_codes, queries.list_mergeable_categories(session, organisation_id))
