"""Orders inside the envelope: priced at the contract, approved within limits, answered, certified, and it adds up."""
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from marketplace.billing.models import Charge
from marketplace.platform import clock
from marketplace.platform.errors import BadInput, NotAllowed, NotFound, RuleBroken
from tenders.contracts.ordering.queries.orders import get_call_off, list_call_offs
from tenders.contracts.ordering.services.answering import answer_call_off, declare_delivery
from tenders.contracts.ordering.services.approving import (
    approve_call_off,
    cancel_call_off,
    reject_call_off,
    set_limits,
)
from tenders.contracts.ordering.services.certifying import certify_call_off, dispute_call_off, resolve_dispute
from tenders.contracts.ordering.services.placing import place_call_offs, tell_centre
from tenders.demand.envelopes.models import Envelope, EnvelopeEntry
from tests.factories.base import refreshed
from tests.factories.contracts import active_contract
from tests.factories.demand import clinic
from tests.factories.ordering import ask, assert_orders_add_up, colleague, order


@pytest.fixture(autouse=True)
def in_app(app, session):
    with app.app_context():
        yield


def refusal(call, *arguments, **named) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        call(*arguments, **named)
    return caught.value


def told(session, template: str) -> list[dict]:
    rows = session.scalars(
        text("SELECT payload FROM outbox WHERE payload ->> 'template' = :name ORDER BY id"), {"name": template}
    )
    return list(rows)


def sent_order(quantity: int = 100, **columns):
    """An activated contract and one order on it that its holder received."""
    running = active_contract(**columns)
    site, actor = running.members[0]
    return running, site, actor, order(site, actor, running.lot.id, quantity)


def test_an_order_within_ones_limit_is_sent_at_once_at_the_contracts_price(session):
    running, _site, actor, placed = sent_order(100)
    member_price = placed.unit_price
    assert placed.status == "sent" and placed.approved_by == actor.user_id and placed.number == 1
    assert placed.periods == 36 and placed.amount == 100 * member_price * 36
    assert placed.amount_incl_vat == (placed.amount * Decimal("1.2")).quantize(Decimal("0.01"))
    assert placed.why_this_holder.code == "only_holder"
    assert refreshed(running.contract).ordered_quantity == 100
    assert session.get_one(Envelope, running.lot.id, populate_existing=True).called_off == 100
    assert told(session, "call_off_sent")[0]["organisation_ids"] == [str(running.provider.organisation_id)]
    assert_orders_add_up(session)


def test_the_envelope_stops_at_the_contracts_maximum_with_what_is_left(session):
    running = active_contract(maximum_quantity=1000)
    site, actor = running.members[0]
    order(site, actor, running.lot.id, 988)
    refused = refusal(order, site, actor, running.lot.id, 40)
    assert (refused.code, refused.details["available"], refused.details["asked"]) == ("envelope_exhausted", 12, 40)
    order(site, actor, running.lot.id, 12)
    assert refusal(order, site, actor, running.lot.id, 1).details["available"] == 0
    assert_orders_add_up(session)


def test_the_envelope_stops_at_the_lots_maximum_too(session):
    running = active_contract(maximum=1200, maximum_quantity=None)
    site, actor = running.members[0]
    order(site, actor, running.lot.id, 1190)
    assert refusal(order, site, actor, running.lot.id, 11).details["available"] == 10


def test_a_maximum_in_euros_says_how_many_units_it_still_buys(session):
    running = active_contract(maximum_quantity=None, maximum_amount=Decimal("10000"))
    site, actor = running.members[0]
    refused = refusal(order, site, actor, running.lot.id, 500)
    left = refused.details["available"]
    assert refused.code == "envelope_exhausted" and left > 0
    order(site, actor, running.lot.id, left)
    assert refusal(order, site, actor, running.lot.id, 1).code == "envelope_exhausted"
    assert_orders_add_up(session)


def test_a_cart_is_all_or_nothing(session):
    running = active_contract(maximum_quantity=1000)
    (first, actor), (second, _) = running.members
    lines = [ask(first, running.lot.id, 900, line="a"), ask(first, running.lot.id, 200, line="b")]
    refused = refusal(place_call_offs, actor, lines)
    assert refused.details["refusals"] == [{"line": "b", "code": "envelope_exhausted", "available": 100, "asked": 200}]
    assert refreshed(running.contract).ordered_quantity == 0
    with pytest.raises(NotFound):
        place_call_offs(actor, [ask(first, running.lot.id, 1), ask(second, running.lot.id, 1)])


