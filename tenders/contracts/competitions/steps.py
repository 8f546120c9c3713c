"""Steps of a mini-competition: who can be asked, and how the answers rank on the ground of the moment."""
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from marketplace.platform import clock
from marketplace.platform.errors import Sentence
from tenders.contracts.competitions.models import Competition, CompetitionOffer
from tenders.contracts.competitions.rules.ranking import Offer, Ranking, rank_offers
from tenders.contracts.models import Contract
from tenders.contracts.ordering.queries.ground import Ground
from tenders.contracts.ordering.rules.holders import Holder, Passed, no_holder, why_not
from tenders.contracts.ordering.rules.placing import not_active
from tenders.contracts.ordering.steps import Ask, check_some_room, holder_of


@dataclass(frozen=True)
class Asked:
    """The contracts whose holders are asked for a price, and the others with what hinders them today."""

    contracts: tuple[Contract, ...]
    left_out: tuple[tuple[Contract, Sentence], ...]


def ask_of(competition: Competition) -> Ask:
    """The competition's need as orders read it; delivered from today at the earliest."""
    return Ask(
        str(competition.id), competition.establishment_id, competition.lot_id, competition.quantity,
        max(competition.starts_on, clock.today()), competition.purchase_order_reference, _note(competition),
    )  # fmt: skip


def _note(competition: Competition) -> str | None:
    written = [each for each in (competition.places, competition.remarks) if each]
    return "\n".join(written) or None


def who_is_asked(ground: Ground, ask: Ask) -> Asked:
    """Every holder that could be given this order today: contract in force, certificates valid, room left.

    RuleBroken `envelope_exhausted` when all of them lack room, `no_holder_available` with each one's reason.
    """
    contracts = ground.contracts[ask.lot_id]
    holders = [holder_of(ground, each, ask) for each in contracts]
    reasons = {each.contract_id: why for each in holders if (why := why_not(each, ask.quantity))}
    if len(reasons) == len(holders):
        check_some_room(contracts, holders, ask)
        raise no_holder([Passed(each.contract_id, reasons[each.contract_id]) for each in holders], holders)
    return Asked(
        tuple(each for each in contracts if each.id not in reasons),
        tuple((each, reasons[each.id]) for each in contracts if each.id in reasons),
    )


def ranking_of(ground: Ground, competition: Competition, offers: Sequence[CompetitionOffer]) -> Ranking:
    """The answers ranked; whoever could not be given the order today is left out with the reason. Refusals of `rank_offers`."""
    ask = ask_of(competition)
    contracts = {each.id: each for each in ground.contracts[ask.lot_id]}
    holders = {key: holder_of(ground, each, ask) for key, each in contracts.items()}
    priced = [holders[each.contract_id] for each in offers if each.unit_price is not None and each.contract_id in holders]
    check_some_room(list(contracts.values()), priced, ask)
    return rank_offers([_value(offer, holders, ask) for offer in offers], competition.judged_on)


def _value(offer: CompetitionOffer, holders: dict[UUID, Holder], ask: Ask) -> Offer:
    holder = holders.get(offer.contract_id)
    hindrance = not_active().sentence if holder is None else why_not(holder, ask.quantity)
    scores = {code: Decimal(given["score"]) for code, given in offer.scores.items()}
    return Offer(
        offer.contract_id, offer.contract.holder.name, offer.whole_price, offer.answered_at, offer.contract.rank, scores,
        hindrance,
    )  # fmt: skip
