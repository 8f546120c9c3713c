"""Pages of money: each sees its own, acts by its role, and payment being off is said plainly."""
from datetime import timedelta
from decimal import Decimal

import pytest

from marketplace.billing.models import BillingCustomer, Checkout, Reconciliation
from marketplace.platform import clock
from marketplace.platform.database import new_id
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.base import refreshed
from tests.factories.billing import ChargeFactory, FeeInvoiceFactory, ListingSubscriptionFactory
from tests.factories.invoices import InvoicingDetailsFactory

OFF = "Le paiement en ligne n'est pas activé sur cette plateforme."


@pytest.fixture
def parties(session):
    """A payer, a payee, an invoice between them with one charge, and one charge not yet invoiced."""
    clinic, centre = OrganisationFactory(), OrganisationFactory(kind="purchasing_centre", name="Centrale fictive")
    both = {"payer_organisation_id": clinic.id, "payee_organisation_id": centre.id}
    invoice = FeeInvoiceFactory(**both)
    ChargeFactory(**both, fee_invoice_id=invoice.id, label="Adhésion 2027")
    ChargeFactory(**both, label="Frais sur la commande 12", amount=Decimal("12.00"))
    return clinic, centre, invoice


def text_of(answer):
    return answer.get_data(as_text=True).replace("&#39;", "'").replace("\u202f", " ").replace("\xa0", " ")


def test_a_payer_sees_what_it_owes_and_that_payment_is_off(sign_in, parties):
    clinic, _centre, _invoice = parties
    page = text_of(sign_in(user_in(clinic)).get("/facturation/a-payer"))
    for said in (OFF, "Centrale fictive", "Adhésion 2027", "720 €", "Frais sur la commande 12", "demandez son IBAN"):
        assert said in page


def test_a_payer_reads_where_to_send_its_transfer_and_the_payee_finds_it_by_its_reference(sign_in, parties):
    clinic, centre, invoice = parties
    InvoicingDetailsFactory(organisation_id=centre.id)
    reference = f"FRAIS-{invoice.id.hex[-8:].upper()}"
    page = text_of(sign_in(user_in(clinic)).get("/facturation/a-payer"))
    assert "FR76 3000 6000 0112 3456 7890 189" in page and reference in page
    assert reference in text_of(sign_in(user_in(centre)).get("/facturation/a-recevoir"))


def test_nobody_sees_what_others_owe(sign_in, parties):
    page = text_of(sign_in(user_in()).get("/facturation/a-payer"))
    assert "Adhésion 2027" not in page and "Aucune facture de frais" in page
    stranger = sign_in(user_in(kind="purchasing_centre"))
    assert "Adhésion 2027" not in text_of(stranger.get("/facturation/a-recevoir"))
    assert stranger.post(f"/facturation/factures/{parties[2].id}/virement").status_code == 404
    assert sign_in(user_in(parties[0])).get("/facturation/a-recevoir").status_code == 404


def test_a_payee_notes_a_transfer_and_sees_its_sums(sign_in, parties):
    _clinic, centre, invoice = parties
    browser = sign_in(user_in(centre))
    assert "12 € HT" in text_of(browser.get("/facturation/a-recevoir"))
    browser.post(f"/facturation/factures/{invoice.id}/virement")
    assert refreshed(invoice).paid_how == "outside"
    page = text_of(browser.get("/facturation/a-recevoir"))
    assert "Virement noté" in page and "par virement" in page
    again = browser.post(f"/facturation/factures/{invoice.id}/virement", follow_redirects=True)
    assert "déjà payée" in text_of(again)