def test_only_members_of_the_contract_order_and_only_while_it_runs(session):
    running = active_contract()
    site, actor = running.members[0]
    stranger, other = clinic()
    assert refusal(order, stranger, other, running.lot.id, 1).code == "member_not_entitled"
    with pytest.raises(NotAllowed):
        order(site, other, running.lot.id, 1)
    with clock.frozen_at(clock.now() + timedelta(days=4 * 365)):
        assert refusal(order, site, actor, running.lot.id, 1).code == "order_outside_term"
    assert refusal(order, site, actor, running.lot.id, 1, starts_on=clock.today() - timedelta(days=1)).code == (
        "delivery_outside_term"
    )


def test_nothing_is_ordered_on_a_suspended_contract_or_from_an_unfit_holder(session):
    running = active_contract(suspended_from=clock.today(), suspension_reason="Incident en cours")
    site, actor = running.members[0]
    assert refusal(order, site, actor, running.lot.id, 1).code == "contract_suspended"
    other = active_contract()
    site, actor = other.members[0]
    other.provider.suspended_until = clock.today()
    other.provider.suspension_reason = "Suspension fictive"
    session.commit()
    assert refusal(order, site, actor, other.lot.id, 1).code == "holder_not_fit"
    with clock.frozen_at(clock.now() + timedelta(days=1)):  # over by itself, whether or not a worker noticed
        assert order(site, actor, other.lot.id, 1) is not None


def test_a_certificate_is_looked_at_on_the_day_of_the_order(session):
    running = active_contract()
    site, actor = running.members[0]
    running.lot.requirements = {"certificates": ["iso27001"]}
    session.commit()
    refused = refusal(order, site, actor, running.lot.id, 1)
    assert refused.code == "holder_not_fit" and "ISO" in str(refused.details["reasons"].in_french())


def test_above_ones_limit_somebody_else_approves(session):
    running = active_contract()
    site, signatory = running.members[0]
    buyer, other_buyer = colleague(site, "buyer"), colleague(site, "buyer")
    set_limits(signatory, site.organisation_id, {"buyer": Decimal(500)})
    assert order(site, buyer, running.lot.id, 2).status == "sent"
    waiting = order(site, buyer, running.lot.id, 100)
    assert waiting.status == "awaiting_approval" and waiting.sent_at is None
    assert told(session, "call_off_to_approve")[0]["roles"] == ["signatory", "buyer"]
    assert refusal(approve_call_off, buyer, waiting.id).code == "approval_by_another"
    assert refusal(approve_call_off, other_buyer, waiting.id).code == "approval_beyond_limit"
    with pytest.raises(NotFound):
        get_call_off(session, running.holder, waiting.id)
    approved = approve_call_off(signatory, waiting.id)
    assert approved.status == "sent" and approved.approved_by == signatory.user_id
    assert get_call_off(session, running.holder, waiting.id).id == waiting.id
    assert refusal(approve_call_off, signatory, waiting.id).code == "call_off_not_possible_now"


def test_a_cart_cut_into_lines_is_no_way_around_a_limit(session):
    running = active_contract()
    site, signatory = running.members[0]
    buyer = colleague(site, "buyer")
    one = order(site, signatory, running.lot.id, 1).amount
    set_limits(signatory, site.organisation_id, {"buyer": one + 1})
    lines = [ask(site, running.lot.id, 1, line="a"), ask(site, running.lot.id, 1, line="b")]
    assert {each.status for each in place_call_offs(buyer, lines)} == {"awaiting_approval"}
    assert order(site, buyer, running.lot.id, 1).status == "sent"


def test_limits_are_the_administrators_and_leave_somebody_without(session):
    running = active_contract()
    site, admin = running.members[0]
    assert refusal(set_limits, admin, site.organisation_id, {"signatory": Decimal(10)}).code == "limits_leave_nobody"
    with pytest.raises(BadInput):
        set_limits(admin, site.organisation_id, {"viewer": Decimal(10)})
    with pytest.raises(NotAllowed):
        set_limits(colleague(site, "buyer"), site.organisation_id, {"buyer": None})


