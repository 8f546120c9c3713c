"""A missed minimum in front of those concerned: the centre chooses a target, a member votes; a closing is taken back."""
from datetime import timedelta

import pytest
from sqlalchemy import text

from marketplace.accounts.models import Organisation
from marketplace.platform import clock
from marketplace.platform.permissions import SYSTEM
from tenders.demand.services import close_lot
from tests.factories.accounts import user_in
from tests.factories.demand import centre_user, clinic, open_pool, placed_on
from tests.factories.grappes import grappe_of

pytestmark = pytest.mark.browser


def test_members_vote_on_joining_another_lot_and_a_closing_is_taken_back(reader, site):
    lot = open_pool(minimum=500, minimum_policy=["merge", "release"], title="EDR des petites cliniques")
    later = lot.needs_close_at + timedelta(days=60)
    for code, title in (("B", "EDR régional"), ("C", "EDR national")):
        open_pool(vehicle_id=lot.vehicle_id, code=code, title=title, minimum=None, needs_close_at=later)
    people = [clinic() for _ in range(3)]
    with site.app.app_context():
        grappe = grappe_of(people[0][0], people[1][0], name="Grappe des Alpes")
        for (member, actor), within in zip(people, (grappe, grappe, None), strict=True):
            placed_on(lot, member, actor, 120, grappe_id=within and within.id)
        its_date = text("UPDATE lots SET needs_close_at = now() - interval '1 minute' WHERE id = :id")
        site.session.execute(its_date, {"id": lot.id})
        site.session.commit()
        close_lot(SYSTEM, lot.id)
    centre = reader(centre_user(lot))
    centre.visit("/")
    centre.page.get_by_role("link", name="Choisir où réunir").click()
    centre.look()
    centre.page.get_by_label("EDR régional").check()
    centre.page.get_by_role("button", name="Ouvrir le vote").click()
    assert "Le vote est ouvert" in centre.page.inner_text("main")

    member = reader(user_in(site.session.get_one(Organisation, people[0][0].organisation_id), ("signatory",)))
    page = member.visit("/")
    page.get_by_role("link", name="Voter :").click()
    member.look()
    page.get_by_label("Oui, rejoindre").check()
    page.get_by_role("button", name="Voter").click()
    member.look()
    assert "Votre vote est enregistré" in page.inner_text("main")
    assert "pas assez de votants : 1 sur 2" in page.inner_text("main")

    closed = open_pool(minimum=100, title="Lot clos trop tôt", vehicle_id=lot.vehicle_id, code="D")
    with site.app.app_context():
        placed_on(closed, *clinic(), 150)
        close_lot(SYSTEM, closed.id, reason="minimum atteint")
    page = centre.visit(f"/lots/{closed.id}/decision")
    page.get_by_role("link", name="Annuler cette clôture").click()
    centre.look()
    page.get_by_label("Pourquoi cette clôture est annulée").fill("Une clinique manquait encore.")
    until = clock.paris(clock.now() + timedelta(days=7)).strftime("%Y-%m-%dT%H:%M")
    page.get_by_label("Nouvelle clôture du recueil").fill(until)
    page.get_by_role("button", name="Annuler cette clôture").click()
    assert "La clôture est annulée" in page.inner_text("main")
    centre.visit(f"/lots/{closed.id}/decision")
    assert "Une clinique manquait encore." in page.inner_text("main")
