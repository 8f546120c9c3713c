"""Mini-competitions: who is asked, what may be answered and seen, and how it ends without an order."""
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from marketplace.accounts.queries import get_actor
from marketplace.platform import clock
from marketplace.platform.audit.models import AuditEvent
from marketplace.platform.errors import BadInput, NotAllowed, NotFound, RuleBroken
from marketplace.platform.facts import to_json, unpack
from marketplace.platform.i18n import sentence
from marketplace.platform.idempotency import RequestKey
from tenders.contracts.competitions import answers, queries
from tenders.contracts.competitions.models import Competition, CompetitionOffer
from tenders.contracts.competitions.services.answering import answer_competition, decline_competition
from tenders.contracts.competitions.services.closing import close_due
from tenders.contracts.competitions.services.deciding import award_competition, score_offers
from tenders.contracts.competitions.services.opening import (
    cancel_competition,
    open_competition,
    reopen_competition,
    set_framework,
)
from tenders.contracts.competitions.views import sight_of
from tenders.contracts.ordering.models import CallOff
from tests.factories.accounts import user_in
from tests.factories.competitions import (
    answered,
    competing_lot,
    opened,
    past_deadline,
    wanted,
)
from tests.factories.indexation import revised
from tests.factories.ordering import colleague, shared_lot
from tests.services.test_call_offs import told

QUALITY = "Délai d'intervention"


@pytest.fixture(autouse=True)
def in_app(app, session):
    with app.app_context():
        yield


def refusal(call, *arguments, **named) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        call(*arguments, **named)
    return caught.value


def offers_of(session, competition) -> list[CompetitionOffer]:
    return queries.list_offers(session, competition.id, fresh=True)


def now_of(session, competition) -> Competition:
    return session.get_one(Competition, competition.id, populate_existing=True)


def test_every_holder_of_the_lot_is_asked_and_told_by_itself(session):
    shared = competing_lot()
    competition = opened(shared, 100, remarks="Sur site", purchase_order_reference="BC-1")
    assert competition.status == "open" and competition.number == 1 and competition.is_sealed
    assert [each.contract_id for each in offers_of(session, competition)] == [each.id for each in shared.contracts]
    tellings = told(session, "competition_opened")
    asked = {each["organisation_ids"][0] for each in tellings}
    assert asked == {str(each.holder.organisation_id) for each in shared.contracts} and len(tellings) == 2
    assert session.scalars(select(CallOff)).all() == [], "nothing is reserved or ordered"
    assert opened(shared).number == 2


def test_a_holder_that_could_not_take_the_order_is_not_asked_and_it_is_said_why(session):
    shared = competing_lot((40, 30, 30))
    full, suspended, fit = shared.contracts
    full.maximum_quantity = 99
    suspended.holder.suspended_until = clock.today() + timedelta(days=30)
    suspended.holder.suspension_reason = "Contrôle en cours"
    session.commit()
    competition = opened(shared, 100)
    assert [each.contract_id for each in offers_of(session, competition)] == [fit.id]
    sight = sight_of(session, shared.members[0][1], competition.id)
    said = {name: sentence(why) for name, why in sight.left_out}
    assert "il lui reste 99 unités, pour 100 demandées." in said[full.holder.name]
    assert "suspendu de la plateforme" in said[suspended.holder.name]
    fit.maximum_quantity = 10
    session.commit()
    assert refusal(opened, shared, 100).code == "envelope_exhausted"
    fit.suspended_from, fit.suspension_reason = clock.today(), "Reprise en cours"
    full.maximum_quantity = 0
    session.commit()
    nobody = refusal(opened, shared, 1)
    assert nobody.code == "envelope_exhausted"


def test_when_nobody_can_be_asked_each_holder_says_why(session):
    shared = competing_lot()
    for contract in shared.contracts:
        contract.suspended_from, contract.suspension_reason = clock.today(), "Reprise en cours"
    session.commit()
    refused = refusal(opened, shared)
    assert refused.code == "no_holder_available" and sentence(refused).count("Reprise en cours") == 2


def test_what_is_asked_is_held_against_lot_framework_and_calendar(session):
    shared = competing_lot()
    now = clock.now()
    assert refusal(opened, shared, closes_at=now + timedelta(days=6)).code == "answer_deadline_too_short"
    assert refusal(opened, shared, starts_on=clock.today() + timedelta(days=9)).code == "answer_deadline_too_late"
    assert refusal(opened, shared, weights={QUALITY: 10}).code == "criterion_not_in_framework"
    shared.lot.order_multiple = 50
    session.commit()
    assert refusal(opened, shared, 40).code == "order_not_whole_packs"
    strict = competing_lot(may_be_price_alone=False)
    assert refusal(opened, strict).code == "price_alone_not_allowed"
    cascade = shared_lot("cascade")
    assert refusal(opened, cascade).code == "competition_not_used"


