"""Invoices of certified orders: numbered without a gap, never changed, credited, paid, and drawn under a mandate."""
from datetime import timedelta
from decimal import Decimal

import pytest
from facturx import get_xml_from_pdf, xml_check_xsd
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from marketplace.accounts.models import Organisation
from marketplace.platform import clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import BadInput, NotAllowed, NotFound, RuleBroken, StaleVersion
from marketplace.platform.files import StoredFile
from marketplace.platform.files.storing import path_of
from marketplace.platform.permissions import SYSTEM
from tenders.contracts.invoicing import queries
from tenders.contracts.invoicing.content import from_content, to_content
from tenders.contracts.invoicing.issuing import take_number
from tenders.contracts.invoicing.models import InvoiceOriginal, InvoicingDetails
from tenders.contracts.invoicing.services.details import describe_invoicing, end_mandate, give_mandate, mandate_hash
from tenders.contracts.invoicing.services.drawing import credit_invoice, draw_call_off_invoice, draw_mandated
from tenders.contracts.invoicing.services.originals import keep_original, keep_originals
from tenders.contracts.invoicing.services.paying import record_payment, write_payment
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.services.answering import answer_call_off, declare_delivery
from tests.factories.contracts import active_contract
from tests.factories.invoices import certified_order, invoice, invoiced_contract, somebody_of
from tests.factories.ordering import order


@pytest.fixture(autouse=True)
def ready(session, files_folder):
    """Every test has a session and a folder for its files."""


def refusal(call, *arguments, **named) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        call(*arguments, **named)
    return caught.value


def told(session, template: str) -> list[dict]:
    rows = session.scalars(
        text("SELECT payload FROM outbox WHERE payload ->> 'template' = :name ORDER BY id"), {"name": template}
    )
    return list(rows)


def drawn():
    """A contract and the invoice of one of its certified orders."""
    running = invoiced_contract()
    return running, draw_call_off_invoice(running.holder, certified_order(running).id)


def test_a_certified_order_is_invoiced_by_its_holder_for_what_was_accepted(session):
    running = invoiced_contract()
    placed = certified_order(running, 100, accepted=80, purchase_order_reference="BC-7")
    made = draw_call_off_invoice(running.holder, placed.id)
    document = from_content(made.content)
    assert (made.issuer_id, made.buyer_id) == (running.provider.organisation_id, placed.organisation_id)
    certified = session.get_one(CallOff, placed.id, populate_existing=True)
    assert made.excl_vat == certified.amount == 80 * 36 * placed.unit_price
    assert made.incl_vat == certified.amount_incl_vat
    assert made.number == f"GR-{clock.today().year}-000001"
    assert made.due_on == clock.today() + timedelta(days=30)
    assert document.purchase_order_reference == "BC-7"
    assert document.lines[0].description.startswith("80 postes × 36 mois")
    assert document.drawn_by == ""
    assert told(session, "invoice_issued")[0]["organisation_ids"] == [str(placed.organisation_id)]
    assert told(session, "invoice_to_deposit")[0]["organisation_ids"] == [str(made.issuer_id)]


def test_an_order_without_a_reference_is_named_by_its_contract_and_number():
    _running, made = drawn()
    assert made.purchase_order_reference.endswith("-001")


def test_numbers_follow_each_other_and_a_refusal_leaves_no_gap(session):
    running = invoiced_contract()
    first = draw_call_off_invoice(running.holder, certified_order(running).id)
    with pytest.raises(RuntimeError), transaction() as inside:
        assert take_number(inside, first.issuer_id, clock.today()) == (2, clock.today())
        raise RuntimeError("given up half-way")
    second = draw_call_off_invoice(running.holder, certified_order(running, place=1).id)
    assert [first.sequence, second.sequence] == [1, 2]
    assert queries.find_gaps(session) == []


