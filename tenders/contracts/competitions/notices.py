"""Who is told what about a mini-competition; nothing said before the deadline tells who answered, or what."""
from collections.abc import Sequence
from typing import Any

from marketplace.notifications.services import Telling
from marketplace.platform.errors import N_, Sentence
from tenders.contracts.competitions import messages
from tenders.contracts.competitions.models import Competition, CompetitionOffer
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.notices import reference_of as order_reference
from tenders.demand.words import unit_of

messages.register_all()

NOBODY = N_("Aucun titulaire n'a donné de prix : consultés {asked}, refus {declined}, sans réponse {silent}.")


def reference_of(competition: Competition) -> str:
    """How a competition is called on paper."""
    return f"MC-{competition.lot.code}-{competition.number:03d}"


def nobody_answered(offers: Sequence[CompetitionOffer]) -> Sentence:
    """Why a competition ends without an order."""
    declined = sum(each.decline_reason is not None for each in offers)
    values = {"asked": len(offers), "declined": declined, "silent": len(offers) - declined}
    return Sentence("no_price_received", NOBODY, values)


def _about(competition: Competition) -> dict[str, Any]:
    return {
        "competition_id": str(competition.id), "reference": reference_of(competition), "lot": competition.lot.title,
        "establishment": competition.establishment.name, "organisation": competition.organisation.name,
        "quantity": competition.quantity, "unit": unit_of(competition.unit, competition.quantity),
        "starts_on": competition.starts_on, "closes_at": competition.closes_at,
    }  # fmt: skip


def _to_holder(template: str, competition: Competition, offer: CompetitionOffer, **more: Any) -> Telling:
    organisation_id = offer.contract.holder.organisation_id
    return Telling(template, {**_about(competition), **more}, organisation_ids=[organisation_id])


def opened(competition: Competition, offers: Sequence[CompetitionOffer]) -> list[Telling]:
    """To each holder asked, by itself: it does not learn who else is."""
    return [_to_holder("competition_opened", competition, offer) for offer in offers]


def to_decide(competition: Competition, offers: Sequence[CompetitionOffer]) -> Telling:
    """To those who ask, once the deadline is past."""
    answers = sum(each.unit_price is not None for each in offers)
    values = {**_about(competition), "answers": answers, "asked": len(offers)}
    return Telling("competition_to_decide", values, organisation_ids=[competition.organisation_id])


def unanswered(competition: Competition, why: Sentence) -> Telling:
    """To those who ask, and to the centre whose contracts got no answer."""
    parties = [competition.organisation_id, competition.lot.vehicle.organisation_id]
    return Telling("competition_unanswered", {**_about(competition), "why": why}, organisation_ids=parties)


def awarded(competition: Competition, offers: Sequence[CompetitionOffer], order: CallOff, reasons: Any) -> list[Telling]:
    """To each holder that gave a price: why it wins, or why not. `reasons`: Sentence by contract."""
    told = []
    for offer in offers:
        if offer.unit_price is None:
            continue
        why = reasons[offer.contract_id]
        if offer.contract_id == order.contract_id:
            told.append(_to_holder("competition_won", competition, offer, why=why, order=order_reference(order)))
        else:
            told.append(_to_holder("competition_lost", competition, offer, why=why))
    return told


def cancelled(competition: Competition, offers: Sequence[CompetitionOffer], reason: str) -> list[Telling]:
    """To each holder asked."""
    return [_to_holder("competition_cancelled", competition, offer, reason=reason) for offer in offers]