def test_a_viewer_reads_and_changes_nothing(sign_in, parties):
    _clinic, centre, invoice = parties
    viewer = sign_in(user_in(centre, roles=("viewer",)))
    assert "Noter un virement" not in text_of(viewer.get("/facturation/a-recevoir"))
    assert viewer.post(f"/facturation/factures/{invoice.id}/virement").status_code == 403
    assert viewer.post(f"/facturation/{centre.id}/regroupement", data={"gathering": "at_once"}).status_code == 403


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"amount": "beaucoup", "reason": "x"}, "Écrivez un montant"),
        ({"amount": "1,00", "reason": " "}, "Dites pourquoi"),
        ({"amount": "1,00", "reason": "x"}, "Rien à rembourser par Stripe"),
    ],
)
def test_a_refund_that_cannot_be_says_why(sign_in, parties, form, said):
    browser = sign_in(user_in(parties[1]))
    answer = browser.post(f"/facturation/factures/{parties[2].id}/remboursement", data=form, follow_redirects=True)
    assert said in text_of(answer)


def test_a_paid_invoice_is_refunded_from_the_page(sign_in, session, parties):
    _clinic, centre, invoice = parties
    invoice.paid_at, invoice.paid_how = clock.now(), "stripe"
    session.commit()
    browser = sign_in(user_in(centre))
    form = {"amount": "720,00", "reason": "Adhésion annulée"}
    browser.post(f"/facturation/factures/{invoice.id}/remboursement", data=form)
    assert refreshed(invoice).refunded_amount == 720
    assert "Remboursée" in text_of(browser.get("/facturation/a-recevoir"))


def test_a_payee_chooses_when_fees_are_invoiced(sign_in, parties):
    browser = sign_in(user_in(parties[1]))
    address = f"/facturation/{parties[1].id}/regroupement"
    assert "ainsi" in text_of(browser.post(address, data={"gathering": "at_once"}, follow_redirects=True))
    assert "Choisissez" in text_of(browser.post(address, data={"gathering": "yearly"}, follow_redirects=True))
    assert browser.post(f"/facturation/{new_id()}/regroupement", data={"gathering": "monthly"}).status_code == 404


def test_lists_cost_the_same_however_long(sign_in, session, parties, count_queries):
    clinic, centre, _invoice = parties
    browser = sign_in(user_in(clinic))
    with count_queries() as short:
        browser.get("/facturation/a-payer")
    for _each in range(8):
        made = FeeInvoiceFactory(payer_organisation_id=clinic.id, payee_organisation_id=centre.id)
        ChargeFactory(payer_organisation_id=clinic.id, payee_organisation_id=centre.id, fee_invoice_id=made.id)
    with count_queries() as long:
        browser.get("/facturation/a-payer")
    assert len(long) == len(short)


def test_a_long_list_has_a_next_page(sign_in, parties):
    clinic, centre, first = parties
    for _each in range(51):
        FeeInvoiceFactory(payer_organisation_id=clinic.id, payee_organisation_id=centre.id)
    browser = sign_in(user_in(clinic))
    page = text_of(browser.get("/facturation/a-payer"))
    cursor = page.split("cursor=")[1][:36]
    assert "Adhésion 2027" not in page
    assert "Adhésion 2027" in text_of(browser.get(f"/facturation/a-payer?cursor={cursor}"))
    assert first is not None


def test_a_payer_goes_to_stripe_to_leave_a_mandate_and_reads_what_it_left(sign_in, session, payment_on, parties):
    clinic = parties[0]
    browser = sign_in(user_in(clinic))
    assert browser.post(f"/facturation/{clinic.id}/moyen-de-paiement").status_code == 302
    page = text_of(browser.get("/facturation/a-payer"))
    assert payment_on.url in page and OFF not in page
    account = session.get_one(BillingCustomer, clinic.id)
    account.method, account.method_stripe_id, account.method_digits = "sepa_debit", "pm_1", "3000"
    account.mandate_reference = "RUM-1"
    session.commit()
    assert "mandat RUM-1" in text_of(browser.get("/facturation/a-payer"))
    assert browser.get(f"/facturation/{clinic.id}/portail").location == f"{payment_on.url}/portal"
    assert browser.get(f"/facturation/{new_id()}/portail").status_code == 404


