"""Orders for tests: placed by the use case on an activated contract, so that counters and ledger are true."""
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.offers.queries import grid_of
from marketplace.accounts.models import Organisation
from marketplace.accounts.queries import get_actor
from marketplace.establishments.models import Establishment
from marketplace.platform import clock
from marketplace.platform.permissions import Actor
from tenders.contracts.models import Contract
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.services.placing import place_call_offs
from tenders.contracts.ordering.steps import Ask
from tenders.contracts.rules.frozen_prices import freeze
from tenders.demand.envelopes.models import Envelope
from tenders.demand.envelopes.queries import list_ledger_differences
from tenders.vehicles.models import Lot, Vehicle
from tests.factories.accounts import user_in
from tests.factories.base import current_session
from tests.factories.catalog import person_of
from tests.factories.contracts import ContractFactory, ContractMemberFactory, LotExecutionFactory, decided_lot, holder_for


def ask(site: Establishment, lot_id: UUID, quantity: int, **facts: Any) -> Ask:
    """One line, delivery today."""
    return Ask(**{"line": "1", "starts_on": clock.today(), **facts}, establishment_id=site.id, lot_id=lot_id, quantity=quantity)


def order(site: Establishment, actor: Actor, lot_id: UUID, quantity: int, **facts: Any) -> CallOff:
    """One order of one line."""
    (placed,) = place_call_offs(actor, [ask(site, lot_id, quantity, **facts)])
    return placed


def colleague(site: Establishment, *roles: str) -> Actor:
    """Somebody else of the site's organisation, with these roles."""
    session = current_session()
    user = user_in(session.get_one(Organisation, site.organisation_id), roles)
    return get_actor(session, user.id)


@dataclass
class SharedLot:
    """A lot with several activated contracts, the best rank first, and who may order on all of them."""

    lot: Lot
    members: list[tuple[Establishment, Actor]]
    contracts: list[Contract]
    holders: list[Actor]
    centre: Actor


def shared_lot(method: str, shares: tuple[int, ...] = (60, 40), **columns: Any) -> SharedLot:
    """A decided lot whose orders find their holder by a method; one contract for each share, ranks from 1."""
    decided, session = decided_lot(), current_session()
    LotExecutionFactory(lot_id=decided.lot.id, holder_selection=method, contracts=len(shares))
    contracts, holders = [], []
    for rank, share in enumerate(shares, 1):
        provider, offer = (decided.provider, decided.offer) if rank == 1 else holder_for()
        contract = ContractFactory(**{
            "lot_id": decided.lot.id, "organisation_id": session.get_one(Vehicle, decided.lot.vehicle_id).organisation_id,
            "holder_id": provider.id, "offer_id": offer.id, "grid": freeze(grid_of(offer)), "maximum_quantity": 1000,
            "holder_selection": method, "rank": rank, "share_percent": share if method == "share" else None, **columns,
        })  # fmt: skip
        for site, _ in decided.members:
            ContractMemberFactory(
                contract_id=contract.id, establishment_id=site.id, organisation_id=site.organisation_id,
                unit_price=Decimal("5.0000") + rank,
            )  # fmt: skip
        contracts.append(contract)
        holders.append(get_actor(session, person_of(provider).id))
    return SharedLot(decided.lot, decided.members, contracts, holders, decided.centre)


def assert_orders_add_up(session: Session) -> None:
    """Sums of orders per contract and lot are the counters of the contract and the ledger of the lot, whose sums are true."""
    session.expire_all()
    assert list_ledger_differences(session) == []
    standing = func.coalesce(func.sum(CallOff.standing_quantity), 0), func.coalesce(func.sum(CallOff.standing_amount), 0)
    by_contract = {row[0]: (int(row[1]), row[2]) for row in session.execute(
        select(CallOff.contract_id, *standing).group_by(CallOff.contract_id)
    )}  # fmt: skip
    for contract in session.scalars(select(Contract)):
        assert (contract.ordered_quantity, contract.ordered_amount) == by_contract.get(contract.id, (0, 0))
    by_lot = {row[0]: (int(row[1]), row[2]) for row in session.execute(
        select(CallOff.lot_id, *standing).group_by(CallOff.lot_id)
    )}  # fmt: skip
    for envelope in session.scalars(select(Envelope)):
        assert (envelope.called_off, envelope.called_off_amount) == by_lot.get(envelope.lot_id, (0, 0))
    numbers: dict[UUID, list[int]] = {}
    for contract_id, number in session.execute(select(CallOff.contract_id, CallOff.number).order_by(CallOff.number)):
        numbers.setdefault(contract_id, []).append(number)
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())
