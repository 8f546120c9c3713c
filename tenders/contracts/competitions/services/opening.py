"""Use cases of those who ask: frame a lot's competitions, open one, open it again, give it up."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.establishments.queries import get_establishment
from marketplace.notifications.services import tell_many
from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import NotFound, RuleBroken
from marketplace.platform.facts import pack
from marketplace.platform.idempotency import RequestKey, claim, remember
from marketplace.platform.permissions import Actor, require
from tenders.contracts.competitions import notices, queries
from tenders.contracts.competitions.models import Competition, CompetitionFramework, CompetitionOffer
from tenders.contracts.competitions.rules.criteria import Criterion, Framework, check_framework, criteria_of
from tenders.contracts.competitions.rules.deadline import check_deadline
from tenders.contracts.competitions.rules.states import check_act
from tenders.contracts.competitions.steps import Asked, ask_of, check_reopening, who_is_asked
from tenders.contracts.models import Contract, LotExecution
from tenders.contracts.ordering.queries.ground import lock_ground
from tenders.contracts.ordering.rules.placing import check_packs
from tenders.contracts.ordering.services.approving import written_reason
from tenders.contracts.ordering.steps import periods_of
from tenders.contracts.queries import visible_contracts
from tenders.vehicles.models import Lot


@dataclass(frozen=True)
class Want:
    """What an establishment asks the holders of a lot for. `weights` in per cent by quality of the lot's framework."""

    establishment_id: UUID
    lot_id: UUID
    quantity: int
    starts_on: date
    closes_at: datetime
    weights: Mapping[str, int]
    places: str | None = None
    remarks: str | None = None
    purchase_order_reference: str | None = None


def set_framework(
    actor: Actor, lot_id: UUID, *, answer_days: int, least_price_percent: int, qualities: Sequence[str]
) -> Framework:
    """Say what a lot's framework allows in its competitions, until the first one is opened.

    RuleBroken `framework_is_fixed` and those of `check_framework`.
    """
    with transaction() as session:
        lot = queries.get_competing_lot(session, actor, lot_id)
        require(actor, "competition.frame", centre=lot.vehicle.organisation_id)
        _lock_execution(session, lot_id)
        if queries.count_on(session, lot_id):
            raise RuleBroken(
                "framework_is_fixed",
                "Des titulaires ont déjà été consultés sur ce lot : ses critères et son délai ne changent plus.",
            )
        framework = check_framework(answer_days, least_price_percent, qualities)
        values = {
            "answer_days": framework.answer_days, "least_price_percent": framework.least_price_percent,
            "qualities": list(framework.qualities), "decided_at": clock.now(), "decided_by": actor.user_id,
        }  # fmt: skip
        written = insert(CompetitionFramework).values(lot_id=lot_id, **values)
        session.execute(written.on_conflict_do_update(index_elements=["lot_id"], set_=values))
        session.expire_all()
        audit.record(
            session, actor, "competition.framed", "lot", lot_id, organisation_id=lot.vehicle.organisation_id,
            after={"answer_days": framework.answer_days, "least_price_percent": framework.least_price_percent,
                   "qualities": list(framework.qualities)},
        )  # fmt: skip
        return framework


def open_competition(actor: Actor, want: Want, *, key: RequestKey | None = None) -> Competition:
    """Ask every holder of a lot that could take the order today for its price, until a deadline.

    Nothing is reserved: the envelope is looked at now, and again when the order is placed. RuleBroken
    `competition_not_used`, those of rules/criteria.py and rules/deadline.py, and of `who_is_asked`; NotFound.
    """
    with transaction() as session:
        done = claim(session, actor, key)
        if done is not None:
            return queries.get_competition(session, actor, UUID(done["competition"]))
        site = get_establishment(session, want.establishment_id)
        require(actor, "competition.open", own=site.organisation_id)
        lot = _competing_lot(session, actor, want.lot_id)
        _lock_execution(session, lot.id)
        check_packs(lot.order_multiple, want.quantity)
        now, framework = clock.now(), queries.framework_of(session, lot.id)
        criteria = criteria_of(framework, want.weights, may_be_price_alone=lot.vehicle.allows_price_only_award)
        check_deadline(
            now, want.closes_at, framework.answer_days, closes_on=clock.paris(want.closes_at).date(), starts_on=want.starts_on
        )
        competition = _written(session, actor, want, lot, site.organisation_id, criteria, now)
        asked = who_is_asked(lock_ground(session, [lot.id], {site.id}), ask_of(competition))
        offers = _ask(session, competition, asked)
        _record(session, actor, competition, "competition.opened", asked)
        tell_many(session, notices.opened(competition, offers))
        remember(session, actor, key, competition=str(competition.id))
        return competition


