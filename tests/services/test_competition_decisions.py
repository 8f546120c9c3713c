"""Mini-competitions decided: scores, the ranking on the day, the order through the usual path, and what is never undone."""
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from marketplace.platform import clock
from marketplace.platform.errors import NotFound
from marketplace.platform.facts import unpack
from marketplace.platform.i18n import sentence
from tenders.contracts.competitions import answers
from tenders.contracts.competitions.services.closing import close_due
from tenders.contracts.competitions.services.deciding import Score, award_competition, score_offers
from tenders.contracts.competitions.services.opening import (
    cancel_competition,
)
from tenders.contracts.competitions.views import sight_of
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.services.answering import answer_call_off
from tenders.contracts.ordering.services.approving import set_limits
from tests.factories.competitions import (
    CompetitionFrameworkFactory,
    answered,
    competing_lot,
    opened,
    past_deadline,
)
from tests.factories.indexation import revised
from tests.factories.ordering import assert_orders_add_up, colleague, order, shared_lot
from tests.services.test_call_offs import told
from tests.services.test_competitions import now_of, offers_of, refusal

QUALITY = "Délai d'intervention"


@pytest.fixture(autouse=True)
def in_app(app, session):
    with app.app_context():
        yield


def test_the_order_goes_to_the_lowest_price_through_the_usual_path(session):
    shared = competing_lot()
    site, actor = shared.members[0]
    competition = opened(shared, 100, places="Bâtiment B", remarks="Le matin", purchase_order_reference="BC-7")
    answered(shared, competition, 0, "5.50")
    answered(shared, competition, 1, "5.00", mobilisation=Decimal("360"))
    with past_deadline(competition):
        assert close_due(clock.now()) == 1 and close_due(clock.now()) == 0
        assert told(session, "competition_to_decide")[0]["organisation_ids"] == [str(site.organisation_id)]
        second = shared.contracts[1]
        refused = refusal(award_competition, actor, competition.id, shared.contracts[0].id)
        assert (refused.code, refused.details["holder"]) == ("award_follows_ranking", second.holder.name)
        done = award_competition(actor, competition.id, second.id, "Conforme")
    placed = session.get_one(CallOff, done.call_off_id)
    assert (placed.contract_id, placed.unit_price, placed.quantity) == (second.id, Decimal("5.1000"), 100)
    assert placed.status == "sent" and placed.starts_on == competition.starts_on
    assert placed.note == "Bâtiment B\nLe matin" and placed.purchase_order_reference == "BC-7"
    assert placed.amount == 100 * placed.periods * Decimal("5.1") and done.status == "awarded"
    assert "prix le plus bas" in sentence(placed.why_this_holder)
    won, lost = told(session, "competition_won"), told(session, "competition_lost")
    assert len(won) == len(lost) == 1
    assert "Rang 2 sur 2" in sentence(unpack(lost[0]["values"])["why"])
    first = sight_of(session, shared.holders[0], competition.id)
    assert [line.position for line in first.lines] == [2] and "contre 100 pour" in sentence(first.lines[0].reason)
    assert_orders_add_up(session)
    with past_deadline(competition, days=1):
        assert refusal(award_competition, actor, competition.id, second.id).code == "competition_not_possible_now"
        assert refusal(cancel_competition, actor, competition.id, "x").code == "competition_not_possible_now"


def test_beyond_the_limit_of_who_decides_the_order_waits_for_an_approval(session):
    shared = competing_lot()
    site, signatory = shared.members[0]
    buyer = colleague(site, "buyer")
    set_limits(signatory, site.organisation_id, {"buyer": 100})
    competition = opened(shared)
    answered(shared, competition, 0, "5")
    with past_deadline(competition):
        done = award_competition(buyer, competition.id, shared.contracts[0].id)
    assert session.get_one(CallOff, done.call_off_id).status == "awaiting_approval"


def test_quality_is_scored_with_a_reason_before_the_ranking(session):
    shared = competing_lot(may_be_price_alone=False)
    CompetitionFrameworkFactory(lot_id=shared.lot.id)
    actor = shared.members[0][1]
    competition = opened(shared, weights={QUALITY: 40})
    answered(shared, competition, 0, "4.00")
    answered(shared, competition, 1, "5.00")
    first, second = (each.id for each in shared.contracts)
    given = [Score(first, "quality_1", Decimal(10), "Un jour"), Score(second, "quality_1", Decimal("18.5"), "Deux heures")]
    with past_deadline(competition):
        assert refusal(award_competition, actor, competition.id, second).code == "scores_missing"
        assert sight_of(session, actor, competition.id).no_ranking.code == "scores_missing"
        assert refusal(score_offers, actor, competition.id, [replace(given[0], reason=" ")]).code == "score_without_reason"
        assert refusal(score_offers, actor, competition.id, [replace(given[0], score=Decimal(21))]).code == "score_out_of_range"
        with pytest.raises(NotFound):
            score_offers(actor, competition.id, [replace(given[0], criterion="quality_9")])
        score_offers(actor, competition.id, given)
        assert [line.position for line in sight_of(session, actor, competition.id).lines] == [1, 2]
        award_competition(actor, competition.id, second)
    lost = sight_of(session, shared.holders[0], competition.id).lines[0]
    assert lost.seen.answer.points == Decimal("80.00") and lost.seen.answer.scores["quality_1"]["reason"] == "Un jour"
    assert "80 points sur 100, contre 85" in sentence(lost.reason)


