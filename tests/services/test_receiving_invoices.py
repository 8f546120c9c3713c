"""A supplier's own invoice is held against the order it names, kept with what differs, accepted or disputed once."""
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import text

from marketplace.accounts.models import Organisation
from marketplace.platform.errors import Conflict, NotAllowed, NotFound, RuleBroken
from tenders.contracts.invoicing import documents, queries
from tenders.contracts.invoicing.factur_x.page import as_pdf
from tenders.contracts.invoicing.factur_x.writing import as_xml
from tenders.contracts.invoicing.services.drawing import draw_call_off_invoice
from tenders.contracts.invoicing.services.receiving import judge_invoice, receive_invoice
from tests.factories.invoices import certified_order, invoiced_contract, somebody_of


@pytest.fixture(autouse=True)
def ready(session, files_folder):
    """Every test has a session and a folder for its files."""


def refusal(call, *arguments, **named) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        call(*arguments, **named)
    return caught.value


def supplied(session, number="F-2026-1", **changes):
    """A running contract, its certified order, and the holder's own invoice of it as a document."""
    running = invoiced_contract()
    placed = certified_order(running, 100, purchase_order_reference="BC-118")
    between = documents.parties(session, running.contract, placed.organisation_id)
    document = documents.of_call_off(placed, between, under_mandate=False)
    return running, placed, replace(document, number=number, **changes)


def test_an_invoice_that_says_what_was_ordered_has_no_difference(session):
    running, placed, document = supplied(session)
    _site, member = running.members[0]
    received = receive_invoice(member, as_pdf(document))
    assert (received.call_off_id, received.differences, received.number) == (placed.id, [], "F-2026-1")
    assert received.incl_vat == placed.amount_incl_vat
    assert judge_invoice(member, received.id, decision="accepted").decision == "accepted"
    assert refusal(judge_invoice, member, received.id, decision="disputed", reason="Non").code == "invoice_judged"
    told = session.scalar(text("SELECT count(*) FROM outbox WHERE payload ->> 'template' = 'supplier_invoice_accepted'"))
    assert told == 1


def test_the_orders_own_reference_names_it_too(session):
    running, placed, document = supplied(session)
    own = f"{running.contract.reference}-001"
    xml = as_xml(replace(document, purchase_order_reference=own))
    assert receive_invoice(running.members[0][1], xml).call_off_id == placed.id


def test_what_differs_is_kept_and_a_dispute_says_why(session):
    running, _placed, document = supplied(session)
    _site, member = running.members[0]
    dearer = replace(document, lines=(replace(document.lines[0], unit_price=Decimal("9.9")),))
    received = receive_invoice(member, as_xml(dearer))
    assert received.differences[0]["field"] == "unit_price"
    assert refusal(judge_invoice, member, received.id, decision="disputed", reason=" ").code == "dispute_without_reason"
    judge_invoice(member, received.id, decision="disputed", reason="Le prix n'est pas celui du marché")
    again = receive_invoice(member, as_xml(replace(document, number="F-2026-2")))
    assert again.differences == []


def test_an_order_that_is_not_found_is_to_be_chosen(session):
    running, placed, document = supplied(session)
    _site, member = running.members[0]
    unnamed = as_xml(replace(document, purchase_order_reference=""))
    assert refusal(receive_invoice, member, unnamed).code == "order_not_found"
    other = as_xml(replace(document, purchase_order_reference="BC-999"))
    assert refusal(receive_invoice, member, other).code == "order_not_found"
    assert receive_invoice(member, unnamed, call_off_id=placed.id).call_off_id == placed.id


def test_nothing_is_kept_of_a_bad_file_and_a_number_is_received_once(session):
    running, _placed, document = supplied(session)
    _site, member = running.members[0]
    assert refusal(receive_invoice, member, b"<a>").code == "invoice_file_unreadable"
    assert session.scalar(text("SELECT count(*) FROM supplier_invoices")) == 0
    receive_invoice(member, as_xml(document))
    with pytest.raises(Conflict) as twice:
        receive_invoice(member, as_xml(document))
    assert twice.value.code == "invoice_received_already"


def test_an_order_is_invoiced_in_one_way_only(session):
    running, placed, document = supplied(session)
    _site, member = running.members[0]
    receive_invoice(member, as_xml(document))
    assert refusal(draw_call_off_invoice, running.holder, placed.id).code == "already_invoiced"
    other, second, own = supplied(session, "F-9")
    draw_call_off_invoice(other.holder, second.id)
    assert refusal(receive_invoice, other.members[0][1], as_xml(own)).code == "already_invoiced"


def test_only_the_buyers_people_receive_and_only_some_decide(session):
    running, _placed, document = supplied(session)
    (site, member), (_other, stranger) = running.members
    assert refusal(receive_invoice, stranger, as_xml(document)).code == "order_not_found"
    with pytest.raises(NotAllowed):
        receive_invoice(somebody_of(site.organisation_id, "viewer"), as_xml(document))
    received = receive_invoice(member, as_xml(document))
    with pytest.raises(NotAllowed):
        judge_invoice(somebody_of(site.organisation_id, "contributor"), received.id, decision="accepted")
    with pytest.raises(NotFound):
        judge_invoice(stranger, received.id, decision="accepted")
    assert session.get_one(Organisation, received.issuer_id).kind == "provider"
    assert [each.id for each in queries.list_recent_supplier_invoices(session, running.holder, 5)] == [received.id]
