"""An order in front of those concerned: desk, cart stopped at the maximum, holder's answer, delivery, certification."""
import pytest

from marketplace.accounts.models import User
from tests.factories.contracts import active_contract
from tests.factories.ordering import colleague, order

pytestmark = pytest.mark.browser


def test_a_site_orders_what_is_left_and_certifies_what_its_holder_delivers(reader, site):
    with site.app.app_context():
        running = active_contract(maximum_quantity=1000, title="Détection sur les postes")
        (clinic, actor), (neighbour, other) = running.members
        order(neighbour, other, running.lot.id, 988)
        buyer, holder = colleague(clinic, "buyer"), running.holder
    users = [site.session.get_one(User, each.user_id) for each in (actor, buyer, holder, running.centre)]
    signatory, clerk, provider, centre = (reader(user) for user in users)

    page = clerk.visit("/commandes")
    page.get_by_label("Quantité pour").fill("40")
    page.get_by_role("button", name="Ajouter").click()
    assert "Commande impossible : il reste 12 postes ; vous en demandez 40." in page.inner_text("main")
    clerk.look()
    page.get_by_role("button", name="Commander 12 postes").click()
    assert "À approuver" in page.inner_text("main")
    clerk.look()
    address = page.url.removeprefix(site.url)

    page = signatory.visit("/commandes")
    assert "À approuver" in page.inner_text("main")
    signatory.visit(address)
    page.get_by_text("Approuver et envoyer").first.click()
    page.get_by_role("button", name="Approuver et envoyer").click()
    assert "Envoyée, sans réponse" in page.inner_text("main")

    page = provider.visit("/carnet-de-commandes")
    page = provider.visit(address)
    page.get_by_label("Quantité acceptée").fill("10")
    page.get_by_label("Raison, si vous n'acceptez pas tout").fill("Deux postes hors support")
    page.get_by_role("button", name="Envoyer la réponse").click()
    page.get_by_role("button", name="Déclarer la livraison").click()
    provider.look()

    page = signatory.visit(address)
    page.get_by_text("Certifier le service fait").first.click()
    page.get_by_role("button", name="Certifier le service fait").click()
    signatory.look()
    assert "le titulaire peut facturer" in page.inner_text("main")
    signatory.visit("/commandes/cessions")
    signatory.visit(f"/commandes/plafonds/{clinic.organisation_id}")
    signatory.visit("/commandes/suivi")
    assert "998" in centre.visit("/execution").inner_text("main")
    centre.page.get_by_role("link", name="Détection sur les postes").click()
    centre.look()
    assert "Par membre" in centre.page.inner_text("main")
