"""Mini-competitions: criteria of the framework, a sufficient time, prices under the contract's, ranking with its reasons."""
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.errors import RuleBroken, Sentence
from marketplace.platform.i18n import sentence
from tenders.contracts.competitions.rules.criteria import Criterion, Framework, check_framework, criteria_of
from tenders.contracts.competitions.rules.deadline import check_deadline
from tenders.contracts.competitions.rules.pricing import check_offered_price, whole_price
from tenders.contracts.competitions.rules.ranking import Offer, check_score, check_winner, rank_offers
from tenders.contracts.competitions.rules.states import STATUSES, check_act, is_sealed, once_closed, status_of

A, B, C = (UUID(int=number) for number in (1, 2, 3))
NAMES = {A: "Argile", B: "Brume", C: "Cèdre"}
NOW = datetime(2027, 6, 7, 9, tzinfo=UTC)
EXPIRED = Sentence("certificate_expired", "Le certificat est échu.")
PRICE = (Criterion("price", 100),)
MIXED = (Criterion("price", 60), Criterion("quality_1", 40, "Délai d'intervention"))


def refusal(call, *arguments, **named) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        call(*arguments, **named)
    return caught.value


def answer(contract: UUID, price: str | None, minutes: int = 0, **facts: object) -> Offer:
    at = NOW + timedelta(minutes=minutes)
    return Offer(contract, NAMES[contract], Decimal(price) if price else None, at, contract.int, **facts)


@pytest.mark.parametrize(
    ("status", "has_price", "expected"),
    [("to_decide", False, "unanswered"), ("to_decide", True, "to_decide"), ("open", False, "open"),
     ("awarded", True, "awarded"), ("cancelled", False, "cancelled")],
)  # fmt: skip
def test_past_its_deadline_without_a_price_it_may_be_opened_again_before_anybody_looked(status, has_price, expected):
    assert once_closed(status, has_price=has_price) == expected


def test_the_price_alone_is_judged_where_the_framework_names_nothing_else():
    assert criteria_of(Framework(), {}) == PRICE
    assert check_framework(7, 40, []) == Framework(7, 100, ())
    assert refusal(criteria_of, Framework(), {"Délai": 10}).code == "criterion_not_in_framework"


def test_the_price_takes_what_the_qualities_leave_and_never_too_little():
    framework = check_framework(10, 50, ["  Délai  d'intervention ", "Réversibilité", ""])
    assert framework.qualities == ("Délai d'intervention", "Réversibilité")
    chosen = criteria_of(framework, {"Réversibilité": 20})
    assert chosen == (Criterion("price", 80), Criterion("quality_2", 20, "Réversibilité"))
    refused = refusal(criteria_of, framework, {"Réversibilité": 30, "Délai d'intervention": 21})
    assert (refused.code, refused.details["left"]) == ("price_weighs_too_little", 49)
    assert refusal(criteria_of, framework, {"Réversibilité": -5}).code == "price_weighs_too_little"


def test_a_regime_may_ask_for_more_than_the_price():
    framework = Framework(7, 60, ("Délai",))
    refused = refusal(criteria_of, framework, {"Délai": 0}, may_be_price_alone=False)
    assert refused.code == "price_alone_not_allowed"
    assert len(criteria_of(framework, {"Délai": 40}, may_be_price_alone=False)) == 2


@pytest.mark.parametrize(
    ("days", "least", "qualities", "code"),
    [
        (0, 50, [], "answer_days_not_possible"), (61, 50, [], "answer_days_not_possible"),
        (7, 50, ["Délai", "délai"], "qualities_not_possible"), (7, 50, list("abcdef"), "qualities_not_possible"),
        (7, 50, ["x" * 81], "qualities_not_possible"), (7, 0, ["Délai"], "least_price_not_possible"),
        (7, 101, ["Délai"], "least_price_not_possible"),
    ],
)  # fmt: skip
def test_a_framework_nobody_could_work_with_is_refused(days, least, qualities, code):
    assert refusal(check_framework, days, least, qualities).code == code


def test_holders_have_full_days_and_the_delivery_comes_after():
    closes_at = NOW + timedelta(days=7)
    facts = {"closes_on": closes_at.date(), "starts_on": date(2027, 6, 20)}
    check_deadline(NOW, closes_at, 7, **facts)
    short = refusal(check_deadline, NOW, closes_at - timedelta(seconds=1), 7, **facts)
    assert (short.code, short.details["earliest"]) == ("answer_deadline_too_short", closes_at)
    late = refusal(check_deadline, NOW, closes_at, 7, closes_on=date(2027, 6, 21), starts_on=date(2027, 6, 20))
    assert late.code == "answer_deadline_too_late"


