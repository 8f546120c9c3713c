"""What placing an order decides on, read at once under the locks: contracts, members, envelopes, fitness of holders."""
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from catalog.certifications.queries import held_by_provider, list_schemes
from catalog.providers.queries import standing_of
from marketplace.platform import clock
from marketplace.platform.errors import NotFound, Sentence
from marketplace.platform.i18n import language
from marketplace.platform.permissions import Actor
from tenders.contracts.adhesions.queries import adhering
from tenders.contracts.amendments.steps import bring_into_force
from tenders.contracts.indexation.queries import factors_on
from tenders.contracts.models import Contract, ContractMember
from tenders.contracts.ordering.models import CallOff, OrderLimit
from tenders.contracts.ordering.rules.approving import Limits, limits_of
from tenders.contracts.ordering.rules.fitness import Demanded, hindrances
from tenders.contracts.queries import lock_contracts
from tenders.contracts.status import OVER
from tenders.demand.envelopes.booking import lock_envelopes
from tenders.demand.envelopes.models import Envelope
from tenders.demand.envelopes.queries import find_envelopes
from tenders.vehicles.models import Lot


@dataclass(frozen=True)
class Ground:
    """Everything an order on these lots is held against; the locks held, unless it is only looked at.

    `contracts` by lot, the best rank first: those that are not over, or one of them when all are; `members` by
    (contract, establishment); `unfit` by contract; `last_order` by contract: when it was last given an order; `numbers`
    by contract: the last number used. `adhering`: (vehicle, organisation) of who signed the convention, read for
    vehicles that require it. `factors`: the index factor of the day, by contract that was revised.
    """

    lots: Mapping[UUID, Lot]
    contracts: Mapping[UUID, list[Contract]]
    envelopes: Mapping[UUID, Envelope]
    members: Mapping[tuple[UUID, UUID], ContractMember]
    unfit: Mapping[UUID, tuple[Sentence, ...]]
    last_order: Mapping[UUID, datetime]
    numbers: dict[UUID, int] = field(default_factory=dict)
    adhering: Collection[tuple[UUID, UUID]] = ()
    factors: Mapping[UUID, Decimal] = field(default_factory=dict)


def lock_ground(session: Session, lot_ids: Collection[UUID], establishment_ids: Collection[UUID]) -> Ground:
    """Lock and read. NotFound for a lot that has no contract, or none that still counts.

    Versions of the contracts whose day has come are brought into force first: an order meets the terms of its day.

    Order of locks: contracts in id order → the envelopes of their lots in id order → rows of `call_offs`, which only
    whoever holds their contract changes. Nobody takes a lock to the left of one it holds, so two carts over the same
    contracts, entered in any order, wait for each other and never deadlock. `call_offs` refers to `envelopes` and not to
    `lots`, whose row a canceller holds while it waits for the envelope (tenders/demand/writing.py).
    """
    ids = session.scalars(select(Contract.id).where(*_on(lot_ids))).all()
    locked = lock_contracts(session, ids)
    envelopes = lock_envelopes(session, lot_ids)
    if bring_into_force(session, locked, clock.today()):
        envelopes = lock_envelopes(session, lot_ids)  # read again: a raised maximum was written in SQL
    return _read(session, locked, envelopes, lot_ids, establishment_ids)


def look_at_ground(session: Session, lot_ids: Collection[UUID], establishment_ids: Collection[UUID]) -> Ground:
    """The same without a lock, for pages: what an order would be held against now. NotFound as `lock_ground`."""
    contracts = session.scalars(select(Contract).where(*_on(lot_ids)).options(joinedload(Contract.holder))).all()
    return _read(session, contracts, find_envelopes(session, lot_ids), lot_ids, establishment_ids)


def _on(lot_ids: Collection[UUID]) -> tuple[ColumnElement[bool], ...]:
    return Contract.lot_id.in_(lot_ids), Contract.lapsed_at.is_(None)