def test_an_order_turned_down_or_cancelled_returns_to_the_envelope(session):
    running = active_contract()
    site, signatory = running.members[0]
    waiting = order(site, colleague(site, "buyer"), running.lot.id, 100)
    with pytest.raises(BadInput):
        reject_call_off(signatory, waiting.id, " ")
    assert reject_call_off(signatory, waiting.id, "Budget épuisé").status == "rejected"
    sent = order(site, signatory, running.lot.id, 50)
    assert cancel_call_off(signatory, sent.id, "Doublon").status == "cancelled"
    entries = session.scalars(
        select(EnvelopeEntry).where(EnvelopeEntry.lot_id == running.lot.id, EnvelopeEntry.kind == "called_off")
    )
    assert [entry.quantity for entry in sorted(entries, key=lambda e: e.number)] == [100, -100, 50, -50]
    assert refreshed(running.contract).ordered_quantity == 0
    assert told(session, "call_off_cancelled") and told(session, "call_off_rejected")
    assert_orders_add_up(session)


def test_a_part_refused_returns_and_the_amount_follows(session):
    running, _site, _actor, placed = sent_order(100)
    assert refusal(answer_call_off, running.holder, placed.id, 60).code == "answer_without_reason"
    answered = answer_call_off(running.holder, placed.id, 60, "Stock limité")
    assert answered.status == "partly_accepted" and answered.amount == 60 * placed.unit_price * 36
    assert refreshed(running.contract).ordered_quantity == 60
    assert refusal(cancel_call_off, running.members[0][1], placed.id, "Trop tard").code == "call_off_not_possible_now"
    assert_orders_add_up(session)


def test_only_the_holder_answers(session):
    running, _site, actor, placed = sent_order()
    with pytest.raises(NotAllowed):
        answer_call_off(actor, placed.id, 100)
    with pytest.raises(NotAllowed):
        answer_call_off(running.centre, placed.id, 100)


def test_a_service_delivered_is_certified_once_and_the_fee_falls_due_once(session):
    running, _site, actor, placed = sent_order(
        100, fee_kind="percent_of_call_offs", fee_payer="provider", fee_value=Decimal("1.5")
    )
    assert refusal(certify_call_off, actor, placed.id).code == "call_off_not_possible_now"
    answer_call_off(running.holder, placed.id, 100)
    with pytest.raises(BadInput):
        declare_delivery(running.holder, placed.id, clock.today() + timedelta(days=1))
    assert declare_delivery(running.holder, placed.id).status == "delivered"
    assert certify_call_off(actor, placed.id).status == "certified"
    assert refusal(certify_call_off, actor, placed.id).code == "call_off_not_possible_now"
    (charge,) = session.scalars(select(Charge))
    assert charge.amount == (placed.amount * Decimal("0.015")).quantize(Decimal("0.01"))
    assert (charge.payer_organisation_id, charge.payee_organisation_id, charge.subject_id) == (
        running.provider.organisation_id, running.contract.organisation_id, str(placed.id)
    )  # fmt: skip
    assert told(session, "call_off_certified")


def test_a_contested_delivery_is_settled_before_it_is_certified(session):
    running, _site, actor, placed = sent_order(100)
    answer_call_off(running.holder, placed.id, 100)
    declare_delivery(running.holder, placed.id)
    assert dispute_call_off(actor, placed.id, "Agents absents de 12 postes").status == "disputed"
    assert refusal(certify_call_off, actor, placed.id).code == "call_off_not_possible_now"
    with pytest.raises(NotAllowed):
        resolve_dispute(actor, placed.id, "given_up", "Nous renonçons")
    with pytest.raises(BadInput):
        resolve_dispute(running.centre, placed.id, "forgotten", "Rien")
    assert resolve_dispute(actor, placed.id, "goes_on", "Agents installés depuis").status == "delivered"
    dispute_call_off(actor, placed.id, "De nouveau absents")
    assert resolve_dispute(running.centre, placed.id, "given_up", "Le titulaire ne livrera pas").status == "cancelled"
    assert refreshed(running.contract).ordered_quantity == 0
    assert_orders_add_up(session)


def test_each_party_sees_its_own_orders(session):
    running, _site, actor, _placed = sent_order()
    other, _s, stranger, _o = sent_order()
    for party in (actor, running.holder, running.centre):
        assert len(list_call_offs(session, party)["items"]) == 1
    assert len(list_call_offs(session, other.holder, as_holder=True)["items"]) == 1
    assert list_call_offs(session, stranger, contract_id=running.contract.id)["items"] == []


def test_the_centre_is_told_of_what_lacks(session):
    running = active_contract()
    site, actor = running.members[0]
    tell_centre(actor, site.id, running.lot.id, asked=40, available=12)
    assert told(session, "order_exhausted")[0]["organisation_ids"] == [str(running.contract.organisation_id)]
    with pytest.raises(NotFound):
        tell_centre(actor, clinic()[0].id, running.lot.id, asked=1, available=0)