def test_a_holder_may_ask_less_than_its_contract_and_never_more_mobilisation_included():
    check_offered_price(Decimal("4.10"), Decimal("4.10"))
    assert refusal(check_offered_price, Decimal("4.1001"), Decimal("4.10")).code == "offer_above_contract"
    assert whole_price(Decimal("4.00"), Decimal("1200"), 100, 36) == Decimal("4.3333")
    assert whole_price(Decimal("4.00"), Decimal(0), 100, 36) == Decimal("4.0000")


def test_the_lowest_price_wins_and_the_others_read_why():
    ranking = rank_offers([answer(A, "4.10"), answer(B, "3.95"), answer(C, None)], PRICE)
    assert ranking.best.contract_id == B and ranking.best.points == 100
    assert [each.reason.code for each in ranking.ranked] == ["chosen_by_competition", "offer_not_best"]
    assert sentence(ranking.best.reason) == "Brume propose le prix le plus bas : 3,95 € HT (prix reçus : 2 sur 3)."
    assert sentence(ranking.ranked[1].reason) == "Rang 2 sur 2 : 96,34 points sur 100, contre 100 pour Brume."
    assert [(each.reason.code, sentence(each.reason)) for each in ranking.passed] == [("holder_declined", "a décliné.")]


def test_quality_may_outweigh_a_higher_price():
    offers = [answer(A, "4.00", scores={"quality_1": Decimal(10)}), answer(B, "5.00", scores={"quality_1": Decimal("18.5")})]
    ranking = rank_offers(offers, MIXED)
    assert [(each.contract_id, each.points) for each in ranking.ranked] == [(B, Decimal("85.00")), (A, Decimal("80.00"))]
    assert ranking.best.by_criterion == {"price": Decimal("48.00"), "quality_1": Decimal("37.00")}
    assert "85 sur 100" in sentence(ranking.best.reason)


@pytest.mark.parametrize(
    ("first", "second", "winner", "code", "why"),
    [
        (answer(A, "4", 5), answer(B, "4", 2), B, "tie_by_time", "la réponse arrivée la première"),
        (answer(A, "4", 5), answer(B, "4", 5), A, "tie_by_rank", "le meilleur rang"),
    ],
)
def test_equal_offers_are_told_apart_and_it_is_said_how(first, second, winner, code, why):
    ranking = rank_offers([first, second], PRICE)
    assert ranking.best.contract_id == winner and ranking.best.reason.values["tie"].code == code
    assert why in sentence(ranking.best.reason) and why in sentence(ranking.ranked[1].reason)


def test_at_equal_points_the_lower_price_wins():
    offers = [answer(A, "5.00", scores={"quality_1": Decimal(20)}), answer(B, "4.00", 5, scores={"quality_1": Decimal(14)})]
    ranking = rank_offers(offers, MIXED)
    assert [each.points for each in ranking.ranked] == [88, 88] and ranking.best.contract_id == B
    assert ranking.best.reason.values["tie"].code == "tie_by_price"
    assert "le prix le plus bas l'emporte" in sentence(ranking.ranked[1].reason)


def test_a_price_of_nothing_is_the_best_there_is():
    assert [each.points for each in rank_offers([answer(A, "0.0000"), answer(B, "1")], PRICE).ranked] == [100, 0]


def test_who_cannot_take_the_order_today_is_left_out_with_the_reason():
    ranking = rank_offers([answer(A, "1", hindrance=EXPIRED), answer(B, "4"), Offer(C, "Cèdre")], PRICE)
    assert ranking.best.contract_id == B and ranking.best.points == 100
    assert [(each.contract_id, each.reason.code) for each in ranking.passed] == [(A, EXPIRED.code), (C, "holder_silent")]
    nobody = refusal(rank_offers, [answer(A, "1", hindrance=EXPIRED), Offer(C, "Cèdre")], PRICE)
    assert nobody.code == "no_offer_possible" and nobody.details["reasons"].code == "offers_passed"
    assert "Argile : Le certificat est échu." in sentence(nobody)


def test_a_competition_without_a_price_has_no_winner():
    assert refusal(rank_offers, [answer(A, None), Offer(B, "Brume")], PRICE).code == "no_offer_received"


