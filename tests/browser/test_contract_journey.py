"""From a decided lot to the true-up: contract of a matched offer, activation, two orders, invoices, payment, statement."""
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from facturx import get_xml_from_pdf, xml_check_xsd
from openpyxl import load_workbook
from sqlalchemy import text

from marketplace.accounts.models import User
from marketplace.platform import clock
from marketplace.platform.files import read_upload
from tenders.contracts.invoicing import documents
from tenders.contracts.invoicing.factur_x.page import as_pdf
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.services import activate_contract, conclude_contract, sign_contract
from tenders.contracts.services.concluding import Terms
from tests.factories.contracts import ActiveContract, decided_lot
from tests.factories.invoices import certified_order, known_party

pytestmark = pytest.mark.browser
SIGNED = read_upload("contrat-signe.pdf", b"%PDF-1.7 fictif")


def activated_contract() -> ActiveContract:
    """A contract concluded on a decided lot from an offer that can answer it, signed, and activated with its minimum."""
    decided = decided_lot((600, 400), minimum=900, title="Détection sur les postes")
    terms = Terms(holder_id=decided.provider.id, offer_id=decided.offer.id, reference="2027-EDR-01", starts_on=clock.today())
    contract = conclude_contract(decided.centre, decided.lot.id, terms)
    sign_contract(decided.centre, contract.id, SIGNED, clock.today())
    contract = activate_contract(decided.centre, contract.id)
    assert contract.status == "active"
    parties = [decided.provider.organisation_id, *(site.organisation_id for site, _actor in decided.members)]
    for number, organisation_id in enumerate(parties, 1):
        known_party(organisation_id, number)
    return ActiveContract(contract, decided.lot, decided.members, decided.provider, decided.centre, decided.holder)


def saved(page, link: str) -> bytes:
    """The bytes behind a download link."""
    with page.expect_download() as coming:
        page.get_by_role("link", name=link).click()
    return Path(coming.value.path()).read_bytes()


def test_from_a_decided_lot_to_the_statement(reader, site, tmp_path):
    with site.app.app_context():
        running = activated_contract()
        certified_order(running, 450, 0)
        second = certified_order(running, 410, 1)
        holder_id, contract_id = running.provider.organisation_id, running.contract.id
    actors = (running.holder, running.members[0][1], running.members[1][1], running.centre)
    holder, clinic, other, centre = (
        reader(site.session.get_one(User, actor.user_id), reduced_motion="reduce") for actor in actors
    )

    page = holder.visit(f"/factures/coordonnees/{holder_id}")
    page = holder.visit("/factures")
    page.get_by_role("button", name="Facturer 2027-EDR-01-001").click()
    assert "À déposer sur votre plateforme agréée." in page.inner_text("main")
    holder.look()
    pdf = saved(page, "Télécharger le Factur-X (PDF)")
    assert xml_check_xsd(get_xml_from_pdf(pdf)[1], flavor="factur-x", level="en16931")
    address = page.url.removeprefix(site.url)

    assert "à payer" in clinic.visit("/factures").inner_text("main")
    assert "Enregistrer le paiement" not in clinic.visit(address).inner_text("main")
    page = holder.page
    page.get_by_role("textbox", name="Référence du paiement").fill("VIR-2027-1")
    page.get_by_role("button", name="Enregistrer le paiement").click()
    assert "payée" in page.inner_text("main")
    holder.look()

    with site.app.app_context():
        order = site.session.get_one(CallOff, second.id)
        between = documents.parties(site.session, order.contract, order.organisation_id)
        own = documents.of_call_off(order, between, under_mandate=False)
        sent = tmp_path / "facture.pdf"
        more = replace(own.lines[0], quantity=own.lines[0].quantity + 36)
        sent.write_bytes(as_pdf(replace(own, number="F-2027-8", lines=(more,))))
    page = other.visit("/factures/recues/nouvelle")
    page.get_by_label("Factur-X (PDF) ou XML").set_input_files(sent)
    page.get_by_role("button", name="Comparer à la commande").click()
    other.look()
    assert "Quantité facturée" in page.inner_text("main")
    page.get_by_label("Ce que vous contestez").fill("36 unités de trop")
    page.get_by_role("button", name="Contester").click()
    assert "contestée" in page.inner_text("main")

    site.session.execute(text("UPDATE contracts SET starts_on = starts_on - 1095, ends_on = starts_on - 1 WHERE id = :id"),
                         {"id": contract_id})  # fmt: skip
    site.session.commit()
    page = centre.visit(f"/contrats/{contract_id}/decompte")
    page.get_by_role("button", name="Établir le décompte").click()
    assert "40" in page.inner_text("main")
    centre.look()
    assert saved(page, "Télécharger le décompte (PDF)").startswith(b"%PDF-")
    rows = list(load_workbook(BytesIO(saved(page, "Télécharger en XLSX"))).active.iter_rows(values_only=True))
    assert rows[-1][1:5] == (1000, 860, 10, 40)
    page = clinic.visit(f"/contrats/{contract_id}/decompte")
    assert "40 à régler" in page.inner_text("main")
    page = holder.visit(f"/contrats/{contract_id}/decompte")
    page.get_by_role("button", name="Facturer").first.click()
    holder.look()
    assert "Minimum contractuel non consommé" in page.inner_text("main")
