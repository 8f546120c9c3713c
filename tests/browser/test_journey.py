"""The main job, in a real browser: found a grappe, pool, see the meter move, close, see who can answer."""
import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from playwright.sync_api import Page

from marketplace.accounts.models import User
from marketplace.establishments.models import Establishment
from marketplace.platform import clock
from tenders.vehicles.models import Lot
from tests.browser.conftest import Site
from tests.factories.accounts import user_in
from tests.factories.catalog import CertificateFactory, ProviderFactory, published_offer
from tests.factories.demand import centre_user, open_pool
from tests.factories.grappes import site_and_user

PRICES = [(1, Decimal("6.00")), (200, Decimal("4.60")), (300, Decimal("4.10"))]


BARS = "bars => bars.map(b => [b.getAttribute('class') || b.getAttribute('fill'), b.getAttribute('width')])"


@dataclass
class Cast:
    """Two clinics, a purchasing centre with an open lot, a provider that can answer it and one that cannot."""

    lot: Lot
    first: Establishment
    coordinator: User
    guest: Establishment
    guest_user: User
    centre: User


def cast_for(site: Site) -> Cast:
    """Set the scene, with real commits."""
    lot = open_pool(
        title="EDR fictif, détection sur les postes", minimum=300, maximum=1000,
        requirements={"certificates": ["iso27001"]},
    )  # fmt: skip
    first, coordinator = site_and_user(name="Clinique fictive du Premier Pas", town="ESSAI")
    guest, guest_user = site_and_user(name="Clinique fictive de l'Invitée", town="ESSAI")
    able, unable = ProviderFactory(name="Prestataire fictif apte"), ProviderFactory(name="Prestataire fictif sans titre")
    long_enough = clock.today() + timedelta(days=6 * 366)
    CertificateFactory(provider_id=able.id, valid_until=long_enough)
    for provider in (able, unable):
        published_offer(PRICES, provider_id=provider.id)
    return Cast(lot, first, coordinator, guest, guest_user, centre_user(lot))


def meter_of(page: Page) -> dict[str, float]:
    """What the meter draws: width in per cent of what is firm and conditional, and its accessible sentence's figures."""
    svg = page.locator("svg.wide[role=img]").first
    drawn = svg.locator("rect").evaluate_all(BARS)
    widths = {}
    for kind, width in drawn:
        name = "conditional" if kind.startswith("url") else kind.removeprefix("fill-")
        widths[name] = float(width.rstrip("%"))
    said = svg.get_attribute("aria-label") or ""
    engaged = re.match(r"[\d\s\u202f\u00a0]+", said)
    widths["engaged"] = float(re.sub(r"\D", "", engaged.group())) if engaged else -1.0
    return widths