def _read(
    session: Session, found: Sequence[Contract], envelopes: Mapping[UUID, Envelope], lot_ids: Collection[UUID],
    establishment_ids: Collection[UUID],
) -> Ground:  # fmt: skip
    ids = [each.id for each in found]
    contracts = {lot_id: _holding([each for each in found if each.lot_id == lot_id]) for lot_id in lot_ids}
    if not all(contracts.values()) or set(envelopes) != set(lot_ids):
        raise NotFound("lot")
    lots = session.scalars(select(Lot).where(Lot.id.in_(lot_ids)).options(selectinload(Lot.vehicle)))
    members = session.scalars(
        select(ContractMember).where(
            ContractMember.contract_id.in_(ids), ContractMember.establishment_id.in_(establishment_ids)
        )
    )
    by_lot = {lot.id: lot for lot in lots}
    last, numbers = _last_orders(session, ids)
    return Ground(
        lots=by_lot,
        contracts=contracts,
        envelopes=envelopes,
        members={(each.contract_id, each.establishment_id): each for each in members},
        unfit=_unfit(session, found, by_lot),
        last_order=last,
        numbers=numbers,
        factors=factors_on(session, ids, clock.today()),
        adhering=adhering(session, {lot.vehicle_id for lot in by_lot.values() if lot.vehicle.requires_convention}),
    )


def _holding(contracts: Collection[Contract]) -> list[Contract]:
    """The contracts of a lot that still have a holder, by rank. All over: the first of them says why nothing is ordered."""
    by_rank = sorted(contracts, key=lambda each: each.rank)
    return [each for each in by_rank if each.status not in OVER] or by_rank[:1]


def _unfit(session: Session, contracts: Collection[Contract], lots: Mapping[UUID, Lot]) -> dict[UUID, tuple[Sentence, ...]]:
    """Why the holder of each contract may not be given orders today; one look at certificates for all of them."""
    schemes, today = list_schemes(session, language()), clock.today()
    certificates = held_by_provider(session, {each.holder_id for each in contracts}, schemes)
    return {
        contract.id: hindrances(
            contract.holder_id, standing_of(contract.holder), certificates.get(contract.holder_id, []),
            demanded_of(lots[contract.lot_id]), schemes, today,
        )
        for contract in contracts
    }  # fmt: skip


def demanded_of(lot: Lot) -> Demanded:
    """What the lot requires of its holder, as the rule reads it."""
    asked = lot.requirements or {}
    return Demanded(tuple(asked.get("certificates") or ()), frozenset(asked.get("hds_activities") or ()))


def _last_orders(session: Session, contract_ids: Collection[UUID]) -> tuple[dict[UUID, datetime], dict[UUID, int]]:
    rows = session.execute(
        select(CallOff.contract_id, func.max(CallOff.placed_at), func.max(CallOff.number))
        .where(CallOff.contract_id.in_(contract_ids))
        .group_by(CallOff.contract_id)
    ).all()
    return {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}


def find_limits(session: Session, organisation_id: UUID) -> Limits:
    """The organisation's approval limits by role, defaults included."""
    decided = select(OrderLimit.role, OrderLimit.limit_amount).where(OrderLimit.organisation_id == organisation_id)
    return limits_of(dict(session.execute(decided).all()))


def list_limits(session: Session, organisation_ids: Collection[UUID]) -> dict[UUID, Limits]:
    """The approval limits of several organisations, in one statement; who decided nothing has the defaults."""
    decided: dict[UUID, dict[str, Decimal | None]] = {key: {} for key in organisation_ids}
    for limit in session.scalars(select(OrderLimit).where(OrderLimit.organisation_id.in_(organisation_ids))):
        decided[limit.organisation_id][limit.role] = limit.limit_amount
    return {key: limits_of(own) for key, own in decided.items()}


def roles_in(actor: Actor, organisation_id: UUID) -> set[str]:
    """Every role the actor holds in an organisation, through whichever seat."""
    return {role for seat in actor.seats if seat.organisation_id == organisation_id for role in seat.roles}


def approving_roles(limits: Limits) -> tuple[str, ...]:
    """Roles that may approve something: those told of an order that waits."""
    return tuple(role for role, limit in limits.items() if limit is None or limit > 0)