def test_only_those_who_order_open_and_decide_and_only_holders_asked_answer(session):
    shared = competing_lot()
    site, actor = shared.members[0]
    stranger = shared.members[1][1]
    with pytest.raises(NotAllowed):
        open_competition(stranger, wanted(shared))
    competition = opened(shared)
    with pytest.raises(NotAllowed):
        cancel_competition(colleague(site, "viewer"), competition.id, "x")
    with pytest.raises(NotFound):
        sight_of(session, stranger, competition.id)
    with pytest.raises(NotAllowed):
        cancel_competition(shared.centre, competition.id, "x")
    other = competing_lot()
    with pytest.raises(NotFound):
        answer_competition(other.holders[0], competition.id, shared.contracts[0].id, unit_price=Decimal(1))
    with pytest.raises(NotFound):
        answer_competition(shared.holders[0], competition.id, shared.contracts[1].id, unit_price=Decimal(1))
    with pytest.raises(NotFound):
        answer_competition(actor, competition.id, shared.contracts[0].id, unit_price=Decimal(1))
    with pytest.raises(NotFound):
        open_competition(get_actor(session, user_in().id), wanted(shared, establishment_id=stranger.own_id))


def test_the_same_request_opens_one_competition(session):
    shared = competing_lot()
    key = RequestKey("k1", "POST /competitions", "0" * 64)
    want = wanted(shared)
    first = open_competition(shared.members[0][1], want, key=key)
    assert open_competition(shared.members[0][1], want, key=key).id == first.id
    assert len(session.scalars(select(Competition)).all()) == 1


def test_a_holder_answers_under_its_contract_and_changes_its_mind_until_the_deadline(session):
    shared = competing_lot()
    competition = opened(shared)
    answered(shared, competition, 0, "6.0000")
    refused = refusal(answered, shared, competition, 0, "6.0001")
    assert (refused.code, refused.details["ceiling"]) == ("offer_above_contract", Decimal("6.0000"))
    assert refusal(answered, shared, competition, 0, "6.00", mobilisation=Decimal("36.00")).code == "offer_above_contract"
    answered(shared, competition, 0, "5.50", mobilisation=Decimal("360.00"), remarks="Deux jours")
    offer = offers_of(session, competition)[0]
    assert (offer.whole_price, offer.remarks, offer.periods) == (Decimal("5.6000"), "Deux jours", 36)
    with pytest.raises(BadInput):
        answered(shared, competition, 0, "5.50", mobilisation=Decimal("0.001"))
    with pytest.raises(BadInput):
        decline_competition(shared.holders[0], competition.id, shared.contracts[0].id, " ")
    decline_competition(shared.holders[0], competition.id, shared.contracts[0].id, "Plus de stock")
    answered(shared, competition, 0, "5.40")
    with past_deadline(competition, seconds=-1):
        answered(shared, competition, 0, "5.30")
    with past_deadline(competition, seconds=0):
        assert refusal(answered, shared, competition, 0, "5.20").code == "answer_too_late"
    assert offers_of(session, competition)[0].unit_price == Decimal("5.3000")


def test_the_price_a_holder_may_not_pass_follows_its_index(session):
    shared = competing_lot()
    competition = opened(shared)
    revised(shared.contracts[0], Decimal("1.0500"))
    answered(shared, competition, 0, "6.3000")
    assert refusal(answered, shared, competition, 0, "6.3001").code == "offer_above_contract"


def test_nobody_sees_an_offer_before_the_deadline_not_even_those_who_ask(session):
    shared = competing_lot()
    competition = opened(shared)
    answered(shared, competition, 0, "4.3217", remarks="Remise exceptionnelle")
    decline_competition(shared.holders[1], competition.id, shared.contracts[1].id, "Usine fermée")
    readers = (shared.members[0][1], shared.centre, shared.holders[1])
    for reader in readers:
        seen = answers.offers(sight_of(session, reader, competition.id))
        assert "4.3217" not in to_json(seen) and "Remise" not in to_json(seen)
        if reader is not shared.holders[1]:
            assert {each["answered_at"] for each in seen["items"]} == {None}, "not even whether there is an answer"
    mine = to_json(answers.offers(sight_of(session, shared.holders[0], competition.id)))
    assert "4.3217" in mine and shared.contracts[1].holder.name not in mine
    assert "Usine" not in to_json(answers.offers(sight_of(session, readers[0], competition.id)))
    journal = session.scalars(select(AuditEvent).where(AuditEvent.subject_id == str(competition.id)))
    assert all("4.32" not in to_json(event.after) and "declin" not in to_json(event.after) for event in journal)
    assert not told(session, "competition_to_decide")
    for act in (award_competition, lambda *each: score_offers(*each[:2], [])):
        assert refusal(act, readers[0], competition.id, shared.contracts[0].id).code == "offers_still_sealed"
    with past_deadline(competition):
        for reader in readers[:2]:
            seen = to_json(answers.offers(sight_of(session, reader, competition.id)))
            assert "4.3217" in seen and "Usine" in seen
        assert "4.3217" not in to_json(answers.offers(sight_of(session, shared.holders[1], competition.id)))