def reopen_competition(actor: Actor, competition_id: UUID, closes_at: datetime) -> Competition:
    """Ask again, after nobody gave a price: those asked before, and those who can take the order by now.

    Delivery is asked for on the deadline's day at the earliest. RuleBroken `competition_not_possible_now`, those of
    rules/deadline.py and of `who_is_asked`.
    """
    with transaction() as session:
        competition = queries.get_competition(session, actor, competition_id)
        require(actor, "competition.open", own=competition.organisation_id)
        competition = queries.lock_competition(session, competition_id)
        check_reopening(competition, queries.list_offers(session, competition_id, fresh=True))
        now, closes_on = clock.now(), clock.paris(closes_at).date()
        competition.starts_on = max(competition.starts_on, closes_on)
        days = queries.framework_of(session, competition.lot_id).answer_days
        check_deadline(now, closes_at, days, closes_on=closes_on, starts_on=competition.starts_on)
        asked = who_is_asked(
            lock_ground(session, [competition.lot_id], {competition.establishment_id}), ask_of(competition)
        )
        competition.closes_at = competition.next_check_at = closes_at
        competition.ended_at = competition.end_reason = None
        competition.round += 1
        competition.version += 1
        session.flush()
        offers = _ask(session, competition, asked)
        _record(session, actor, competition, "competition.reopened", asked)
        tell_many(session, notices.opened(competition, offers))
        return competition


def cancel_competition(actor: Actor, competition_id: UUID, reason: str) -> Competition:
    """Give it up before an award; before the deadline its offers stay sealed for ever. BadInput without a reason."""
    with transaction() as session:
        competition = queries.get_competition(session, actor, competition_id)
        require(actor, "competition.open", own=competition.organisation_id)
        competition = queries.lock_competition(session, competition_id)
        check_act("cancel", competition.status, competition.closes_at)
        written = written_reason(reason)
        competition.cancelled_at, competition.cancelled_by = clock.now(), actor.user_id
        competition.cancel_reason, competition.next_check_at = written, None
        competition.version += 1
        session.flush()
        audit.record(
            session, actor, "competition.cancelled", "competition", competition.id,
            organisation_id=competition.organisation_id, after={"reason": written},
        )  # fmt: skip
        tell_many(session, notices.cancelled(competition, queries.list_offers(session, competition.id), written))
        return competition


def _competing_lot(session: Session, actor: Actor, lot_id: UUID) -> Lot:
    contract = session.scalars(visible_contracts(actor).where(Contract.lot_id == lot_id).limit(1)).one_or_none()
    if contract is None:
        raise NotFound("lot")
    if contract.holder_selection != "mini_competition":
        raise RuleBroken(
            "competition_not_used",
            "Les titulaires de ce marché ne sont pas remis en concurrence à chaque commande : commandez directement.",
        )
    return contract.lot


def _lock_execution(session: Session, lot_id: UUID) -> None:
    """The lot's row of execution: numbers its competitions, and keeps its framework still meanwhile."""
    session.execute(select(LotExecution.lot_id).where(LotExecution.lot_id == lot_id).with_for_update(key_share=True))


def _written(
    session: Session, actor: Actor, want: Want, lot: Lot, organisation_id: UUID, criteria: Sequence[Criterion], now: datetime
) -> Competition:
    last = session.scalar(select(func.max(Competition.number)).where(Competition.lot_id == lot.id))
    competition = Competition(
        id=new_id(), number=(last or 0) + 1, lot_id=lot.id, establishment_id=want.establishment_id,
        organisation_id=organisation_id, quantity=want.quantity, unit=lot.unit, price_period=lot.price_period,
        starts_on=want.starts_on, places=_text(want.places), remarks=_text(want.remarks),
        purchase_order_reference=_text(want.purchase_order_reference),
        criteria=[{"code": each.code, "weight": each.weight, "label": each.label} for each in criteria],
        opened_at=now, opened_by=actor.own_id, closes_at=want.closes_at, next_check_at=want.closes_at,
    )  # fmt: skip
    session.add(competition)
    session.flush()
    return competition


def _ask(session: Session, competition: Competition, asked: Asked) -> list[CompetitionOffer]:
    """A row for each holder asked; who was asked in an earlier round keeps its own."""
    now, known = clock.now(), {each.contract_id: each for each in queries.list_offers(session, competition.id, fresh=True)}
    for contract in asked.contracts:
        periods = periods_of(contract, competition.starts_on)
        if contract.id in known:
            known[contract.id].periods, known[contract.id].asked_at = periods, now
            continue
        session.add(
            CompetitionOffer(
                competition_id=competition.id, contract_id=contract.id, closes_at=competition.closes_at, periods=periods,
                asked_at=now,
            )
        )  # fmt: skip
    competition.left_out = [
        {"contract_id": str(contract.id), "name": contract.holder.name, "reason": pack(why)}
        for contract, why in asked.left_out if contract.id not in known
    ]  # fmt: skip
    session.flush()
    return queries.list_offers(session, competition.id, fresh=True)


def _record(session: Session, actor: Actor, competition: Competition, action: str, asked: Asked) -> None:
    audit.record(
        session, actor, action, "competition", competition.id, organisation_id=competition.organisation_id,
        after={
            "lot_id": competition.lot_id, "number": competition.number, "round": competition.round,
            "establishment_id": competition.establishment_id, "quantity": competition.quantity,
            "closes_at": competition.closes_at, "criteria": competition.criteria,
            "asked": [each.id for each in asked.contracts], "left_out": [each.id for each, _why in asked.left_out],
        },
    )  # fmt: skip


def _text(written: str | None) -> str | None:
    return (written or "").strip() or None
