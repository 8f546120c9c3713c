"""Contracts for tests: a decided lot with its members, a provider that may hold it, and an activated contract on it."""
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import factory
from sqlalchemy import Select, select

from catalog.offers.models import Offer
from catalog.offers.queries import grid_of
from catalog.offers.rules import unit_price_for
from catalog.providers.models import Provider
from marketplace.accounts.queries import get_actor
from marketplace.establishments.models import Establishment
from marketplace.platform import clock
from marketplace.platform.database import new_id
from marketplace.platform.files import StoredFile
from marketplace.platform.permissions import SYSTEM, Actor
from tenders.contracts.models import Contract, ContractMember, LotExecution
from tenders.contracts.rules.frozen_prices import freeze
from tenders.demand.models import Need
from tenders.demand.services import close_lot
from tenders.vehicles.models import Lot, Vehicle
from tests.factories.base import Factory, current_session, refreshed
from tests.factories.catalog import PRICES, ProviderFactory, person_of, published_offer
from tests.factories.demand import centre_user, need_on, open_pool
from tests.factories.vehicles import VehicleFactory


class LotExecutionFactory(Factory):
    """A lot whose contracts have one holder."""

    class Meta:
        model = LotExecution

    holder_selection = "single"
    contracts = 1


class StoredFileFactory(Factory):
    """What is known of a signed PDF; its bytes are not there."""

    class Meta:
        model = StoredFile

    id = factory.LazyFunction(new_id)
    owner_id = factory.LazyFunction(new_id)
    name = "contrat-signe.pdf"
    content_type = "application/pdf"
    size = 1000
    sha256 = "0" * 64


class ContractFactory(Factory):
    """A concluded, signed and activated contract that began today, for three years; give lot_id, holder_id, offer_id."""

    class Meta:
        model = Contract

    id = factory.LazyFunction(new_id)
    closing_round = 1
    origin = "listing"
    reference = factory.Sequence(lambda n: f"C-{n}")
    title = "Détection sur les postes"
    holder_selection = "single"
    rank = 1
    unit = "endpoint"
    price_period = "month"
    term_months = 36
    pricing = "all_units"
    pooled_quantity = 1000
    starts_on = factory.LazyFunction(clock.today)
    ends_on = factory.LazyAttribute(lambda contract: contract.starts_on + timedelta(days=3 * 365))
    signed_on = factory.LazyFunction(clock.today)
    signed_file_id = factory.LazyFunction(lambda: StoredFileFactory().id)
    activated_at = factory.LazyFunction(clock.now)


class ContractMemberFactory(Factory):
    """An establishment that may order from today on; give contract_id, establishment_id, organisation_id."""

    class Meta:
        model = ContractMember

    pooled_quantity = 100
    committed_quantity = 100
    unit_price = Decimal("5.0000")
    since = factory.LazyFunction(clock.today)


def running_vehicle(**columns: Any) -> Vehicle:
    """An opened vehicle whose four years began today, so that contracts on it can run."""
    return VehicleFactory(opened_at=clock.now(), starts_on=clock.today(), **columns)


@dataclass
class DecidedLot:
    """A lot closed with its minimum reached, who committed what on it, and a provider that may hold a contract."""

    lot: Lot
    members: list[tuple[Establishment, Actor]]
    provider: Provider
    offer: Offer
    centre: Actor
    holder: Actor


def decided_lot(
    quantities: Sequence[int] = (600, 400), *, minimum: int | None = 900, maximum: int | None = 2000,
    prices: Sequence[tuple[int, Decimal]] = PRICES, wishes: Sequence[dict[str, Any]] = (), **columns: Any,
) -> DecidedLot:  # fmt: skip
    """A lot on a running vehicle, closed by the use case with these firm quantities (`wishes` change them one by one)."""
    usual = {"reference_unit_price": Decimal("6.50")}  # members accept any price of PRICES
    if "vehicle_id" not in columns:
        usual["vehicle_id"] = running_vehicle().id
    lot = open_pool(minimum=minimum, maximum=maximum, **{**usual, **columns})
    asked = list(wishes) + [{}] * (len(quantities) - len(wishes))
    members = [need_on(lot, quantity, **wish) for quantity, wish in zip(quantities, asked, strict=True)]
    with clock.frozen_at(lot.needs_close_at):
        close_lot(SYSTEM, lot.id)
    provider, offer = holder_for(prices)
    session = current_session()
    return DecidedLot(
        refreshed(lot), members, provider, offer,
        centre=get_actor(session, centre_user(lot).id), holder=get_actor(session, person_of(provider).id),
    )  # fmt: skip


def holder_for(prices: Sequence[tuple[int, Decimal]] = PRICES, **offer: Any) -> tuple[Provider, Offer]:
    """A verified provider with a published offer on endpoints."""
    provider = ProviderFactory()
    return provider, published_offer(prices, provider_id=provider.id, **offer)


@dataclass
class ActiveContract:
    """An activated contract with its members (site, somebody of it), its centre and its holder."""

    contract: Contract
    lot: Lot
    members: list[tuple[Establishment, Actor]] = field(default_factory=list)
    provider: Provider | None = None
    centre: Actor = SYSTEM
    holder: Actor = SYSTEM


def active_contract(
    quantities: Sequence[int] = (600, 400), *, maximum: int | None = 2000, minimum: int | None = 900,
    prices: Sequence[tuple[int, Decimal]] = PRICES, **columns: Any,
) -> ActiveContract:  # fmt: skip
    """An activated contract on a decided lot, written row by row; `columns` replace those of the contract."""
    decided = decided_lot(quantities, minimum=minimum, maximum=maximum, prices=prices)
    return contract_on(decided, **columns)


def contract_on(decided: DecidedLot, **columns: Any) -> ActiveContract:
    """An activated contract of the decided lot's provider, members at their own price, without the use cases."""
    lot, offer, session = decided.lot, decided.offer, current_session()
    vehicle = session.get_one(Vehicle, lot.vehicle_id)
    ordered = {need.establishment_id: need.ordered_quantity or 0 for need in session.scalars(_needs_on(lot))}
    LotExecutionFactory(lot_id=lot.id)
    frozen = {
        "lot_id": lot.id, "organisation_id": vehicle.organisation_id, "holder_id": decided.provider.id,
        "offer_id": offer.id, "pooled_quantity": sum(ordered.values()), "minimum_quantity": lot.minimum_quantity,
        "maximum_quantity": lot.maximum_quantity, "pricing": offer.pricing, "grid": freeze(grid_of(offer)),
    }  # fmt: skip
    contract = ContractFactory(**{**frozen, **columns})
    for site, _ in decided.members:
        price = unit_price_for(contract.price_grid, contract.pooled_quantity, site.region, periods=contract.periods)
        ContractMemberFactory(
            contract_id=contract.id, establishment_id=site.id, organisation_id=site.organisation_id,
            pooled_quantity=ordered[site.id], committed_quantity=ordered[site.id], unit_price=price,
        )  # fmt: skip
    return ActiveContract(contract, lot, decided.members, decided.provider, decided.centre, decided.holder)


def _needs_on(lot: Lot) -> Select[Need]:
    return select(Need).where(Need.lot_id == lot.id).execution_options(populate_existing=True)
