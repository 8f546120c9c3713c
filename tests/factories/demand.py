"""Pools for tests: an open lot with its totals, and needs placed by the use case itself so that totals are true."""
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation, User
from marketplace.accounts.queries import get_actor
from marketplace.establishments.models import Establishment
from marketplace.grappes.models import Grappe
from marketplace.platform.permissions import Actor
from tenders.demand.envelopes.booking import open_ledger
from tenders.demand.envelopes.queries import list_ledger_differences
from tenders.demand.models import LotTotals
from tenders.demand.queries import list_differences
from tenders.demand.rules.placing import Wish
from tenders.demand.services import NeedState, put_need
from tenders.vehicles.models import Lot, Vehicle
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.base import Factory, current_session
from tests.factories.establishments import EstablishmentFactory
from tests.factories.grappes import site_and_user
from tests.factories.vehicles import VehicleFactory, open_lot


class LotTotalsFactory(Factory):
    """The totals of an empty pool without maximum."""

    class Meta:
        model = LotTotals


def open_pool(**columns: Any) -> Lot:
    """A lot taking needs, its pool empty; `minimum` and `maximum` in units replace 5 000 and 8 000 (None: none)."""
    if "minimum" in columns:
        minimum = columns.pop("minimum")
        none = {"minimum_kind": "none", "minimum_basis": None, "minimum_value": None, "kind": "service"}
        columns = {**(none if minimum is None else {"minimum_value": minimum}), **columns}
    if "maximum" in columns:
        maximum = columns.pop("maximum")
        columns = {"maximum_value": maximum, "maximum_basis": None if maximum is None else "quantity", **columns}
    lot = open_lot(**columns)
    LotTotalsFactory(lot_id=lot.id, maximum_quantity=lot.maximum_quantity)
    if lot.opened_at is not None:
        open_ledger(current_session(), lot)
        current_session().commit()
    return lot


def centre_user(lot: Lot) -> User:
    """A buyer of the purchasing centre that the lot belongs to."""
    session = current_session()
    vehicle = session.get_one(Vehicle, lot.vehicle_id)
    return user_in(session.get_one(Organisation, vehicle.organisation_id), ("admin", "buyer"))


def clinic(roles: tuple[str, ...] = ("admin", "signatory", "buyer"), **facts: Any) -> tuple[Establishment, Actor]:
    """A site of its own organisation and somebody who may sign for it."""
    site, user = site_and_user(roles, **facts)
    return site, get_actor(current_session(), user.id)


def sister(site: Establishment) -> Establishment:
    """Another site of the same organisation."""
    return EstablishmentFactory(organisation_id=site.organisation_id)


def need_on(lot: Lot, quantity: int, *, grappe: Grappe | None = None, **wish: Any) -> tuple[Establishment, Actor]:
    """A clinic of its own with a counted need on the lot: firm, or as `wish` says."""
    site, actor = clinic()
    placed_on(lot, site, actor, quantity, grappe_id=grappe.id if grappe else None, **wish)
    return site, actor


def placed_on(lot: Lot, site: Establishment, actor: Actor, quantity: int, **wish: Any) -> NeedState:
    """Place a need by the use case."""
    accept_waitlist = wish.pop("accept_waitlist", False)
    conditional = {"minimum_pool_quantity", "maximum_unit_price"} & set(wish)
    wish.setdefault("firmness", "conditional" if conditional else "firm")
    return put_need(actor, lot.id, site.id, Wish(quantity, **wish), accept_waitlist=accept_waitlist)


def vehicle_of(centre: Organisation | None = None, **columns: Any) -> Vehicle:
    """An opened vehicle of a centre."""
    centre = centre or OrganisationFactory(kind="purchasing_centre")
    return VehicleFactory(organisation_id=centre.id, **columns)


def totals_of(session: Session, lot_id: UUID) -> LotTotals:
    """The lot's totals as they are in the database now."""
    return session.get_one(LotTotals, lot_id, populate_existing=True)


def assert_totals_are_true(session: Session) -> None:
    """What `grappe pool verify` checks."""
    session.expire_all()
    assert list_differences(session) == []
    assert list_ledger_differences(session) == []
