"""A mini-competition in front of those concerned: asked, answered under seal, scored, awarded, and why."""
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from marketplace.accounts.models import User
from marketplace.platform import clock
from tenders.contracts.competitions.models import Competition, CompetitionOffer
from tests.factories.competitions import CompetitionFrameworkFactory, competing_lot

pytestmark = pytest.mark.browser


def test_a_site_asks_two_holders_answer_under_seal_and_the_best_offer_gets_the_order(reader, site):
    with site.app.app_context():
        shared = competing_lot(title="Détection sur les postes")
        CompetitionFrameworkFactory(lot_id=shared.lot.id)
    actors = (shared.members[0][1], *shared.holders, shared.centre)
    buyer, first, second, centre = (reader(site.session.get_one(User, each.user_id)) for each in actors)

    page = centre.visit(f"/concurrences/cadre/{shared.lot.id}")
    page = buyer.visit("/commandes")
    page.get_by_role("link", name="Mettre en concurrence").first.click()
    expect(page.get_by_role("heading", name="Qui sera consulté")).to_be_visible()
    page.get_by_label("Quantité, en postes").fill("100")
    page.get_by_label("Délai d'intervention").fill("40")
    page.get_by_label("Lieux de livraison").fill("Bâtiment B")
    buyer.look()
    page.get_by_role("button", name="Consulter les titulaires").click()
    expect(page.get_by_text("Qui a répondu, et quoi, reste secret")).to_be_visible()
    buyer.look()
    address = page.url.removeprefix(site.url)

    for holder, price in ((first, "4,00"), (second, "5,00")):
        holder.visit("/concurrences")
        asked = holder.visit(address)
        asked.get_by_label("Prix par poste").fill(price)
        asked.get_by_label("Mise en service").fill("36")
        asked.get_by_role("button", name="Envoyer mon offre").click()
        expect(asked.get_by_text("Votre offre est enregistrée")).to_be_visible()
        holder.look()
    assert "4,0" not in buyer.visit(address).inner_text("main")
    assert "4,0" not in centre.visit(address).inner_text("main")

    pass_deadline(site)
    page = buyer.visit(address)
    for name, score in ((shared.contracts[0].holder.name, "10"), (shared.contracts[1].holder.name, "18,5")):
        given = page.get_by_role("group", name=name)
        given.get_by_label("note sur 20").fill(score)
        given.get_by_label("raison de la note").fill("Au vu des délais proposés")
    page.get_by_role("button", name="Enregistrer les notes").click()
    best = f"Attribuer à {shared.contracts[1].holder.name}"
    page.get_by_text(best).first.click()
    buyer.look()
    page.get_by_role("button", name=best).click()
    expect(page.get_by_text("La commande est passée au premier du classement")).to_be_visible()
    buyer.look()
    page.get_by_role("link", name="Voir la commande").click()
    expect(page.get_by_text("Envoyée, sans réponse").first).to_be_visible()

    assert "Rang 2 sur 2" in first.visit(address).inner_text("main")
    assert "le plus de points" in second.visit(address).inner_text("main")
    centre.visit("/concurrences")
    assert "Au vu des délais proposés" in centre.visit(address).inner_text("main")


def pass_deadline(site) -> None:
    """Let the deadline be a minute ago, as if the days had passed."""
    with site.session.begin():
        competition = site.session.query(Competition).one()
        now = clock.now()
        for offer in site.session.query(CompetitionOffer):
            offer.answered_at = now - timedelta(hours=1)
        site.session.flush()
        competition.opened_at, competition.closes_at = now - timedelta(days=10), now - timedelta(minutes=1)
