"""Use case: conclude a contract on a decided lot, its prices frozen and its members listed.

Order of locks, going on from tenders/demand/writing.py: lots → lot_totals → rows of the pool → lot_executions → contracts
(several in id order) → envelopes. An idempotency key is claimed before all of them.
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from catalog.certifications.rules.coverage import Period
from catalog.offers.queries import get_offer, grid_of
from catalog.offers.rules import PriceGrid, average_price, check_grid
from catalog.providers.models import Provider
from catalog.providers.queries import get_provider
from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import N_, BadInput, RuleBroken
from marketplace.platform.http import name_constraint
from marketplace.platform.idempotency import RequestKey, claim, remember
from marketplace.platform.permissions import Actor, require
from tenders.contracts import notices, queries
from tenders.contracts.models import Contract, ContractMember, LotExecution
from tenders.contracts.rules.activation import CommittedPart, activation
from tenders.contracts.rules.conclusion import (
    NO_FEE,
    Fee,
    Frame,
    Part,
    Sharing,
    Wanted,
    check_conclusion,
    check_fields,
    check_holder,
    committed_to,
    last_day,
    minimum_of_holder,
    part_of,
)
from tenders.contracts.rules.frozen_prices import freeze
from tenders.contracts.steps import record_decision
from tenders.demand.envelopes.booking import book
from tenders.demand.models import Need
from tenders.demand.queries.closings import find_last_closing
from tenders.demand.rules.price_at_award import PriceAtAward, PricedNeed, PriceDropped, price_at_award
from tenders.demand.writing import lock_pool, move
from tenders.matching.holders import lacking_as_holder
from tenders.vehicles import queries as vehicles
from tenders.vehicles.models import Lot
from tenders.vehicles.rules import periods

REFERENCE_TAKEN = N_("Un contrat de votre centrale porte déjà cette référence : choisissez-en une autre.")
HAS_CONTRACT = N_("Ce prestataire a déjà un contrat en cours sur ce lot : ouvrez-le depuis la liste des contrats.")
name_constraint("uq_contracts_organisation_id_reference", "contract_reference_taken", REFERENCE_TAKEN)
name_constraint("uq_contracts_holder_once_per_lot", "holder_has_contract", HAS_CONTRACT)


@dataclass(frozen=True)
class Terms:
    """What the centre writes of a contract. Dates are Paris days, both included; `grid` only for an award made elsewhere.

    `ends_on` None: the lot's term, at most to the vehicle's end. `maximum_quantity` None: the lot's.
    """

    holder_id: UUID
    reference: str
    starts_on: date
    origin: str = "listing"
    offer_id: UUID | None = None
    grid: PriceGrid | None = None
    holder_selection: str | None = None
    share_percent: Decimal | None = None
    title: str | None = None
    ends_on: date | None = None
    duration_reason: str | None = None
    maximum_quantity: int | None = None
    maximum_amount: Decimal | None = None
    fee: Fee = NO_FEE


def conclude_contract(actor: Actor, lot_id: UUID, terms: Terms, *, key: RequestKey | None = None) -> Contract:
    """Conclude a contract with a holder on a decided lot: prices and brackets frozen, members of the closing listed.

    Members whose price would exceed what they accepted are left out by the iteration of domain §4b.8; the minimum is
    tested on the rest. RuleBroken: those of rules/conclusion.py, `grid_*`, `minimum_missed_at_award`; Conflict
    `contract_reference_taken`, `holder_has_contract`. The same request `key` again gives the contract it made.
    """
    with transaction() as session:
        made = claim(session, actor, key)
        if made is not None:
            return queries.get_contract(session, actor, UUID(made["contract_id"]))
        lot = vehicles.get_lot(session, actor, lot_id)
        require(actor, "contract.conclude", centre=lot.vehicle.organisation_id)
        holder = get_provider(session, actor, terms.holder_id)
        grid = _grid(session, actor, holder, terms)
        lot = lock_lot(session, lot_id)
        lock_pool(session, lot_id)
        needs = _committed_needs(session, lot)
        frame = _frame(session, lot, needs)
        execution = _lock_execution(session, lot_id, terms.holder_selection)
        sharing = Sharing(
            execution.holder_selection, queries.count_running(session, lot_id), execution.shared_percent
        )
        wanted = _wanted(lot, frame, execution, terms)
        check_fields(wanted, terms.fee)
        check_conclusion(frame, sharing, wanted)
        part = part_of(frame, sharing, wanted)
        term = Period(wanted.starts_on, wanted.ends_on)
        check_holder(lacking_as_holder(session, lot, holder, terms.offer_id, term, part.pooled_quantity))
        contract = _write(session, actor, lot, execution, terms, wanted, grid, part, needs)
        remember(session, actor, key, contract_id=contract.id)
        return contract


def _grid(session: Session, actor: Actor, holder: Provider, terms: Terms) -> PriceGrid:
    """The prices to freeze: the offer's, or those of the award made elsewhere."""
    if terms.grid is not None and terms.origin == "external_award":
        check_grid(terms.grid)
        return terms.grid
    if terms.offer_id is None:
        raise BadInput({"offer_id": [N_("Choisissez la fiche publiée dont les prix s'appliquent.")]})
    shown = get_offer(session, actor, terms.offer_id)
    if shown.row.provider_id != holder.id:
        raise BadInput({"offer_id": [N_("Cette fiche est celle d'un autre prestataire.")]})
    return grid_of(shown.row)