def test_nobody_answers_it_ends_with_the_reason_and_is_opened_again(session):
    shared = competing_lot()
    site, actor = shared.members[0]
    competition = opened(shared)
    decline_competition(shared.holders[1], competition.id, shared.contracts[1].id, "Complet")
    assert refusal(reopen_competition, actor, competition.id, clock.now()).code == "competition_not_possible_now"
    with past_deadline(competition, days=3):
        assert close_due(clock.now()) == 1, "however late it is asked"
        ended = now_of(session, competition)
        assert ended.status == "unanswered"
        assert sentence(unpack(ended.end_reason)) == (
            "Aucun titulaire n'a donné de prix : consultés 2, refus 1, sans réponse 1."
        )
        assert len(told(session, "competition_unanswered")[0]["organisation_ids"]) == 2
        assert refusal(award_competition, actor, competition.id, shared.contracts[0].id).code == "competition_not_possible_now"
        short = refusal(reopen_competition, actor, competition.id, clock.now() + timedelta(days=2))
        assert short.code == "answer_deadline_too_short"
        again = reopen_competition(actor, competition.id, clock.now() + timedelta(days=12))
        assert (again.status, again.round, again.starts_on) == ("open", 2, clock.paris(again.closes_at).date())
        answered(shared, competition, 1, "5")
        assert close_due(clock.now()) == 0
    with past_deadline(again):
        done = award_competition(actor, competition.id, shared.contracts[1].id)
    assert session.get_one(CallOff, done.call_off_id).organisation_id == site.organisation_id


def test_without_a_price_nothing_is_awarded_even_before_the_scheduler_looked(session):
    shared = competing_lot()
    competition = opened(shared)
    with past_deadline(competition):
        actor = shared.members[0][1]
        assert refusal(award_competition, actor, competition.id, shared.contracts[0].id).code == "no_offer_received"
        assert "reopen" in sight_of(session, actor, competition.id).acts, "what the refusal tells to do can be done"
        again = reopen_competition(actor, competition.id, clock.now() + timedelta(days=12))
        assert (again.status, again.round, close_due(clock.now())) == ("open", 2, 0)


def test_with_a_price_it_is_decided_and_not_opened_again(session):
    shared = competing_lot()
    actor = shared.members[0][1]
    competition = opened(shared)
    assert "reopen" not in sight_of(session, actor, competition.id).acts
    answered(shared, competition, 0, "5")
    with past_deadline(competition):
        assert "reopen" not in sight_of(session, actor, competition.id).acts
        later = clock.now() + timedelta(days=12)
        assert refusal(reopen_competition, actor, competition.id, later).code == "competition_not_possible_now"


def test_a_holder_that_declined_has_it_to_do_again_once_it_is_asked_again(session):
    shared = competing_lot()
    actor, holder = shared.members[0][1], shared.holders[0]
    competition = opened(shared)

    def to_do() -> list:
        return [each.id for each, _contract in queries.list_unanswered(session, holder, 5)]

    assert to_do() == [competition.id]
    decline_competition(holder, competition.id, shared.contracts[0].id, "Complet")
    assert to_do() == []
    with past_deadline(competition):
        close_due(clock.now())
        reopen_competition(actor, competition.id, clock.now() + timedelta(days=12))
    with past_deadline(competition, hours=1):
        assert to_do() == [competition.id]
        answered(shared, competition, 0, "5")
        assert to_do() == []


def test_it_is_given_up_with_a_reason_and_its_offers_stay_sealed(session):
    shared = competing_lot()
    actor = shared.members[0][1]
    competition = opened(shared)
    answered(shared, competition, 0, "4.3217")
    with pytest.raises(BadInput):
        cancel_competition(actor, competition.id, "")
    cancel_competition(actor, competition.id, "Besoin reporté")
    assert len(told(session, "competition_cancelled")) == 2
    with past_deadline(competition):
        assert close_due(clock.now()) == 0
        assert "4.3217" not in to_json(answers.offers(sight_of(session, actor, competition.id)))
        assert refusal(answered, shared, competition, 0, "4").code == "competition_not_possible_now"


def test_the_centre_frames_a_lot_until_its_first_competition(session):
    shared = competing_lot()
    framed = set_framework(shared.centre, shared.lot.id, answer_days=3, least_price_percent=60, qualities=[QUALITY])
    assert framed.qualities == (QUALITY,) and queries.framework_of(session, shared.lot.id) == framed
    with pytest.raises(NotAllowed):
        set_framework(shared.members[0][1], shared.lot.id, answer_days=3, least_price_percent=60, qualities=[])
    opened(shared, weights={QUALITY: 40}, closes_at=clock.now() + timedelta(days=3, minutes=1))
    refused = refusal(set_framework, shared.centre, shared.lot.id, answer_days=5, least_price_percent=60, qualities=[])
    assert refused.code == "framework_is_fixed"
    cascade = shared_lot("cascade")
    with pytest.raises(NotFound):
        set_framework(cascade.centre, cascade.lot.id, answer_days=5, least_price_percent=60, qualities=[])
