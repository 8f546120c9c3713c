"""Use cases of the holders asked: give a price or decline, and change it until the deadline. Nobody is told of either."""
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import N_, BadInput, NotFound
from marketplace.platform.money import round_cents
from marketplace.platform.permissions import Actor, require
from tenders.contracts.competitions import queries
from tenders.contracts.competitions.models import Competition, CompetitionOffer
from tenders.contracts.competitions.rules.pricing import check_offered_price, whole_price
from tenders.contracts.competitions.rules.states import check_act
from tenders.contracts.competitions.sights import is_own
from tenders.contracts.ordering.services.approving import written_reason


def answer_competition(
    actor: Actor, competition_id: UUID, contract_id: UUID, *, unit_price: Decimal, mobilisation: Decimal = Decimal(0),
    remarks: str | None = None,
) -> CompetitionOffer:  # fmt: skip
    """Give a price per unit and period, and a mobilisation, euros excluding VAT; sent again it replaces the first.

    RuleBroken `offer_above_contract`, `answer_too_late`; BadInput for a mobilisation finer than cents.
    """
    with transaction() as session:
        competition, offer, now = _to_answer(session, actor, competition_id, contract_id)
        if round_cents(mobilisation) != mobilisation:
            raise BadInput({"mobilisation": [N_("Écrivez la mise en service en euros et centimes.")]})
        whole = whole_price(unit_price, mobilisation, competition.quantity, offer.periods)
        check_offered_price(whole, queries.ceiling_of(session, competition, contract_id))
        offer.unit_price, offer.mobilisation, offer.whole_price = unit_price, mobilisation, whole
        offer.remarks, offer.decline_reason = (remarks or "").strip() or None, None
        return _answered(session, actor, competition, offer, now)


def decline_competition(actor: Actor, competition_id: UUID, contract_id: UUID, reason: str) -> CompetitionOffer:
    """Give no price, with the reason; until the deadline a price may still replace it. BadInput without a reason."""
    with transaction() as session:
        competition, offer, now = _to_answer(session, actor, competition_id, contract_id)
        offer.decline_reason = written_reason(reason)
        offer.unit_price = offer.mobilisation = offer.whole_price = offer.remarks = None
        return _answered(session, actor, competition, offer, now)


def _to_answer(
    session: Session, actor: Actor, competition_id: UUID, contract_id: UUID
) -> tuple[Competition, CompetitionOffer, datetime]:
    """The competition locked, the answer of a holder that was asked, and the moment; NotFound for anybody else's.

    Whoever decides waits for the same lock, so that an answer given in time is never missed.
    """
    queries.get_competition(session, actor, competition_id)
    offer = session.get(CompetitionOffer, (competition_id, contract_id))
    if offer is None or not is_own(actor, offer):
        raise NotFound("competition_offer")
    require(actor, "competition.answer", provider=offer.contract.holder.organisation_id)
    competition = queries.lock_competition(session, competition_id)
    session.refresh(offer)
    now = clock.now()  # before the state is looked at: what passes is in time
    check_act("answer", competition.status, competition.closes_at)
    return competition, offer, now


def _answered(
    session: Session, actor: Actor, competition: Competition, offer: CompetitionOffer, now: datetime
) -> CompetitionOffer:
    offer.answered_at, offer.answered_by = now, actor.user_id
    session.flush()
    # Neither the price nor whether there is one: the journal is read before the deadline too.
    audit.record(
        session, actor, "competition.answered", "competition", competition.id,
        organisation_id=offer.contract.holder.organisation_id, after={"contract_id": offer.contract_id},
    )  # fmt: skip
    return offer