def lock_lot(session: Session, lot_id: UUID) -> Lot:
    """Step: the lot's row as it is once held; before its pool (tenders/demand/writing.py, 2)."""
    statement = select(Lot).where(Lot.id == lot_id).with_for_update(key_share=True)
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


def _committed_needs(session: Session, lot: Lot) -> list[Need]:
    """Needs that the closing included and that still count, by establishment: they are what is committed (§4b.6f)."""
    statement = select(Need).where(Need.lot_id == lot.id, Need.status == "counted", Need.ordered_quantity > 0)
    return list(
        session.scalars(statement.order_by(Need.establishment_id), execution_options={"populate_existing": True})
    )


def _frame(session: Session, lot: Lot, needs: Sequence[Need]) -> Frame:
    closing = find_last_closing(session, lot.id)
    minimum = lot.minimum_quantity if lot.minimum_kind == "contractual" else None
    return Frame(
        vehicle_starts_on=lot.vehicle.starts_on,
        vehicle_ends_on=lot.vehicle.ends_on,
        maximum_duration_months=lot.vehicle.maximum_duration_months,
        is_cancelled=lot.cancelled_at is not None or lot.vehicle.cancelled_at is not None,
        is_closed=lot.closed_at is not None and closing is not None,
        ordered_quantity=sum(need.ordered_quantity or 0 for need in needs),
        unit=lot.unit,
        minimum_quantity=minimum_of_holder(minimum, lot.minimum_scope, [need.grappe_id for need in needs]),
        maximum_quantity=lot.maximum_quantity,
    )


def _lock_execution(session: Session, lot_id: UUID, selection: str | None) -> LotExecution:
    """The lot's row that every conclusion locks; the first one writes it, `single` unless it says otherwise."""
    values = {"lot_id": lot_id, "holder_selection": selection or "single"}
    session.execute(insert(LotExecution).values(**values).on_conflict_do_nothing())
    statement = select(LotExecution).where(LotExecution.lot_id == lot_id).with_for_update(key_share=True)
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


def _wanted(lot: Lot, frame: Frame, execution: LotExecution, terms: Terms) -> Wanted:
    return Wanted(
        selection=terms.holder_selection or execution.holder_selection,
        starts_on=terms.starts_on,
        ends_on=terms.ends_on or last_day(terms.starts_on, lot.term_months, frame.vehicle_ends_on),
        share_percent=terms.share_percent,
        duration_reason=terms.duration_reason or lot.vehicle.duration_reason,
        maximum_quantity=frame.maximum_quantity if terms.maximum_quantity is None else terms.maximum_quantity,
    )


def committed_part(need: Need) -> CommittedPart:
    """A committed need as the activation rule sees it."""
    return CommittedPart(need.establishment_id, need.ordered_quantity or 0, need.grappe_id)


