"""Contracts at their edges: never activated, ended early, approved late, invoiced twice, credited, left open at the term."""
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.platform import clock
from marketplace.platform.errors import BadInput, RuleBroken
from tenders.contracts.invoicing.factur_x.writing import as_xml
from tenders.contracts.invoicing.models import Invoice
from tenders.contracts.invoicing.services.details import give_mandate
from tenders.contracts.invoicing.services.drawing import credit_invoice, draw_mandated
from tenders.contracts.invoicing.services.receiving import judge_invoice, receive_invoice
from tenders.contracts.ordering.queries.orders import find_replacement
from tenders.contracts.ordering.services.answering import answer_call_off, declare_delivery
from tenders.contracts.ordering.services.approving import approve_call_off, cancel_call_off
from tenders.contracts.ordering.services.certifying import dispute_call_off, resolve_dispute
from tenders.contracts.ordering.services.placing import place_call_offs
from tenders.contracts.services import terminate_contract
from tenders.contracts.settlement.services import settle_contract
from tests.factories.contracts import active_contract
from tests.factories.invoices import certified_order, invoiced_contract, somebody_of
from tests.factories.ordering import ask, order, shared_lot
from tests.services.test_receiving_invoices import supplied
from tests.services.test_true_up_of_contracts import after


@pytest.fixture(autouse=True)
def ready(session: Session, files_folder: Any) -> None:
    """Every test writes rows and keeps files."""


def test_a_contract_that_was_never_activated_owes_no_minimum():
    running = invoiced_contract((600, 400), minimum=900, activated_at=None, signed_on=None, signed_file_id=None)
    with after(running.contract), pytest.raises(RuleBroken):
        settle_contract(running.centre, running.contract.id)


def test_an_order_is_accepted_on_one_supplier_invoice_only(session: Session):
    running, _placed, document = supplied(session)
    member = running.members[0][1]
    first = receive_invoice(member, as_xml(document))
    judge_invoice(member, first.id, decision="accepted")
    with pytest.raises(RuleBroken):
        receive_invoice(member, as_xml(replace(document, number="F-2026-2")))


def test_lines_of_one_cart_take_turns():
    shared = shared_lot("rotation")
    site, actor = shared.members[0]
    placed = place_call_offs(actor, [ask(site, shared.lot.id, 10, line=str(number)) for number in range(4)])
    holders = [each.contract_id for each in placed]
    assert holders[0] != holders[1] and holders == [holders[0], holders[1]] * 2


def test_no_order_is_delivered_after_a_termination():
    running = active_contract()
    site, actor = running.members[0]
    terminate_contract(running.centre, running.contract.id, reason="x", on=clock.today() + timedelta(days=10))
    with pytest.raises(RuleBroken):
        order(site, actor, running.lot.id, 10, starts_on=clock.today() + timedelta(days=400))


def test_a_termination_never_comes_after_the_end():
    running = invoiced_contract((600, 400), minimum=900)
    late = running.contract.ends_on + timedelta(days=1)
    with pytest.raises(BadInput):
        terminate_contract(running.centre, running.contract.id, reason="x", on=late)


def test_what_was_credited_is_not_drawn_again_by_the_clock(session: Session):
    running = invoiced_contract()
    certified_order(running)
    give_mandate(somebody_of(running.provider.organisation_id, "signatory"), running.provider.organisation_id)
    assert draw_mandated(clock.now()) == 1
    invoice = session.scalars(select(Invoice)).one()
    credit_invoice(running.holder, invoice.id, "facture faite ailleurs")
    assert draw_mandated(clock.now()) == 0


def test_what_a_holder_refuses_is_passed_on_though_the_lot_was_full(session: Session):
    shared = shared_lot("cascade", maximum_quantity=2000)
    site, actor = shared.members[0]
    first = order(site, actor, shared.lot.id, 2000)
    answer_call_off(shared.holders[0], first.id, 1500, "Stock")
    passed = find_replacement(session, first)
    assert passed is not None and passed.quantity == 500


def test_an_order_approved_late_costs_what_is_left_of_the_term():
    running = active_contract()
    site, actor = running.members[0]
    waiting = order(site, somebody_of(site.organisation_id, "buyer"), running.lot.id, 10)
    with clock.frozen_at(clock.now() + timedelta(days=365)):
        approved = approve_call_off(actor, waiting.id)
        new = order(site, actor, running.lot.id, 10)
        assert (approved.periods, approved.amount) == (new.periods, new.amount)


def test_the_centre_closes_at_the_term_what_its_member_left_open():
    running = invoiced_contract((600, 400), minimum=900)
    site, actor = running.members[0]
    sent, delivered = (order(site, actor, running.lot.id, 1) for _ in range(2))
    answer_call_off(running.holder, delivered.id, 1)
    declare_delivery(running.holder, delivered.id)
    with after(running.contract):
        cancel_call_off(running.centre, sent.id, "sans réponse")
        dispute_call_off(running.centre, delivered.id, "sans réponse du membre")
        resolve_dispute(running.centre, delivered.id, "given_up", "sans réponse du membre")
        settlement, _is_new = settle_contract(running.centre, running.contract.id)
        assert settlement.minimum == 900
