"""Who wins a mini-competition, by points on 100, and why each other holder does not.

Price: its weight × lowest price / price (domain §4, proportional). Quality: its weight × score / 20. Equal points: the
lower price, then who answered first, then the better rank on the lot. Points are compared exactly, and said rounded.
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final
from uuid import UUID

from marketplace.platform.errors import N_, RuleBroken, Sentence
from tenders.contracts.competitions.rules.criteria import HIGHEST_SCORE, PRICE, Criterion
from tenders.contracts.ordering.rules.holders import Passed, of_holder


@dataclass(frozen=True)
class Offer:
    """A holder's answer. `unit_price` is whole (mobilisation included), euros excluding VAT; None: it gave no price.

    `scores` from 0 to 20 by criterion. `hindrance`: why its holder cannot be given the order today, in words.
    """

    contract_id: UUID
    name: str
    unit_price: Decimal | None = None
    answered_at: datetime | None = None
    rank: int = 1
    scores: Mapping[str, Decimal] = field(default_factory=dict)
    hindrance: Sentence | None = None


@dataclass(frozen=True)
class Ranked:
    """An offer in its place. `points` on 100 with two decimals, in all and by criterion."""

    contract_id: UUID
    position: int
    points: Decimal
    by_criterion: Mapping[str, Decimal]
    reason: Sentence


@dataclass(frozen=True)
class Ranking:
    """Offers from the best, and who is not among them, each with its reason."""

    ranked: tuple[Ranked, ...]
    passed: tuple[Passed, ...] = ()

    @property
    def best(self) -> Ranked:
        """Who gets the order."""
        return self.ranked[0]


def rank_offers(offers: Sequence[Offer], criteria: Sequence[Criterion]) -> Ranking:
    """The ranking of what holders answered; the order of `offers` does not matter.

    RuleBroken `no_offer_received`, `no_offer_possible` with each reason, `scores_missing` with who and what.
    """
    passed = tuple(Passed(each.contract_id, why) for each in offers if (why := _why_not(each)))
    left_out = {each.contract_id for each in passed}
    judged = [each for each in offers if each.contract_id not in left_out]
    if not judged:
        raise _nobody(offers, passed)
    _check_scores(judged, criteria)
    lowest = min(_price(each) for each in judged)
    marks = {each.contract_id: {one.code: _mark(each, one, lowest) for one in criteria} for each in judged}
    points = {contract_id: sum(found.values(), Fraction(0)) for contract_id, found in marks.items()}
    order = sorted(judged, key=lambda each: (-points[each.contract_id], *_tie_break(each)))
    ranked = tuple(
        Ranked(
            each.contract_id, position, rounded(points[each.contract_id]),
            {code: rounded(mark) for code, mark in marks[each.contract_id].items()},
            _reason(position, order, points, criteria, asked=len(offers)),
        )
        for position, each in enumerate(order, 1)
    )  # fmt: skip
    return Ranking(ranked, passed)


def check_winner(ranking: Ranking, contract_id: UUID, names: Mapping[UUID, str]) -> None:
    """The order goes to the first of the ranking and to nobody else. RuleBroken `award_follows_ranking`."""
    if ranking.best.contract_id != contract_id:
        raise RuleBroken(
            "award_follows_ranking",
            "La commande va au premier du classement, et c'est maintenant {holder} : relisez le classement, puis attribuez.",
            holder=names[ranking.best.contract_id],
        )


def check_score(score: Decimal, reason: str, label: str) -> None:
    """A score of quality is between 0 and 20, in tenths, and says why.

    RuleBroken `score_out_of_range`, `score_without_reason`.
    """
    if not 0 <= score <= HIGHEST_SCORE or score != round(score, 1):
        raise RuleBroken(
            "score_out_of_range", "Notez « {label} » de 0 à {highest}, au dixième.",
            label=label, highest=HIGHEST_SCORE,
        )  # fmt: skip
    if not reason.strip():
        raise RuleBroken(
            "score_without_reason", "Écrivez pourquoi cette note pour « {label} » : le titulaire la lira.", label=label
        )


def rounded(points: Fraction) -> Decimal:
    """Points with two decimals, half-up."""
    return (Decimal(points.numerator) / points.denominator).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _why_not(offer: Offer) -> Sentence | None:
    if offer.answered_at is None:
        return SILENT
    return DECLINED if offer.unit_price is None else offer.hindrance


def _nobody(offers: Sequence[Offer], passed: Sequence[Passed]) -> RuleBroken:
    if all(each.unit_price is None for each in offers):
        return RuleBroken(
            "no_offer_received",
            "Aucun titulaire n'a donné de prix : rouvrez la mise en concurrence avec un autre délai, ou prévenez la centrale.",
        )
    names = {each.contract_id: each.name for each in offers}
    reasons = {f"reason_{place}": of_holder(names[each.contract_id], each.reason) for place, each in enumerate(passed)}
    return RuleBroken(
        "no_offer_possible",
        "Aucun des titulaires qui ont répondu ne peut prendre cette commande aujourd'hui. {reasons} Prévenez la centrale.",
        reasons=Sentence("offers_passed", " ".join(f"{{{name}}}" for name in reasons), reasons),
    )


def _check_scores(judged: Sequence[Offer], criteria: Sequence[Criterion]) -> None:
    for offer in judged:
        for one in criteria:
            if one.code != PRICE and one.code not in offer.scores:
                raise RuleBroken(
                    "scores_missing",
                    "Notez d'abord toutes les offres : il manque « {label} » pour {holder}.",
                    label=one.label, holder=offer.name,
                )  # fmt: skip


def _price(offer: Offer) -> Fraction:
    return Fraction(offer.unit_price or 0)


def _mark(offer: Offer, criterion: Criterion, lowest: Fraction) -> Fraction:
    if criterion.code != PRICE:
        return criterion.weight * Fraction(offer.scores[criterion.code]) / HIGHEST_SCORE
    price = _price(offer)
    # A price of nothing is the best there is, and leaves nothing to be proportional to.
    return Fraction(criterion.weight) if price == lowest else criterion.weight * lowest / price


def _tie_break(offer: Offer) -> tuple[Fraction, datetime | None, int, str]:
    return _price(offer), offer.answered_at, offer.rank, str(offer.contract_id)


def _reason(
    position: int, order: Sequence[Offer], points: Mapping[UUID, Fraction], criteria: Sequence[Criterion], *, asked: int
) -> Sentence:
    best, offer = order[0], order[position - 1]
    own, highest = points[offer.contract_id], points[best.contract_id]
    if position > 1:
        values = {
            "position": position, "offers": len(order), "points": rounded(own), "best": rounded(highest),
            "winner": best.name,
        }  # fmt: skip
        lost = Sentence("offer_not_best", NOT_BEST, values)
        return _with_tie(lost, _tie(best, offer)) if own == highest else lost
    values = {
        "holder": offer.name, "price": offer.unit_price, "offers": len(order), "asked": asked, "points": rounded(own),
    }  # fmt: skip
    won = Sentence("chosen_by_competition", BY_PRICE if len(criteria) == 1 else BY_POINTS, values)
    tied = len(order) > 1 and points[order[1].contract_id] == own
    return _with_tie(won, _tie(offer, order[1])) if tied else won


def _with_tie(said: Sentence, tie: Sentence) -> Sentence:
    return Sentence(said.code, SAID_WITH_TIE, {"said": said, "tie": tie})


def _tie(best: Offer, other: Offer) -> Sentence:
    if best.unit_price != other.unit_price:
        return BY_LOWER_PRICE
    return BY_FIRST_ANSWER if best.answered_at != other.answered_at else BY_RANK


BY_PRICE: Final = N_("{holder} propose le prix le plus bas : {price} € HT (prix reçus : {offers} sur {asked}).")
BY_POINTS: Final = N_("{holder} a le plus de points : {points} sur 100 (offres reçues : {offers} sur {asked}).")
NOT_BEST: Final = N_("Rang {position} sur {offers} : {points} points sur 100, contre {best} pour {winner}.")
SAID_WITH_TIE: Final = " ".join(("{said}", "{tie}"))
BY_LOWER_PRICE: Final = Sentence("tie_by_price", N_("À points égaux, le prix le plus bas l'emporte."))
BY_FIRST_ANSWER: Final = Sentence("tie_by_time", N_("À points et prix égaux, la réponse arrivée la première l'emporte."))
BY_RANK: Final = Sentence("tie_by_rank", N_("À points, prix et heure égaux, le meilleur rang sur le lot l'emporte."))
SILENT: Final = Sentence("holder_silent", N_("n'a pas répondu."))
DECLINED: Final = Sentence("holder_declined", N_("a décliné."))