def test_two_clinics_form_a_grappe_pool_their_needs_and_see_the_lot_decided(site, reader):
    cast = cast_for(site)
    lot_path = f"/lots/{cast.lot.id}"
    coordinator, guest, centre = reader(cast.coordinator), reader(cast.guest_user), reader(cast.centre)

    # Anybody reads what Grappe is.
    visitor = reader()
    for path in ("/", "/achats", "/comment-ca-marche", "/connexion", "/accessibilite"):
        visitor.visit(path)

    # The first clinic founds a grappe and signs its charter.
    page = coordinator.visit("/")
    assert "Rien à faire aujourd'hui" in page.inner_text("main")
    page = coordinator.visit("/grappes/nouvelle")
    page.get_by_label("Nom de la grappe").fill("Grappe fictive du voyage")
    page.get_by_label("Établissement coordinateur").select_option(str(cast.first.id))
    page.get_by_label("Détection et réponse sur les postes").check()
    page.get_by_role("button", name="Fonder et signer").click()
    coordinator.look()
    assert "il manque une signature" in page.inner_text("main")
    grappe_path = page.url.removeprefix(site.url)

    # It invites the other one, which reads the charter and signs.
    page.get_by_role("link", name="Inviter un établissement").click()
    page.get_by_label("Nom, ville ou numéro FINESS").fill("invitée")
    page.get_by_role("button", name="Filtrer").click()
    coordinator.look()
    page.get_by_role("button", name="Inviter", exact=True).click()
    coordinator.look()
    invited = guest.visit("/")
    assert "Répondre à l'invitation de" in invited.inner_text("main")
    invited.get_by_role("link", name=re.compile("Répondre à l'invitation")).click()
    guest.look()
    invited.get_by_role("link", name="Lire la convention et répondre").click()
    guest.look()
    invited.get_by_role("button", name="Signer la convention").click()
    guest.look()
    page = coordinator.visit(grappe_path)
    page.get_by_role("button", name="Activer la grappe").click()
    coordinator.look()
    assert "Active depuis le" in page.inner_text("main")

    # The first clinic places a firm need: the amount is shown before it signs, then the meter moves.
    page = coordinator.visit(lot_path)
    before = meter_of(page)
    assert before["engaged"] == 0 and "firm" not in before
    assert "Il manque 300 postes pour atteindre le minimum de 300." in plain(page)
    page.get_by_role("link", name="Indiquer mon besoin").click()
    coordinator.look()
    page.get_by_label("Quantité").fill("120")
    page.get_by_label(re.compile("^Ferme")).check()
    page.get_by_role("button", name="Enregistrer le besoin").click()
    coordinator.look()
    assert "En signant, l'établissement s'engage sur 120 postes pendant 36 mois" in plain(page)
    page.get_by_role("button", name="Signer", exact=True).click()
    coordinator.look()
    moved = meter_of(page)
    assert moved["engaged"] == 120 and moved["firm"] == 12.0
    assert "Il manque 180 postes pour atteindre le minimum de 300." in plain(page)

    # The other one joins on a condition, which is met; the lot reaches its minimum.
    page = guest.visit(lot_path)
    page.get_by_role("link", name="Indiquer mon besoin").click()
    page.get_by_label("Quantité").fill("200")
    page.get_by_label(re.compile("^Conditionnel")).check()
    page.get_by_label("À condition que soient réunis au moins").fill("300")
    page.get_by_role("button", name="Enregistrer le besoin").click()
    guest.look()
    reached = meter_of(page)
    assert reached["engaged"] == 320 and (reached["firm"], reached["conditional"]) == (12.0, 20.0)
    assert "Le minimum de 300 postes est atteint : 320 engagés." in plain(page)

    # The centre closes before the date, with its reason; the decision names each member's.
    page = centre.visit("/")
    assert "EDR fictif" in page.inner_text("main")
    page = centre.visit(lot_path)
    page.get_by_role("link", name="Clore le recueil").click()
    centre.look()
    page.get_by_label("Raison d'une clôture avant la date").fill("Le minimum est atteint, le marché peut être lancé.")
    page.get_by_role("button", name="Clore et décider").click()
    centre.look()
    assert "Clinique fictive de l'Invitée" in page.inner_text("main")

    # Every member reads why it is in, who can answer at which price, and why somebody else cannot.
    page = guest.visit(lot_path)
    said = plain(page)
    assert "Recueil clos : 320 postes retenus, le minimum est atteint." in said
    assert "Retenu : vous demandiez au moins 300 postes réunis ; il y en a 320." in said
    assert "Prestataire fictif apte" in said and "4,10 €" in said
    assert "Aucun certificat ISO/IEC 27001 déclaré." in said
    assert "Décisions récentes" in plain(guest.visit("/"))


def plain(page: Page) -> str:
    """What the page says, with ordinary spaces."""
    return re.sub(r"\s+", " ", page.inner_text("main"))


def test_a_lot_can_be_read_without_javascript(site, reader):
    cast = cast_for(site)
    page = reader(cast.coordinator, java_script_enabled=False).page
    page.goto(f"{site.url}/lots/{cast.lot.id}")
    assert page.locator("text=Il manque 300 postes").first.is_visible()
    page.locator("summary", has_text="Voir ces chiffres en tableau").click()
    assert page.locator("th", has_text="Manque pour l'atteindre").is_visible()


def test_keyboard_reaches_the_content_first(site, reader):
    user = user_in()
    page = reader(user).visit("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Aller au contenu"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "contenu"


def test_the_api_page_draws_the_operations(site, reader):
    page = reader().page
    page.goto(f"{site.url}/api/docs")
    page.locator(".opblock", has_text="/api/v1/grappes").first.wait_for()
