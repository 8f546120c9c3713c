"""Amending a contract in a browser: prepare, meet a threshold, say why, sign; the holder reads before and after."""
import pytest
from playwright.sync_api import expect

from marketplace.accounts.models import User
from tests.factories.accounts import operator
from tests.factories.amendments import contract_under, drafted, signed

pytestmark = pytest.mark.browser
PAPER = {"name": "avenant.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 fictif"}


def test_a_contract_is_amended_past_a_threshold(reader, site):
    with site.app.test_request_context("/"):
        running = contract_under("public_code")
        signed(running, "other", text="Article 6 : les rapports sont remis en trente jours.")
        contract_id = running.contract.id
        centre_user, holder_user = (
            site.session.get_one(User, actor.user_id) for actor in (running.centre, running.holder)
        )
    centre, holder = reader(centre_user, is_refused=True), reader(holder_user)
    page = centre.visit(f"/contrats/{contract_id}")
    page.get_by_role("link", name="Voir ce qui a changé, avant et après").click()
    page.get_by_role("link", name="Préparer un avenant").click()
    centre.look()
    page.get_by_role("link", name="Maximum : en unités ou en euros").click()
    page.get_by_label("Nouveau maximum, en unités").fill("2 500")
    page.get_by_label("Raison").fill("Deux sites de plus.")
    page.get_by_label("Fondement juridique").select_option("low_value")
    centre.look()
    page.get_by_role("button", name="Enregistrer le projet").click()
    expect(page.get_by_text("Projet d'avenant enregistré")).to_be_visible()
    centre.look()
    page.get_by_role("link", name="Déposer l'avenant signé").click()
    expect(page.get_by_text("atteignent 25 % de la valeur initiale")).to_be_visible()
    centre.look()
    page.locator("#signed_file").set_input_files(files=[PAPER])
    page.get_by_label("Signé le").fill("2026-01-15")
    page.get_by_role("button", name="Déposer").click()
    expect(page.get_by_text("Rien n'a été enregistré")).to_be_visible()
    centre.look()
    page.locator("#signed_file").set_input_files(files=[PAPER])
    page.get_by_label("Pourquoi signer malgré cet avertissement").fill("Avis du service juridique du 3 mars.")
    page.get_by_role("button", name="Déposer").click()
    expect(page.get_by_role("status")).to_be_visible()
    centre.look()
    page = holder.visit(f"/contrats/{contract_id}/avenants")
    expect(page.get_by_role("heading", name="Avenant n° 2")).to_be_visible()
    holder.look()


def test_each_kinds_form_and_the_thresholds_are_looked_at(reader, site):
    with site.app.test_request_context("/"):
        running = contract_under("private")
        drafted(running, maximum_quantity=2500)
        contract_id = running.contract.id
        centre_user, platform = site.session.get_one(User, running.centre.user_id), operator()
    centre, person = reader(centre_user), reader(platform)
    for kind in ("prices", "members", "indexation", "fee", "term"):
        page = centre.visit(f"/contrats/{contract_id}/avenants/nouveau?objet={kind}")
        expect(page.get_by_role("button", name="Enregistrer le projet")).to_be_visible()
        centre.look()
    page = person.visit("/referentiels/seuils-des-avenants")
    expect(page.get_by_role("heading", name="Saisir un seuil")).to_be_visible()
    person.look()