def test_scores_are_the_buyers_draft_until_the_award_and_then_read_by_the_holder(session):
    shared = competing_lot(may_be_price_alone=False)
    CompetitionFrameworkFactory(lot_id=shared.lot.id)
    actor, holder = shared.members[0][1], shared.holders[0]
    competition = opened(shared, weights={QUALITY: 40})
    answered(shared, competition, 0, "3")
    first = shared.contracts[0].id

    def read_by(reader) -> list:
        return answers.offers(sight_of(session, reader, competition.id))["items"][0]["scores"]

    with past_deadline(competition):
        score_offers(actor, competition.id, [Score(first, "quality_1", Decimal(3), "Brouillon.")])
        assert read_by(holder) == []
        given = [{"criterion": "quality_1", "score": Decimal(3), "reason": "Brouillon."}]
        assert read_by(actor) == given and read_by(shared.centre) == given
        award_competition(actor, competition.id, first)
        assert read_by(holder) == given


def test_who_cannot_take_the_order_on_the_day_of_the_award_is_left_out(session):
    shared = competing_lot()
    actor = shared.members[0][1]
    competition = opened(shared)
    answered(shared, competition, 0, "3")
    answered(shared, competition, 1, "5")
    first, second = shared.contracts
    first.terminated_on, first.termination_reason = clock.today(), "Manquements"
    session.commit()
    with past_deadline(competition):
        assert refusal(award_competition, actor, competition.id, first.id).code == "award_follows_ranking"
        done = award_competition(actor, competition.id, second.id)
    by_contract = {each.contract_id: each for each in offers_of(session, done)}
    assert by_contract[first.id].position is None and "n'est pas en vigueur" in sentence(unpack(by_contract[first.id].reason))
    assert by_contract[second.id].points == 100


def test_an_envelope_that_ran_out_meanwhile_stops_the_award(session):
    shared = competing_lot(maximum_quantity=150)
    actor = shared.members[0][1]
    first, second = opened(shared), opened(shared)
    for competition in (first, second):
        answered(shared, competition, 0, "5")
    with past_deadline(second):
        award_competition(actor, first.id, shared.contracts[0].id)
        refused = refusal(award_competition, actor, second.id, shared.contracts[0].id)
    assert (refused.code, refused.details["available"]) == ("envelope_exhausted", 50)
    assert now_of(session, second).call_off_id is None
    assert_orders_add_up(session)


def test_a_price_revised_down_meanwhile_is_never_exceeded(session):
    shared = competing_lot()
    competition = opened(shared)
    answered(shared, competition, 0, "6.00")
    revised(shared.contracts[0], Decimal("0.9000"))
    with past_deadline(competition):
        done = award_competition(shared.members[0][1], competition.id, shared.contracts[0].id)
    assert session.get_one(CallOff, done.call_off_id).unit_price == Decimal("5.4000")


def test_what_the_winner_refuses_returns_to_the_envelope_and_goes_to_nobody_unasked(session):
    shared = competing_lot()
    competition = opened(shared)
    answered(shared, competition, 0, "4")
    with past_deadline(competition):
        done = award_competition(shared.members[0][1], competition.id, shared.contracts[0].id)
        answer_call_off(shared.holders[0], done.call_off_id, 0, "Erreur de prix")
    assert len(session.scalars(select(CallOff)).all()) == 1
    assert_orders_add_up(session)


def test_the_database_itself_refuses_late_answers_second_awards_and_changes_after_the_end(session):
    shared = competing_lot()
    competition = opened(shared)
    answered(shared, competition, 0, "4")
    broken = (
        "UPDATE competition_offers SET answered_at = closes_at",
        "UPDATE competition_offers SET unit_price = NULL WHERE unit_price IS NOT NULL",
        "UPDATE competitions SET awarded_at = closes_at",
        "DELETE FROM competition_offers",
        "DELETE FROM competitions",
    )
    for statement in broken:
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text(statement))
    other = shared_lot("cascade", title="Autre lot")
    placed = order(*other.members[0], other.lot.id, 1)
    with past_deadline(competition):
        award_competition(shared.members[0][1], competition.id, shared.contracts[0].id)
    over = (
        text("UPDATE competitions SET award_note = 'autre'"),
        text("UPDATE competition_offers SET points = 1 WHERE position = 1"),
        text("UPDATE competitions SET call_off_id = :other").bindparams(other=placed.id),
    )
    for statement in over:
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(statement)