def test_only_what_is_certified_is_invoiced_and_once():
    running = invoiced_contract()
    site, actor = running.members[0]
    placed = order(site, actor, running.lot.id, 50)
    answer_call_off(running.holder, placed.id, 50)
    declare_delivery(running.holder, placed.id)
    assert refusal(draw_call_off_invoice, running.holder, placed.id).code == "call_off_not_certified"
    done = certified_order(running)
    number = draw_call_off_invoice(running.holder, done.id).number
    refused = refusal(draw_call_off_invoice, running.holder, done.id)
    assert (refused.code, refused.details["number"]) == ("already_invoiced", number)


def test_without_the_compulsory_mentions_nothing_is_issued(session):
    running = active_contract()
    placed = certified_order(running)
    assert refusal(draw_call_off_invoice, running.holder, placed.id).code == "invoice_issuer_incomplete"
    assert session.scalar(text("SELECT count(*) FROM invoice_series")) == 0


def test_the_member_does_not_invoice_itself_and_strangers_see_nothing(session):
    running, made = drawn()
    _site, member = running.members[0]
    waiting = certified_order(running)
    with pytest.raises(NotAllowed):
        draw_call_off_invoice(member, waiting.id)
    with pytest.raises(NotAllowed):
        credit_invoice(member, made.id, "Non")
    assert queries.get_invoice(session, member, made.id) is not None
    _other, stranger = running.members[1]
    for who in (stranger, running.centre):
        with pytest.raises(NotFound):
            queries.get_invoice(session, who, made.id)


@pytest.mark.parametrize("statement", [
    "UPDATE invoices SET incl_vat = 1", "DELETE FROM invoices", "TRUNCATE invoices CASCADE", "DELETE FROM invoice_payments",
])  # fmt: skip
def test_what_is_issued_never_changes(session, statement):
    drawn()
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text(statement))


def test_a_credit_note_takes_the_invoice_back_and_the_order_can_be_invoiced_again(session):
    running, made = drawn()
    assert refusal(credit_invoice, running.holder, made.id, " ").code == "credit_without_reason"
    note = credit_invoice(running.holder, made.id, "Quantité erronée")
    assert (note.kind, note.corrects_id, note.incl_vat, note.sequence) == ("credit_note", made.id, made.incl_vat, 2)
    assert from_content(note.content).corrects.number == made.number
    assert queries.statuses_of(session, [made, note]) == {made.id: "credited", note.id: "credit"}
    assert refusal(credit_invoice, running.holder, made.id, "Encore").code == "invoice_credited"
    again = draw_call_off_invoice(running.holder, made.call_off_id)
    assert (again.sequence, again.attempt) == (3, 1)
    assert told(session, "credit_note_issued")
    assert queries.find_gaps(session) == []


def test_a_payment_is_recorded_once_and_the_buyer_told(session):
    running, made = drawn()
    day = clock.today()
    assert refusal(
        record_payment, running.holder, made.id, paid_on=day + timedelta(days=1), means="transfer"
    ).code == "payment_day_wrong"
    paid = record_payment(running.holder, made.id, paid_on=day, means="transfer", reference="VIR 12")
    assert (paid.payment.paid_on, paid.payment.reference) == (day, "VIR 12")
    assert queries.statuses_of(session, [paid])[made.id] == "paid"
    assert refusal(record_payment, running.holder, made.id, paid_on=day, means="card").code == "invoice_not_payable"
    with transaction() as inside:
        again = refusal(write_payment, inside, SYSTEM, paid, paid_on=day, means="card", reference="")
    assert again.code == "invoice_not_payable"
    assert told(session, "invoice_paid")[0]["organisation_ids"] == [str(made.buyer_id)]


def test_an_unpaid_invoice_is_late_after_its_day(session):
    _running, made = drawn()
    assert queries.statuses_of(session, [made], made.due_on)[made.id] == "issued"
    assert queries.statuses_of(session, [made], made.due_on + timedelta(days=1))[made.id] == "overdue"


def test_the_files_are_made_once_and_hold_the_same_invoice(session):
    _running, made = drawn()
    assert keep_originals(clock.now()) == 1
    keep_original(made.id)
    assert keep_originals(clock.now()) == 0
    original = session.get_one(InvoiceOriginal, made.id)
    assert xml_check_xsd(original.xml.encode(), flavor="factur-x", level="en16931")
    stored = session.get_one(StoredFile, original.file_id)
    assert stored.owner_id == made.issuer_id
    assert get_xml_from_pdf(path_of(stored).read_bytes())[1] == original.xml.encode()


