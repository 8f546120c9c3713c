"""« À faire » of fees: who pays reads what to pay, who is owed whom to remind; what is announced asks nothing."""
import html
from datetime import timedelta

import pytest

from marketplace.platform import clock
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.billing import FeeInvoiceFactory
from tests.factories.catalog import ProviderFactory

PAY, REMIND = "Payer 720 € TTC de frais à Centrale fictive", "Relancer Clinique fictive : 720 € TTC de frais impayés"


@pytest.fixture
def home(app, session, sign_in):
    """The home of a payer, a payee or a holder, as text."""
    clinic = OrganisationFactory(name="Clinique fictive")
    centre = OrganisationFactory(kind="purchasing_centre", name="Centrale fictive")

    class Homes:
        payer, payee = clinic, centre

        def invoice(self, **facts):
            both = {"payer_organisation_id": clinic.id, "payee_organisation_id": centre.id}
            return FeeInvoiceFactory(**{**both, **facts})

        def __call__(self, organisation, roles=("admin",)):
            shown = sign_in(user_in(organisation, roles)).get("/").get_data(as_text=True)
            return html.unescape(shown).replace("\u202f", " ").replace("\xa0", " ")

    return Homes()


def test_an_invoice_to_pay_is_the_payers_to_do(home):
    home.invoice()
    assert PAY in home(home.payer) and PAY not in home(home.payer, ("buyer",))
    assert REMIND not in home(home.payee)


def test_what_is_announced_or_paid_asks_nothing(home):
    home.invoice(method="card", announced_on=clock.today(), charge_on=clock.today())
    home.invoice(paid_at=clock.now(), paid_how="outside")
    assert PAY not in home(home.payer)


def test_a_refused_payment_asks_both(home):
    home.invoice(failed_at=clock.now(), failure_code="card_declined", attempts=1, attempted_at=clock.now())
    assert PAY in home(home.payer) and "La banque a refusé le paiement" in home(home.payer)
    assert REMIND in home(home.payee) and REMIND not in home(home.payee, ("viewer",))


def test_after_a_month_the_payee_reminds(home):
    home.invoice(due_on=clock.today() - timedelta(days=31))
    assert REMIND in home(home.payee)


def test_a_holder_reads_what_it_owes(home, session):
    provider = ProviderFactory()
    home.invoice(payer_organisation_id=provider.organisation_id)
    assert PAY in home(session.get_one(type(home.payer), provider.organisation_id))