def test_when_stripe_is_away_the_page_is_prepared_later(sign_in, session, payment_on):
    vendor = OrganisationFactory(kind="provider")
    browser = sign_in(user_in(vendor))
    payment_on.lose_next_answer("/v1/customers")
    assert browser.post(f"/facturation/{vendor.id}/formule", data={"plan": "supporter"}).status_code == 302
    assert "se prépare" in text_of(browser.get("/facturation/formule"))
    assert session.query(Checkout).one().url is None


def _subscribed(vendor, **facts):
    ListingSubscriptionFactory(organisation_id=vendor.id, **facts)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (None, "rien ne vous est demandé"),
        ({}, "payée jusqu'au"),
        ({"ends_at": clock.now() + timedelta(days=3)}, "qui s'arrête le"),
        ({"unpaid_since": clock.now(), "hidden_from": clock.now() + timedelta(days=14)}, "reste visible jusqu'au"),
        ({"unpaid_since": clock.now(), "hidden_from": clock.now() - timedelta(days=1)}, "n'est plus dans l'annuaire"),
    ],
)
def test_a_provider_reads_where_its_plan_stands(sign_in, session, facts, said):
    vendor = OrganisationFactory(kind="provider")
    if facts is not None:
        _subscribed(vendor, **facts)
    assert said in text_of(sign_in(user_in(vendor)).get("/facturation/formule"))


def test_a_provider_chooses_then_changes_its_plan(sign_in, session, payment_on):
    vendor = OrganisationFactory(kind="provider")
    browser = sign_in(user_in(vendor))
    browser.post(f"/facturation/{vendor.id}/formule", data={"plan": "supporter"})
    page = session.query(Checkout).one()
    assert page.url in text_of(browser.get("/facturation/formule"))
    _subscribed(vendor)
    page.ended_at, page.ended_how = clock.now(), "completed"
    session.commit()
    answer = browser.post(f"/facturation/{vendor.id}/formule", data={"plan": "partner"}, follow_redirects=True)
    assert "Changement demandé" in text_of(answer)
    refused = browser.post(f"/facturation/{vendor.id}/formule", data={"plan": "free"}, follow_redirects=True)
    assert "pas proposée" in text_of(refused)


def test_with_payment_off_no_plan_is_taken(sign_in, session):
    vendor = OrganisationFactory(kind="provider")
    browser = sign_in(user_in(vendor))
    page = text_of(browser.get("/facturation/formule"))
    assert OFF in page and "Choisir «" not in page
    answer = browser.post(f"/facturation/{vendor.id}/formule", data={"plan": "supporter"}, follow_redirects=True)
    assert "virement" in text_of(answer)
    assert sign_in(user_in()).get("/facturation/formule").status_code == 404


def test_the_operator_reads_differences_and_nobody_else(sign_in, session):
    found = {"kind": "invoice", "ours_id": "1", "stripe_id": "in_1", "fact": "status", "ours": "open", "theirs": "paid"}
    session.add_all([
        Reconciliation(day=clock.today(), started_at=clock.now(), ended_at=clock.now(), compared=3,
                       differences=[{**found, "taken_over": True}, {**found, "fact": "existence", "taken_over": False}]),
        Reconciliation(day=clock.today() - timedelta(days=1), started_at=clock.now(), ended_at=clock.now(), compared=1),
        Reconciliation(day=clock.today() - timedelta(days=2), started_at=clock.now()),
    ])  # fmt: skip
    session.commit()
    operator = user_in(kind="platform", roles=("operator",))
    page = text_of(sign_in(operator).get("/facturation/rapprochements"))
    for said in ("Repris", "À regarder chez Stripe", "aucun écart", "En cours"):
        assert said in page
    assert sign_in(user_in(kind="purchasing_centre")).get("/facturation/rapprochements").status_code == 403
