"""Money in front of people: a clinic signs a mandate and reads the announcement, a vendor takes a plan, an invoice is paid."""
import pytest

from marketplace.billing.models import BillingPayee, FeeInvoice
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.billing import ChargeFactory

pytestmark = pytest.mark.browser


def test_a_clinic_signs_a_mandate_and_its_fees_are_announced(reader, site, paying):
    clinic, centre = OrganisationFactory(), OrganisationFactory(kind="purchasing_centre", name="Centrale fictive")
    site.session.add(BillingPayee(organisation_id=centre.id, gathering="at_once"))
    site.session.commit()
    ChargeFactory(payer_organisation_id=clinic.id, payee_organisation_id=centre.id)
    payer = reader(user_in(clinic))
    page = payer.visit("/facturation/a-payer")
    page.get_by_role("button", name="Donner une carte ou signer un mandat").click()
    payer.look()
    page.get_by_role("link", name="Aller à la page de Stripe").click()
    page.get_by_role("button", name="sepa_debit").click()
    page.wait_for_url("**/facturation/a-payer?retour=paye")
    paying.work()
    page = payer.visit("/facturation/a-payer")
    assert "mandat SIMREF000001" in page.inner_text("main")
    assert "Prélèvement à partir du" in page.inner_text("main")
    payee = reader(user_in(centre))
    payee.visit("/facturation/a-recevoir")
    assert "Annoncée" in payee.page.inner_text("main")
    payee.page.get_by_text("Noter un virement reçu").click()
    payee.look()


def test_an_invoice_is_paid_on_stripes_page(reader, site, paying):
    charge = ChargeFactory()
    site.session.add(BillingPayee(organisation_id=charge.payee_organisation_id, gathering="at_once"))
    site.session.commit()
    paying.work()
    payer = reader(user_in(site.session.get_one(type(OrganisationFactory.build()), charge.payer_organisation_id)))
    page = payer.visit("/facturation/a-payer")
    page.get_by_role("link", name="Payer chez Stripe").click()
    page.get_by_role("button", name="Payer").click()
    page.get_by_text("Merci.").wait_for()
    paying.work()
    assert "Payée le" in payer.visit("/facturation/a-payer").inner_text("main")
    assert site.session.query(FeeInvoice).one().paid_how == "stripe"


def test_a_vendor_takes_a_plan(reader, site, paying):
    vendor = reader(user_in(kind="provider"))
    page = vendor.visit("/facturation/formule")
    page.get_by_role("button", name="Choisir « Soutien »").click()
    vendor.look()
    page.get_by_role("link", name="Aller à la page de paiement de Stripe").click()
    page.get_by_role("button", name="card").click()
    page.wait_for_url("**/facturation/formule?retour=paye")
    paying.work()
    page = vendor.visit("/facturation/formule")
    assert "payée jusqu'au" in page.inner_text("main")
    page.get_by_text("Passer à « Partenaire »").click()
    vendor.look()
    reader(user_in(kind="platform", roles=("operator",))).visit("/facturation/rapprochements")
