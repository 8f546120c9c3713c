"""Vehicles and lots for tests: drafts unless opened; a lot is a plain EDR lot with a contractual minimum."""
from datetime import timedelta
from decimal import Decimal

import factory

from marketplace.platform import clock
from marketplace.platform.database import new_id
from tenders.vehicles.models import Lot, Vehicle
from tenders.vehicles.regimes import DEFAULT_SWITCHES
from tests.factories.accounts import OrganisationFactory
from tests.factories.base import Factory


class VehicleFactory(Factory):
    """A draft of a purchasing centre, four years long, under the public code."""

    class Meta:
        model = Vehicle

    id = factory.LazyFunction(new_id)
    organisation_id = factory.LazyFunction(lambda: OrganisationFactory(kind="purchasing_centre").id)
    name = factory.Sequence(lambda n: f"Marché fictif {n}")
    search_text = factory.LazyAttribute(lambda vehicle: vehicle.name.lower())
    technique = "framework_call_offs"
    regime = "public_code"
    starts_on = factory.LazyFunction(lambda: clock.today() + timedelta(days=90))
    ends_on = factory.LazyAttribute(lambda vehicle: vehicle.starts_on + timedelta(days=4 * 365))

    @classmethod
    def _adjust_kwargs(cls, **kwargs: object) -> dict[str, object]:
        return {**DEFAULT_SWITCHES[str(kwargs["regime"])].as_columns(), **kwargs}


class LotFactory(Factory):
    """A draft lot for endpoint detection: at least 5 000 endpoints, at most 8 000, 4.10 € a month, 36 months."""

    class Meta:
        model = Lot

    id = factory.LazyFunction(new_id)
    vehicle_id = factory.LazyFunction(lambda: VehicleFactory().id)
    code = factory.Sequence(lambda n: f"L{n}")
    title = "Détection sur les postes"
    search_text = factory.LazyAttribute(lambda lot: f"{lot.code} {lot.title}".lower())
    category_code = "edr"
    kind = "support"
    unit = "endpoint"
    price_period = "month"
    term_months = 36
    reference_unit_price = Decimal("4.10")
    minimum_kind = "contractual"
    minimum_basis = "quantity"
    minimum_value = Decimal(5000)
    maximum_basis = "quantity"
    maximum_value = Decimal(8000)
    minimum_policy = factory.LazyFunction(lambda: ["extend", "release"])
    needs_close_at = factory.LazyFunction(lambda: clock.now() + timedelta(days=30))

    class Params:
        opened = factory.Trait(
            vehicle_id=factory.LazyFunction(lambda: VehicleFactory(opened_at=clock.now()).id),
            opened_at=factory.LazyFunction(clock.now),
            minimum_quantity=factory.LazyAttribute(lambda lot: int(lot.minimum_value) if lot.minimum_value else None),
            maximum_quantity=factory.LazyAttribute(
                lambda lot: None if lot.maximum_value is None else int(lot.maximum_value)
            ),
            next_check_at=factory.SelfAttribute("needs_close_at"),
        )


def open_lot(**columns: object) -> Lot:
    """A lot taking needs, in an opened vehicle; rooms above still have to write their own rows for it."""
    return LotFactory(opened=True, **columns)
