"""Use cases after the deadline: score what is not a price, and give the order to the first of the ranking."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.notifications.services import tell_many
from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import NotFound, Sentence
from marketplace.platform.facts import pack
from marketplace.platform.idempotency import RequestKey, claim, remember
from marketplace.platform.permissions import Actor, require
from tenders.contracts.competitions import notices, queries
from tenders.contracts.competitions.models import Competition, CompetitionOffer
from tenders.contracts.competitions.rules.criteria import PRICE
from tenders.contracts.competitions.rules.ranking import Ranking, check_score, check_winner
from tenders.contracts.competitions.rules.states import check_act
from tenders.contracts.competitions.steps import Standing, ranking_of, standings_of
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.queries.ground import lock_ground
from tenders.contracts.ordering.rules.holders import Choice
from tenders.contracts.ordering.steps import Ask, Offered, place_orders


@dataclass(frozen=True)
class Score:
    """What the buyer gives one offer on one criterion of quality: 0 to 20, and why."""

    contract_id: UUID
    criterion: str
    score: Decimal
    reason: str


def score_offers(actor: Actor, competition_id: UUID, scores: Sequence[Score]) -> Competition:
    """Score the offers on quality, together; given again a score replaces the first.

    RuleBroken `offers_still_sealed`, `score_out_of_range`, `score_without_reason`; NotFound for an offer without a
    price or an unknown criterion.
    """
    with transaction() as session:
        competition = _to_decide(session, actor, competition_id)
        labels = {each.code: each.label or "" for each in competition.judged_on if each.code != PRICE}
        offers = {each.contract_id: each for each in queries.list_offers(session, competition_id, fresh=True)}
        for given in scores:
            offer = offers.get(given.contract_id)
            if offer is None or offer.unit_price is None or given.criterion not in labels:
                raise NotFound("criterion")
            check_score(given.score, given.reason, labels[given.criterion])
            written = {"score": f"{given.score:f}", "reason": given.reason.strip()}
            offer.scores = {**offer.scores, given.criterion: written}
        competition.version += 1
        session.flush()
        audit.record(
            session, actor, "competition.scored", "competition", competition_id,
            organisation_id=competition.organisation_id,
            after={"scores": {str(each.contract_id): each.scores for each in offers.values() if each.scores}},
        )  # fmt: skip
        return competition


def award_competition(
    actor: Actor, competition_id: UUID, contract_id: UUID, note: str | None = None, *, key: RequestKey | None = None
) -> Competition:
    """Order from the first of the ranking, named by `contract_id` as it was read, at the price it offered.

    The order is placed like any other: envelope, certificates, approval limits. Everybody who answered is told why.
    Order of locks: the competition, its lot's contracts, their envelope; two awards at once wait for the first, and the
    second is refused. RuleBroken `offers_still_sealed`, `competition_not_possible_now`, `award_follows_ranking`, those of
    rules/ranking.py and of placing an order.
    """
    with transaction() as session:
        done = claim(session, actor, key)
        if done is not None:
            return queries.get_competition(session, actor, UUID(done["competition"]))
        competition = _to_decide(session, actor, competition_id)
        require(actor, "call_off.place", own=competition.organisation_id)
        ground = lock_ground(session, [competition.lot_id], {competition.establishment_id})
        offers = {each.contract_id: each for each in queries.list_offers(session, competition_id, fresh=True)}
        standings = standings_of(ground, competition, list(offers.values()))
        ranking = ranking_of(competition, list(offers.values()), standings)
        check_winner(ranking, contract_id, {key: each.contract.holder.name for key, each in offers.items()})
        ask = _won(standings[contract_id].ask, ranking)
        (order,) = place_orders(session, actor, competition.organisation_id, ground, [ask])
        _keep_prices(offers, standings)
        reasons = _write(session, actor, competition, ranking, offers, order)
        competition.award_note = (note or "").strip() or None
        session.flush()
        _record(session, actor, competition, ranking)
        tell_many(session, notices.awarded(competition, list(offers.values()), order, reasons))
        remember(session, actor, key, competition=str(competition.id))
        return competition


def _to_decide(session: Session, actor: Actor, competition_id: UUID) -> Competition:
    competition = queries.get_competition(session, actor, competition_id)
    require(actor, "competition.decide", own=competition.organisation_id)
    competition = queries.lock_competition(session, competition_id)
    check_act("decide", competition.status, competition.closes_at)
    return competition


def _won(ask: Ask, ranking: Ranking) -> Ask:
    """The order as it was ranked, with why it goes to the first."""
    best = ranking.best
    choice = Choice(best.contract_id, best.reason, ranking.passed)
    return replace(ask, offered=None if ask.offered is None else Offered(ask.offered.unit_price, choice))


def _keep_prices(offers: Mapping[UUID, CompetitionOffer], standings: Mapping[UUID, Standing]) -> None:
    """What was ranked stays readable beside each offer, whatever becomes of its contract later."""
    for contract_id, standing in standings.items():
        if standing.price is not None:
            offer = offers[contract_id]
            offer.whole_price, offer.periods = standing.price.unit_price, standing.price.periods


def _write(
    session: Session, actor: Actor, competition: Competition, ranking: Ranking, offers: Mapping[UUID, CompetitionOffer],
    order: CallOff,
) -> dict[UUID, Sentence]:  # fmt: skip
    """Places and reasons beside the offers, and the order beside the competition; the reason of each by contract."""
    reasons = {each.contract_id: each.reason for each in ranking.ranked}
    reasons |= {each.contract_id: each.reason for each in ranking.passed}
    for ranked in ranking.ranked:
        offer = offers[ranked.contract_id]
        offer.position, offer.points = ranked.position, ranked.points
        offer.marks = {code: f"{mark:f}" for code, mark in ranked.by_criterion.items()}
    for contract_id, reason in reasons.items():
        offers[contract_id].reason = pack(reason)
    competition.awarded_at, competition.awarded_by, competition.call_off_id = clock.now(), actor.user_id, order.id
    competition.next_check_at = None
    competition.version += 1
    return reasons


def _record(session: Session, actor: Actor, competition: Competition, ranking: Ranking) -> None:
    audit.record(
        session, actor, "competition.awarded", "competition", competition.id,
        organisation_id=competition.organisation_id,
        after={
            "call_off_id": competition.call_off_id, "contract_id": ranking.best.contract_id,
            "ranking": [{"contract_id": each.contract_id, "points": each.points} for each in ranking.ranked],
            "passed": [{"contract_id": each.contract_id, "why": each.reason.code} for each in ranking.passed],
        },
    )  # fmt: skip
