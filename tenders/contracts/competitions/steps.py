"""Steps of a mini-competition: who can be asked, and how the answers rank on the ground of the moment."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from marketplace.platform import clock
from marketplace.platform.errors import Sentence
from tenders.contracts.competitions.models import Competition, CompetitionOffer
from tenders.contracts.competitions.rules.pricing import whole_price
from tenders.contracts.competitions.rules.ranking import Offer, Ranking, rank_offers
from tenders.contracts.competitions.rules.states import check_act, may, once_closed
from tenders.contracts.models import Contract
from tenders.contracts.ordering.queries.ground import Ground
from tenders.contracts.ordering.rules.holders import Holder, Passed, no_holder, why_not
from tenders.contracts.ordering.rules.placing import not_active
from tenders.contracts.ordering.rules.pricing import Price
from tenders.contracts.ordering.steps import Ask, Offered, check_some_room, holder_of, periods_of, price_of_ask

LOWEST_PRICE: Final = Decimal("0.0001")
"""The lowest price above nothing that can be offered, euros per unit and period."""


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


def may_reopen(competition: Competition, offers: Sequence[CompetitionOffer]) -> bool:
    """Whether it can be opened again: its deadline is past and nobody gave a price."""
    return may("reopen", _once_closed(competition, offers))


def check_reopening(competition: Competition, offers: Sequence[CompetitionOffer]) -> None:
    """Refuse to open again what is not over, or has a price. RuleBroken `competition_not_possible_now`."""
    check_act("reopen", _once_closed(competition, offers), competition.closes_at)


def _once_closed(competition: Competition, offers: Sequence[CompetitionOffer]) -> str:
    return once_closed(competition.status, has_price=any(each.unit_price is not None for each in offers))


def who_is_asked(ground: Ground, ask: Ask) -> Asked:
    """Every holder that could be given this order today: contract in force, certificates valid, room left.

    Nobody knows the price yet: a maximum in euros hinders only where even the lowest price would go beyond it.
    RuleBroken `envelope_exhausted` when all of them lack room, `no_holder_available` with each one's reason.
    """
    contracts = ground.contracts[ask.lot_id]
    cheapest = replace(ask, offered=Offered(LOWEST_PRICE))
    holders = [holder_of(ground, each, cheapest) for each in contracts]
    reasons = {each.contract_id: why for each in holders if (why := why_not(each, ask.quantity))}
    if len(reasons) == len(holders):
        check_some_room(contracts, holders, ask)
        raise no_holder([Passed(each.contract_id, reasons[each.contract_id]) for each in holders], holders)
    return Asked(
        tuple(each for each in contracts if each.id not in reasons),
        tuple((each, reasons[each.id]) for each in contracts if each.id in reasons),
    )


@dataclass(frozen=True)
class Standing:
    """An offer on the ground of the moment: the order as it would be asked, its holder, and what it would cost.

    `price` is None when the holder gave none, or can be given nothing today.
    """

    ask: Ask
    holder: Holder
    price: Price | None


def standings_of(ground: Ground, competition: Competition, offers: Sequence[CompetitionOffer]) -> dict[UUID, Standing]:
    """By contract, what each offer means today; without the contracts that are not in force any more.

    The mobilisation is spread over the periods left today, however the term moved since the offer: it is paid once.
    """
    contracts = {each.id: each for each in ground.contracts[competition.lot_id]}
    ask = ask_of(competition)
    return {
        each.contract_id: _standing(ground, contracts[each.contract_id], ask, each)
        for each in offers if each.contract_id in contracts
    }  # fmt: skip


def _standing(ground: Ground, contract: Contract, ask: Ask, offer: CompetitionOffer) -> Standing:
    if offer.unit_price is None:
        return Standing(ask, holder_of(ground, contract, ask), None)
    periods = max(1, periods_of(contract, ask.starts_on))
    whole = whole_price(offer.unit_price, offer.mobilisation or Decimal(0), ask.quantity, periods)
    asked = replace(ask, offered=Offered(whole))
    holder = holder_of(ground, contract, asked)
    return Standing(asked, holder, price_of_ask(ground, contract, asked) if holder.hindrance is None else None)


def ranking_of(
    competition: Competition, offers: Sequence[CompetitionOffer], standings: Mapping[UUID, Standing]
) -> Ranking:
    """The answers ranked at what they would cost; who could not be given the order today is left out with the reason.

    RuleBroken `envelope_exhausted`, and the refusals of `rank_offers`.
    """
    priced = [each.holder for each in standings.values() if each.ask.offered is not None]
    check_some_room([each.contract for each in offers], priced, ask_of(competition))
    return rank_offers([_value(offer, standings.get(offer.contract_id)) for offer in offers], competition.judged_on)


def _value(offer: CompetitionOffer, standing: Standing | None) -> Offer:
    hindrance = not_active().sentence if standing is None else why_not(standing.holder, standing.ask.quantity)
    price = offer.whole_price if standing is None or standing.price is None else standing.price.unit_price
    scores = {code: Decimal(given["score"]) for code, given in offer.scores.items()}
    return Offer(
        offer.contract_id, offer.contract.holder.name, price, offer.answered_at, offer.contract.rank, scores, hindrance,
    )  # fmt: skip