def _priced(
    session: Session, lot: Lot, grid: PriceGrid, part: Part, needs: Sequence[Need]
) -> tuple[PriceAtAward[UUID], Mapping[UUID, Decimal]]:
    """Everybody's price at the quantity the contract carries, and who leaves because of it (domain §4b.8)."""
    regions = queries.regions_of(session, [need.establishment_id for need in needs])
    uplifts = {key: grid.regional_uplifts.get(region or "", Decimal(0)) for key, region in regions.items()}
    wishes = [
        PricedNeed(
            need.establishment_id, need.ordered_quantity or 0,
            min((limit for limit in (need.maximum_unit_price, need.price_ceiling) if limit is not None), default=None),
            uplifts[need.establishment_id],
        )
        for need in needs
    ]  # fmt: skip
    whole, count = sum(wish.quantity for wish in wishes), periods(lot.term_months, lot.price_period)

    def average(quantity: int) -> Decimal:
        return average_price(grid, max(1, part.pooled_quantity * quantity // whole), periods=count)

    settled = price_at_award(wishes, average)
    minimum = lot.minimum_quantity if lot.minimum_kind == "contractual" else None
    kept = [need for need in needs if need.establishment_id in settled.unit_prices]
    left = activation(minimum, lot.minimum_scope, [committed_part(need) for need in kept])
    if not left.is_met or not kept:
        raise RuleBroken(
            "minimum_missed_at_award",
            "À ces prix, {dropped} établissements sortent et il reste {left} unités pour un minimum de {minimum} : "
            "choisissez une autre fiche.",
            dropped=len(settled.dropped), left=left.committed, minimum=minimum or 1,
        )  # fmt: skip
    return settled, uplifts


def _write(
    session: Session, actor: Actor, lot: Lot, execution: LotExecution, terms: Terms, wanted: Wanted, grid: PriceGrid,
    part: Part, needs: Sequence[Need],
) -> Contract:  # fmt: skip
    settled, uplifts = _priced(session, lot, grid, part, needs)
    kept = [need for need in needs if need.establishment_id in settled.unit_prices]
    whole = sum(need.ordered_quantity or 0 for need in needs)
    execution.contracts += 1
    execution.shared_percent += wanted.share_percent or 0
    contract = Contract(
        id=new_id(), organisation_id=lot.vehicle.organisation_id, lot_id=lot.id, closing_round=lot.round,
        holder_selection=execution.holder_selection, rank=execution.contracts, concluded_by=actor.user_id,
        pooled_quantity=max(1, part.pooled_quantity * settled.quantity // whole),
        minimum_quantity=part.minimum_quantity, **_columns(lot, terms, wanted), **_prices(grid),
    )  # fmt: skip
    session.add(contract)
    session.flush()
    committed = committed_to([need.ordered_quantity or 0 for need in kept], part)
    session.add_all(
        _member(contract, need, owed, uplifts[need.establishment_id], settled.unit_prices[need.establishment_id])
        for need, owed in zip(kept, committed, strict=True)
    )
    evidence = {
        "closing_round": contract.closing_round, "pooled_quantity": contract.pooled_quantity,
        "members": {str(key): price for key, price in settled.unit_prices.items()},
        "left_at_price": {str(key): {"limit": left.limit, "prices": left.prices_seen} for key, left in settled.dropped.items()},
    }  # fmt: skip
    record_decision(session, actor, contract, "concluded", evidence)
    _let_go(session, contract, [need for need in needs if need.establishment_id in settled.dropped], settled.dropped)
    notices.concluded(session, contract)
    session.refresh(contract)
    audit.record(
        session, actor, "contract.concluded", "contract", contract.id, organisation_id=contract.organisation_id,
        after={"lot_id": lot.id, "holder_id": terms.holder_id, "offer_id": terms.offer_id, "origin": terms.origin,
               "starts_on": contract.starts_on, "ends_on": contract.ends_on, "members": len(kept)},
    )  # fmt: skip
    return contract


def _member(contract: Contract, need: Need, owed: int, uplift: Decimal, unit_price: Decimal) -> ContractMember:
    return ContractMember(
        contract_id=contract.id, establishment_id=need.establishment_id, organisation_id=need.organisation_id,
        grappe_id=need.grappe_id, pooled_quantity=need.ordered_quantity or 0, committed_quantity=owed, uplift=uplift,
        unit_price=unit_price, since=max(contract.starts_on, clock.today()),
    )  # fmt: skip


def _let_go(
    session: Session, contract: Contract, needs: Sequence[Need], dropped: Mapping[UUID, PriceDropped]
) -> None:
    """Members whose limit the price exceeds: with a single holder nothing is left for them on the lot (§4b.8)."""
    if not needs:
        return
    notices.left_at_price(session, contract, needs, dropped)
    if contract.holder_selection != "single":
        return
    freed = sum(need.ordered_quantity or 0 for need in needs)
    for need in needs:
        need.ordered_quantity, need.decision_code = 0, "price_above_limit"
    session.flush()
    move(session, contract.lot_id, needs, "excluded")
    book(session, contract.lot_id, "released", -freed, reason="left_at_award")


def _columns(lot: Lot, terms: Terms, wanted: Wanted) -> dict[str, Any]:
    return {
        "holder_id": terms.holder_id, "offer_id": terms.offer_id, "origin": terms.origin,
        "reference": terms.reference.strip(), "title": (terms.title or "").strip() or lot.title, "unit": lot.unit,
        "price_period": lot.price_period, "term_months": lot.term_months, "share_percent": wanted.share_percent,
        "maximum_quantity": wanted.maximum_quantity, "maximum_amount": terms.maximum_amount,
        "starts_on": wanted.starts_on, "ends_on": wanted.ends_on, "duration_reason": wanted.duration_reason,
        "maximum_duration_months": lot.vehicle.maximum_duration_months, "fee_kind": terms.fee.kind,
        "fee_payer": terms.fee.payer, "fee_value": terms.fee.value,
    }  # fmt: skip


def _prices(grid: PriceGrid) -> dict[str, Any]:
    uplifts = {region: f"{uplift:f}" for region, uplift in grid.regional_uplifts.items()}
    return {
        "pricing": grid.pricing, "grid": freeze(grid), "mobilisation_amount": grid.mobilisation_amount,
        "regional_uplifts": uplifts,
    }  # fmt: skip
