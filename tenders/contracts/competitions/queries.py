"""Reads of mini-competitions: a member sees its own, a centre those on its lots, a holder those it was asked in.

None of these reads says what an answer holds: what a reader may see of offers is decided in one place, sights.py.
"""
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from catalog.providers.models import Provider
from marketplace.platform import clock
from marketplace.platform.errors import NotFound
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor
from tenders.contracts.amendments.queries import list_waiting
from tenders.contracts.competitions.models import Competition, CompetitionFramework, CompetitionOffer
from tenders.contracts.competitions.rules.criteria import Framework
from tenders.contracts.indexation.queries import factors_on
from tenders.contracts.indexation.rules import UNREVISED
from tenders.contracts.models import Contract, ContractMember
from tenders.contracts.ordering.rules.pricing import indexed
from tenders.contracts.queries import find_contract_member, regions_of, visible_contracts
from tenders.contracts.rules.frozen_prices import thaw_grid
from tenders.vehicles.models import Lot, Vehicle


def visible_competitions(actor: Actor) -> Select[Competition]:
    """Competitions the actor may see, each with its lot, site and organisation."""
    statement = (
        select(Competition)
        .join(Competition.lot)
        .join(Lot.vehicle)
        .options(
            contains_eager(Competition.lot).contains_eager(Lot.vehicle), joinedload(Competition.establishment),
            joinedload(Competition.organisation),
        )
    )  # fmt: skip
    if actor.is_system:
        return statement
    return statement.where(
        or_(
            Competition.organisation_id.in_(actor.organisation_ids(kind="care_operator")),
            Vehicle.organisation_id.in_(actor.organisation_ids(kind="purchasing_centre")),
            _asked_of(actor),
        )
    )


def _asked_of(actor: Actor) -> Any:
    asked = exists().where(
        CompetitionOffer.competition_id == Competition.id, CompetitionOffer.contract_id == Contract.id,
        Contract.holder_id == Provider.id, Provider.organisation_id.in_(actor.organisation_ids(kind="provider")),
    )  # fmt: skip
    return asked.correlate(Competition)


def get_competition(session: Session, actor: Actor, competition_id: UUID) -> Competition:
    """The competition; NotFound when there is none or the actor may not see it."""
    found = session.scalars(visible_competitions(actor).where(Competition.id == competition_id)).one_or_none()
    if found is None:
        raise NotFound("competition")
    return found


def lock_competition(session: Session, competition_id: UUID) -> Competition:
    """The competition's row locked, as it is once the lock is held; asked after `get_competition`.

    It comes before contracts and envelopes: whoever holds those never waits for a competition.
    """
    statement = select(Competition).where(Competition.id == competition_id).with_for_update(key_share=True)
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


def list_competitions(
    session: Session, actor: Actor, *, status: str | None = None, lot_id: UUID | None = None,
    limit: int = USUAL_PAGE, cursor: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A page of competitions, in the order in which they were opened."""
    statement = visible_competitions(actor)
    if status:
        statement = statement.where(Competition.status == status)
    if lot_id:
        statement = statement.where(Competition.lot_id == lot_id)
    return paginate(session, statement, [Competition.opened_at, Competition.id], limit=limit, cursor=cursor)


def list_newest(session: Session, actor: Actor, limit: int) -> list[Competition]:
    """The newest first."""
    statement = visible_competitions(actor).order_by(Competition.opened_at.desc(), Competition.id.desc())
    return list(session.scalars(statement.limit(limit)))


def list_offers(session: Session, competition_id: UUID, *, fresh: bool = False) -> list[CompetitionOffer]:
    """Every holder asked, by rank of its contract, whatever it answered: for those who decide, never for a reader."""
    statement = (
        select(CompetitionOffer)
        .join(CompetitionOffer.contract)
        .join(Contract.holder)
        .options(contains_eager(CompetitionOffer.contract).contains_eager(Contract.holder))
        .where(CompetitionOffer.competition_id == competition_id)
        .order_by(Contract.rank, Contract.id)
    )
    options = {"populate_existing": True} if fresh else {}
    return list(session.scalars(statement, execution_options=options))


def list_unanswered(session: Session, actor: Actor, limit: int) -> list[tuple[Competition, UUID]]:
    """Open competitions that the actor's firms did not answer since they were last asked, with their contract.

    First to close first. Who declined in an earlier round is asked again, and has not answered.
    """
    own = actor.organisation_ids(("admin", "signatory", "contributor"), kind="provider")
    statement = (
        visible_competitions(actor)
        .join(CompetitionOffer, CompetitionOffer.competition_id == Competition.id)
        .join(Contract, Contract.id == CompetitionOffer.contract_id)
        .join(Provider, Provider.id == Contract.holder_id)
        .where(
            Competition.status == "open", Provider.organisation_id.in_(own),
            or_(CompetitionOffer.answered_at.is_(None), CompetitionOffer.answered_at < CompetitionOffer.asked_at),
        )
        .add_columns(CompetitionOffer.contract_id)
        .order_by(Competition.closes_at, Competition.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def list_to_decide(session: Session, actor: Actor, limit: int) -> list[Competition]:
    """Competitions of the actor's organisations whose deadline is past and that wait for its decision."""
    own = actor.organisation_ids(("admin", "signatory", "buyer", "contributor"), kind="care_operator")
    statement = visible_competitions(actor).where(
        Competition.organisation_id.in_(own), Competition.status.in_(("to_decide", "unanswered"))
    )
    return list(session.scalars(statement.order_by(Competition.closes_at, Competition.id).limit(limit)))


def framework_of(session: Session, lot_id: UUID) -> Framework:
    """What the lot's framework allows; the usual one until its centre says otherwise."""
    row = session.get(CompetitionFramework, lot_id)
    return Framework() if row is None else row.value


def get_competing_lot(session: Session, actor: Actor, lot_id: UUID) -> Lot:
    """A lot whose holders compete for each order, for whoever may see one of its contracts; NotFound for any other."""
    statement = visible_contracts(actor).where(Contract.lot_id == lot_id, Contract.holder_selection == "mini_competition")
    contract = session.scalars(statement.limit(1)).one_or_none()
    if contract is None:
        raise NotFound("lot")
    return contract.lot


def ceiling_of(session: Session, competition: Competition, contract_id: UUID) -> Decimal:
    """The most a holder may ask, mobilisation included: the site's price on its contract today, amended and indexed."""
    member = find_contract_member(session, contract_id, competition.establishment_id)
    if member is None:
        raise NotFound("contract")
    price = _price_due(session, session.get_one(Contract, contract_id), member)
    return indexed(price, factors_on(session, [contract_id], clock.today()).get(contract_id, UNREVISED))


def _price_due(session: Session, contract: Contract, member: ContractMember) -> Decimal:
    """A member's price before indexation, from the last grid due today whether or not it was brought into force."""
    today = clock.today()
    due = [each.changes["grid"]["after"] for each in list_waiting(session, [contract], today) if "grid" in each.changes]
    if not due or (member.until is not None and member.until < today):
        return member.unit_price
    region = regions_of(session, [member.establishment_id])[member.establishment_id]
    return contract.unit_price_in(region, thaw_grid(due[-1]))


def count_on(session: Session, lot_id: UUID) -> int:
    """How many competitions were opened on a lot."""
    return session.scalar(select(func.count()).select_from(Competition).where(Competition.lot_id == lot_id)) or 0
