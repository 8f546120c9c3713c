"""From a decided lot to its statement, page by page: contract of a matched offer, orders, invoice, payments, true-up."""
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from facturx import get_xml_from_pdf, xml_check_xsd
from openpyxl import load_workbook
from playwright.sync_api import Page, expect
from pypdf import PdfReader
from sqlalchemy import text

from marketplace.accounts.models import User
from tenders.contracts.invoicing import documents
from tenders.contracts.invoicing.factur_x.page import as_pdf
from tenders.contracts.ordering.models import CallOff
from tests.browser.conftest import Reader
from tests.factories.contracts import decided_lot
from tests.factories.invoices import certified_order, invoiced_contract, known_party

pytestmark = pytest.mark.browser
SIGNED = {"name": "contrat-signe.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 fictif"}


def saved(page: Page, link: str) -> bytes:
    """The bytes behind a download link."""
    with page.expect_download() as coming:
        page.get_by_role("link", name=link).click()
    return Path(coming.value.path()).read_bytes()


def says(page: Page, words: str) -> None:
    """Wait until the page says so."""
    expect(page.locator("main")).to_contain_text(words)


def confirmed(page: Page, act: str, button: str | None = None) -> None:
    """Open an act that asks for confirmation, and confirm it."""
    page.locator("details.confirm > summary").filter(has_text=act).first.click()
    page.get_by_role("button", name=button or act, exact=True).click()


@pytest.fixture
def parties(site):
    """A lot closed with 1 000 units for a minimum of 900, and everybody whom its contract concerns, invoicing details known."""
    with site.app.app_context():
        decided = decided_lot((600, 400), minimum=900, title="Détection sur les postes")
        payers = [decided.provider.organisation_id, *(each.organisation_id for each, _actor in decided.members)]
        for number, organisation_id in enumerate(payers, 1):
            known_party(organisation_id, number)
    return decided


def concludes(centre: Reader, parties) -> str:
    """The centre goes from the lot's matched offer to an active contract with a fee of 2 % paid by members; its address."""
    page = centre.visit(f"/lots/{parties.lot.id}")
    page.get_by_role("link", name="Conclure avec ce prestataire").click()
    expect(page.get_by_role("radio", name=parties.provider.name)).to_be_checked()
    page.get_by_label("Référence du contrat").fill("2027-EDR-01")
    page.get_by_label("Redevance de la centrale").select_option("percent_of_call_offs")
    page.get_by_label("Payée par").select_option("member")
    page.get_by_label("Montant ou pourcentage").fill("2")
    centre.look()
    page.get_by_role("button", name="Conclure et figer les prix").click()
    says(page, "Le contrat signé (PDF) n'est pas encore déposé.")
    address = page.url.removeprefix(centre.site.url)
    centre.look()
    page.get_by_role("link", name="Déposer le contrat signé").click()
    says(page, "Redevance que ce contrat prévoit")
    page.locator("input[name=signed_file]").set_input_files(SIGNED)
    page.get_by_label("Signé le").fill(parties.lot.vehicle.starts_on.isoformat())
    centre.look()
    page.get_by_role("button", name="Déposer").click()
    says(page, "Minimum atteint : 1 000 postes engagés pour 900.".replace(" 0", "\u202f0"))
    confirmed(page, "Activer le contrat", "Activer")
    says(page, "Contrat activé")
    centre.look()
    return address


def orders(clinic: Reader, quantity: int) -> str:
    """The clinic orders from its desk; the order's address."""
    page = clinic.go("/commandes")
    page.get_by_label("Quantité pour").fill(str(quantity))
    page.get_by_role("button", name="Ajouter").click()
    says(page, "Vous n'avez pas de plafond")
    page.get_by_role("button", name="Commander cette ligne").click()
    says(page, "Le titulaire a reçu la commande")
    return page.url.removeprefix(clinic.site.url)


def delivers(holder: Reader, order: str) -> None:
    """The holder finds the order in its book, accepts all of it and declares its delivery."""
    page = holder.go("/carnet-de-commandes")
    page.locator(f"main a[href$='{order}']").first.click()
    page.get_by_role("button", name="Envoyer la réponse").click()
    says(page, "Le titulaire a tout accepté")
    page.get_by_role("button", name="Déclarer la livraison").click()
    says(page, "Le titulaire déclare avoir livré.")


def certifies(clinic: Reader, order: str) -> None:
    """The clinic certifies what was delivered."""
    page = clinic.go(order)
    confirmed(page, "Certifier le service fait")
    says(page, "le titulaire peut facturer")