def test_a_document_comes_back_from_its_row_as_it_was():
    assert from_content(to_content(invoice())) == invoice()


def test_under_a_mandate_the_platform_draws_in_the_holders_name(session):
    running = invoiced_contract()
    certified_order(running)
    assert draw_mandated(clock.now()) == 0
    signatory = somebody_of(running.provider.organisation_id, "signatory")
    given = give_mandate(signatory, running.provider.organisation_id)
    assert given.mandated_by == signatory.user_id
    assert draw_mandated(clock.now()) == 1
    assert draw_mandated(clock.now()) == 0
    made = queries.list_recent(session, running.holder, 5)[0]
    assert made.under_mandate and made.issued_by is None
    assert "mandat écrit du" in from_content(made.content).drawn_by
    end_mandate(signatory, running.provider.organisation_id)
    waiting = certified_order(running, place=1)
    assert draw_mandated(clock.now()) == 0
    assert refusal(draw_call_off_invoice, SYSTEM, waiting.id).code == "no_mandate"


def test_a_mandate_is_signed_by_a_signatory_who_read_this_text(session):
    running = active_contract()
    own = running.provider.organisation_id
    signatory = somebody_of(own, "signatory")
    assert refusal(give_mandate, signatory, own).code == "details_missing"
    ready = invoiced_contract()
    own = ready.provider.organisation_id
    signatory = somebody_of(own, "signatory")
    assert refusal(give_mandate, signatory, own, shown_hash="0" * 64).code == "mandate_changed"
    with pytest.raises(NotAllowed):
        give_mandate(somebody_of(own, "buyer"), own)
    shown = mandate_hash(session.get_one(Organisation, own))
    assert give_mandate(signatory, own, shown_hash=shown).mandate_hash == shown


def test_details_are_checked_and_only_ones_own(session):
    running = active_contract()
    own = running.provider.organisation_id
    wrong = {"address_lines": [" "], "postcode": "", "town": "", "country": "France", "iban": "FR00", "payment_days": 90}
    with pytest.raises(BadInput) as refused:
        describe_invoicing(running.holder, own, **wrong)
    assert set(refused.value.errors) == set(wrong)
    right = {"address_lines": ["1 rue A", ""], "postcode": "69001", "town": "Lyon", "iban": "FR76 3000 6000 0112 3456 7890 189"}
    described = describe_invoicing(running.holder, own, **right)
    assert (described.iban, described.address_lines, described.version) == ("FR7630006000011234567890189", ["1 rue A"], 1)
    with pytest.raises(StaleVersion):
        describe_invoicing(running.holder, own, expected_version=7, **right)
    with pytest.raises(NotFound):
        describe_invoicing(running.members[0][1], own, **right)
    with pytest.raises(NotFound):
        end_mandate(somebody_of(running.members[0][0].organisation_id, "signatory"), own)
    assert session.get_one(InvoicingDetails, own, populate_existing=True).version == 1


def test_in_resale_the_centre_invoices(session):
    running = invoiced_contract()
    session.execute(text("UPDATE vehicles SET technique = 'resale' WHERE id = :id"), {"id": running.lot.vehicle_id})
    session.commit()
    session.expire_all()
    placed = certified_order(running)
    with pytest.raises(NotAllowed):
        draw_call_off_invoice(running.holder, placed.id)
    assert refusal(draw_call_off_invoice, running.centre, placed.id).code == "invoice_issuer_incomplete"


def test_a_rate_of_nothing_is_the_small_firms_exemption(session):
    running = invoiced_contract()
    placed = certified_order(running)
    session.execute(text("UPDATE call_offs SET vat_rate = 0, amount_incl_vat = amount WHERE id = :id"), {"id": placed.id})
    session.commit()
    session.expire_all()
    made = draw_call_off_invoice(running.holder, placed.id)
    assert (made.vat, from_content(made.content).totals.breakdown[0].category) == (Decimal("0.00"), "E")