def test_every_offer_is_scored_before_any_is_ranked():
    offers = [answer(A, "4", scores={"quality_1": Decimal(10)}), answer(B, "5")]
    missing = refusal(rank_offers, offers, MIXED)
    assert missing.code == "scores_missing" and missing.details["holder"] == "Brume"


def test_a_score_is_between_0_and_20_and_says_why():
    check_score(Decimal("13.5"), "Quatre heures ouvrées", "Délai")
    for bad in (Decimal("-0.1"), Decimal("20.1"), Decimal("13.55")):
        assert refusal(check_score, bad, "x", "Délai").code == "score_out_of_range"
    assert refusal(check_score, Decimal(13), "  ", "Délai").code == "score_without_reason"


def test_the_order_goes_to_the_first_and_to_nobody_else():
    ranking = rank_offers([answer(A, "4"), answer(B, "3")], PRICE)
    check_winner(ranking, B, NAMES)
    refused = refusal(check_winner, ranking, A, NAMES)
    assert (refused.code, refused.details["holder"]) == ("award_follows_ranking", "Brume")


SCORES = st.decimals(0, 20, places=1)
OFFERS = st.lists(
    st.tuples(st.decimals("0.01", 10, places=2), SCORES, st.integers(0, 3)), min_size=1, max_size=6
).map(lambda rows: [
    Offer(UUID(int=place), f"Titulaire {place}", price, NOW + timedelta(minutes=minutes), place, {"quality_1": score})
    for place, (price, score, minutes) in enumerate(rows, 1)
])  # fmt: skip


@given(offers=OFFERS, data=st.data(), weight=st.integers(1, 99))
def test_the_order_of_the_answers_changes_nothing_and_the_best_price_gets_the_best_mark(offers, data, weight):
    criteria = (Criterion("price", weight), Criterion("quality_1", 100 - weight, "Délai"))
    ranking = rank_offers(offers, criteria)
    assert rank_offers(data.draw(st.permutations(offers)), criteria) == ranking
    assert [each.position for each in ranking.ranked] == list(range(1, len(offers) + 1))
    points = [each.points for each in ranking.ranked]
    assert points == sorted(points, reverse=True) and all(0 <= each <= 100 for each in points)
    prices = {each.contract_id: each.unit_price for each in offers}
    cheapest = [each for each in ranking.ranked if prices[each.contract_id] == min(prices.values())]
    assert all(each.by_criterion["price"] == weight for each in cheapest)


@given(offers=OFFERS, cut=st.decimals("0.01", 5, places=2))
def test_asking_less_never_lowers_a_place(offers, cut):
    criteria = (Criterion("price", 70), Criterion("quality_1", 30, "Délai"))
    first = offers[0]
    lower = Offer(first.contract_id, first.name, max(Decimal("0.01"), first.unit_price - cut), first.answered_at, first.rank,
                  first.scores)  # fmt: skip

    def place(found: list[Offer]) -> int:
        return next(each.position for each in rank_offers(found, criteria).ranked if each.contract_id == first.contract_id)

    assert place([lower, *offers[1:]]) <= place(offers)


def test_a_competition_stands_where_its_dates_say():
    facts = {"cancelled_at": None, "awarded_at": None, "ended_at": None, "closes_at": NOW}
    assert status_of(facts, NOW - timedelta(seconds=1)) == "open" and status_of(facts, NOW) == "to_decide"
    for name, status in (("ended_at", "unanswered"), ("awarded_at", "awarded"), ("cancelled_at", "cancelled")):
        facts[name] = NOW
        assert status_of(facts, NOW) == status and status in STATUSES


def test_offers_are_sealed_until_the_deadline_and_for_ever_when_cancelled_before():
    assert is_sealed(NOW, None, NOW - timedelta(microseconds=1)) and not is_sealed(NOW, None, NOW)
    later = NOW + timedelta(days=9)
    assert is_sealed(NOW, NOW - timedelta(hours=1), later) and not is_sealed(NOW, NOW + timedelta(hours=1), later)


@pytest.mark.parametrize(
    ("act", "status", "code"),
    [
        ("answer", "to_decide", "answer_too_late"), ("decide", "open", "offers_still_sealed"),
        ("decide", "awarded", "competition_not_possible_now"), ("cancel", "awarded", "competition_not_possible_now"),
        ("reopen", "to_decide", "competition_not_possible_now"), ("answer", "cancelled", "competition_not_possible_now"),
    ],
)  # fmt: skip
def test_an_act_out_of_its_time_is_refused_by_name(act, status, code):
    assert refusal(check_act, act, status, NOW).code == code