def invoices(holder: Reader, clinic: Reader) -> None:
    """The holder draws its Factur-X and records the clinic's bank transfer: orders are not paid through Stripe (Connect)."""
    page = holder.visit("/factures")
    page.get_by_role("button", name="Facturer 2027-EDR-01-001").click()
    says(page, "À déposer sur votre plateforme agréée.")
    holder.look()
    pdf = saved(page, "Télécharger le Factur-X (PDF)")
    assert xml_check_xsd(get_xml_from_pdf(pdf)[1], flavor="factur-x", level="en16931")
    says(clinic.go("/factures"), "à payer")
    clinic.go(page.url.removeprefix(holder.site.url))
    expect(clinic.page.get_by_role("button", name="Enregistrer le paiement")).to_have_count(0)
    page.get_by_role("textbox", name="Référence du paiement").fill("VIR-2027-1")
    page.get_by_role("button", name="Enregistrer le paiement").click()
    says(page, "payée")
    holder.look()


def pays_the_fee(centre: Reader, clinic: Reader, paying) -> None:
    """The fee of both orders becomes one invoice, which the clinic pays on Stripe's page."""
    page = centre.visit("/facturation/a-recevoir")
    says(page, "Redevance de 2 % sur la commande 2027-EDR-01-001")
    page.locator("select[name=gathering]").select_option("at_once")
    page.get_by_role("button", name="Enregistrer").click()
    says(page, "Enregistré")
    paying.work()
    page = clinic.go("/")
    page.get_by_role("link", name="TTC de frais à").click()
    says(page, "Redevance de 2 % sur la commande 2027-EDR-01-002")
    clinic.look()
    page.get_by_role("link", name="Payer chez Stripe").click()
    page.get_by_role("button", name="Payer").click()
    says(page, "Merci.")
    paying.work()
    says(clinic.visit("/facturation/a-payer"), "Payée le")
    says(centre.go("/facturation/a-recevoir"), "Payée le")
    assert len(paying.stripe.payments) == 1 and paying.stripe.problems == []


def settles(centre: Reader, contract: str) -> None:
    """At the term the centre opens the statement from the contract, makes it, and reads both of its files."""
    page = centre.go(contract)
    page.get_by_role("link", name="Décompte au terme").click()
    page.get_by_role("button", name="Établir le décompte").click()
    says(page, "Décompte établi")
    centre.look()
    pdf = PdfReader(BytesIO(saved(page, "Télécharger le décompte (PDF)")))
    written = " ".join("".join(each.extract_text() for each in pdf.pages).split())
    assert "2027-EDR-01" in written and "300" in written
    rows = list(load_workbook(BytesIO(saved(page, "Télécharger en XLSX"))).active.iter_rows(values_only=True))
    assert rows[-1][1:5] == (1000, 600, 0, 300)


def test_from_a_decided_lot_to_the_statement(reader, site, paying, parties):
    actors = (parties.centre, parties.holder, parties.members[0][1], parties.members[1][1])
    users = [site.session.get_one(User, actor.user_id) for actor in actors]
    centre, holder, clinic, other = (reader(user) for user in users)
    contract = concludes(centre, parties)
    clinic.visit("/commandes")
    placed = [orders(clinic, 450), orders(clinic, 150)]
    clinic.look()
    holder.visit("/carnet-de-commandes")
    for order in placed:
        delivers(holder, order)
        certifies(clinic, order)
    holder.look()
    clinic.look()
    invoices(holder, clinic)
    pays_the_fee(centre, clinic, paying)

    contract_id = contract.rsplit("/", 1)[1]
    site.session.execute(  # three years later: nothing else happened
        text("UPDATE contracts SET starts_on = starts_on - 1095, ends_on = starts_on - 1 WHERE id = :id"), {"id": contract_id}
    )
    site.session.commit()
    settles(centre, contract)
    says(clinic.go(f"{contract}/decompte"), "600")
    expect(clinic.page.locator("main")).not_to_contain_text("300 postes à régler")
    says(other.go(f"{contract}/decompte"), "300")
    page = holder.go(f"{contract}/decompte")
    page.get_by_role("button", name="Facturer").first.click()
    says(page, "Minimum contractuel non consommé")
    holder.look()


def test_a_suppliers_invoice_is_compared_with_its_order_and_contested(reader, site, tmp_path):
    with site.app.app_context():
        running = invoiced_contract()
        order = site.session.get_one(CallOff, certified_order(running, 410, 1).id)
        between = documents.parties(site.session, order.contract, order.organisation_id)
        own = documents.of_call_off(order, between, under_mandate=False)
        sent = tmp_path / "facture.pdf"
        more = replace(own.lines[0], quantity=own.lines[0].quantity + 36)
        sent.write_bytes(as_pdf(replace(own, number="F-2027-8", lines=(more,))))
        buyer = site.session.get_one(User, running.members[1][1].user_id)
    other = reader(buyer)
    page = other.visit("/factures/recues/nouvelle")
    page.get_by_label("Factur-X (PDF) ou XML").set_input_files(sent)
    page.get_by_role("button", name="Comparer à la commande").click()
    says(page, "Quantité facturée")
    other.look()
    page.get_by_label("Ce que vous contestez").fill("36 unités de trop")
    page.get_by_role("button", name="Contester").click()
    says(page, "contestée")
