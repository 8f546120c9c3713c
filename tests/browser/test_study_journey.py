"""A purchasing centre studies the demo's needs, reads the proposal, accepts it, and its members are invited."""
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select, text

from marketplace.accounts.models import User
from marketplace.accounts.queries import find_user_by_email
from marketplace.platform import clock
from tenders.composition.studies import running
from tenders.composition.studies.models import Study, StudyPlace
from tenders.demand.models import Need
from tenders.demo.seed import seed
from tenders.vehicles.models import Vehicle
from tests.browser.conftest import Reader, Site
from tests.factories.vehicles import VehicleFactory


def demo_in(site: Site, folder: Path) -> User:
    """Fill the site with the demo's data; the person at its first purchasing centre."""
    site.app.config["GRAPPE"] = replace(site.app.config["GRAPPE"], data_folder=folder)
    with site.app.app_context():
        seed(site.app)
    centre = find_user_by_email(site.session, "centrale@demo.test")
    assert centre is not None
    return centre


def ask(centre: Reader) -> str:
    """Ask a study of three categories on the page; its address."""
    page = centre.visit("/etudes")
    page.get_by_role("link", name="Nouvelle étude").click()
    page.get_by_label("Titre").fill("Étude du parcours")
    for code in ("soc", "edr", "backup"):
        page.locator(f"input[name=categories][value={code}]").check()
    page.get_by_label("Durée sur laquelle compter les coûts").fill("24")  # the demo's certificates hold that long
    page.get_by_label("Temps de recherche, en secondes").fill("5")
    centre.look()
    page.get_by_role("button", name="Lancer l'étude").click()
    page.wait_for_selector("text=L'étude attend son tour")
    centre.look()
    return page.url.removeprefix(centre.site.url)


def test_study_on_the_demo_data_from_question_to_invitations(
    site: Site, reader: Callable[..., Reader], tmp_path: Path
) -> None:
    user = demo_in(site, tmp_path)
    centre = reader(user)
    address = ask(centre)
    with site.app.app_context():
        assert running.run_waiting() == 2  # the demo's own study waited too
    page = centre.visit(f"{address}?achat=1")
    assert "du meilleur possible" in page.inner_text("main") and page.locator("#members").is_visible()
    study = site.session.scalars(select(Study).where(Study.title == "Étude du parcours")).one()
    assert study.status == "done" and study.saving is not None and study.saving > 0
    mine = site.session.scalars(select(Vehicle.organisation_id).where(Vehicle.name.contains("Sécurité"))).one()
    vehicle = VehicleFactory(organisation_id=mine, name="Marché du parcours", regime="private")
    page = centre.visit(address)
    page.get_by_label("Marché en préparation").select_option(label="Marché du parcours")
    page.get_by_label("Clôture du recueil (heure de Paris)").fill(f"{clock.now() + timedelta(days=45):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Accepter et inviter").click()
    page.wait_for_url(f"**/marches/{vehicle.id}")
    assert "invités" in page.inner_text("main")
    centre.look()
    inside = select(func.count()).where(StudyPlace.study_id == study.id, StudyPlace.purchase.is_not(None))
    invited = text("SELECT count(*) FROM outbox WHERE payload ->> 'template' = 'study_invitation'")
    assert site.session.scalar(invited) == site.session.scalar(inside) > 0
    page.locator("summary", has_text="Ouvrir ce marché").click()
    page.locator("details[open] button[type=submit]").click()
    page.wait_for_selector("text=Ouvert")
    to_sign = select(func.count()).select_from(Need).where(Need.status == "awaiting_signature", Need.placed_by == user.id)
    assert site.session.scalar(to_sign) == site.session.scalar(inside)
    centre.visit("/etudes")


def test_a_clinic_finds_its_group_purchase(site: Site, reader: Callable[..., Reader], tmp_path: Path) -> None:
    demo_in(site, tmp_path)
    clinic = find_user_by_email(site.session, "clinique-a@demo.test")
    assert clinic is not None
    mine = reader(clinic)
    page = mine.visit("/etudes/pour-mon-site?category=edr&quantity=120")
    assert "Recueils ouverts dans cette catégorie" in page.inner_text("main")
    page.get_by_label("Prix unitaire HT (").fill("5,80")
    page.get_by_role("button", name="Enregistrer ce prix").click()
    page.wait_for_selector("text=Vous avez déclaré 5,80")
    mine.look()
