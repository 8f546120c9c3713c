"""A vendor in a real browser: it registers, proves HDS, is verified, publishes an offer, and a buyer finds it by both."""
import re
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page
from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.platform import clock, outbox
from marketplace.platform.mail import list_letters
from tests.browser.conftest import Reader, Site
from tests.factories.accounts import operator, user_in
from tests.rules.test_files import PDF

EMAIL = "ada@bastion.example"
PROOF = {"name": "certificat.pdf", "mimeType": "application/pdf", "buffer": PDF}


def plain(page: Page) -> str:
    """What the page says, with ordinary spaces."""
    return re.sub(r"\s+", " ", page.inner_text("main"))


def sign_up(site: Site, visitor: Reader) -> User:
    """From the directory to a chosen password."""
    site.app.config["BASE_URL"] = site.url  # links in mails lead to this server
    page = visitor.visit("/prestataires")
    page.get_by_role("link", name="Inscrire ma société").click()
    visitor.look()
    page.get_by_role("textbox", name="Société").fill("Bastion Fictif")
    page.get_by_label("SIREN", exact=True).fill("732 829 320")
    page.get_by_label("Numéro de TVA intracommunautaire").fill("FR44732829320")
    page.get_by_label("Prénom et nom").fill("Ada Fictive")
    page.get_by_label("Adresse électronique professionnelle").fill(EMAIL)
    page.get_by_role("button", name="Recevoir le lien").click()
    visitor.look()
    with site.app.app_context():
        outbox.dispatch_due()
    site.session.expire_all()
    body = list_letters(site.session, recipient=EMAIL)[0].body
    link = next(word for word in body.split() if "/inscription/" in word)
    visitor.visit(link.removeprefix(site.url))
    page.get_by_role("button", name="Confirmer et continuer").click()
    assert "/mot-de-passe/" in page.url
    site.session.expire_all()
    return site.session.scalars(select(User).where(User.email == EMAIL)).one()


def complete_profile(vendor: Reader) -> None:
    """Regions, modes, and what it can deliver in all."""
    page = vendor.visit("/ma-fiche")
    assert "attend la vérification" in plain(page)
    page.get_by_role("link", name="Modifier ma fiche").click()
    vendor.look()
    page.get_by_role("textbox", name="Présentation").fill("Détection managée pour les cliniques.")
    for box in ("Auvergne-Rhône-Alpes", "À distance"):
        page.get_by_label(box).check()
    page.get_by_label(re.compile(r"^Détection et réponse sur les postes")).fill("5 000")
    page.get_by_role("button", name="Enregistrer").click()
    vendor.look()
    assert "5 000 postes" in plain(page)


def declare(vendor: Reader, scheme: str, *activities: str) -> None:
    """A certificate with what proves it."""
    page = vendor.visit("/certificats")
    page.get_by_role("link", name="Déclarer un certificat").click()
    page.get_by_label("Certificat et version").select_option(scheme)
    page.get_by_role("textbox", name="Numéro").fill(f"FICTIF-{scheme}")
    page.get_by_label("Organisme").fill("Organisme fictif")
    page.get_by_label("Valable à partir du").fill(str(clock.today() - timedelta(days=30)))
    page.get_by_label("Dernier jour de validité").fill(str(clock.today() + timedelta(days=900)))
    for activity in activities:
        page.get_by_label(activity).check()
    page.locator("input[type=file]").set_input_files([PROOF])  # type: ignore[list-item]
    vendor.look()
    page.get_by_role("button", name="Déclarer").click()
    vendor.look()
    assert "certificat.pdf" in plain(page)


def verify_everything(platform: Reader) -> None:
    """The operator's queue, from the oldest on, until nobody waits."""
    page = platform.visit("/")
    assert "Examiner 1 prestataires" in plain(page)
    platform.visit("/a-verifier")
    assert "732829320" in plain(page) and "FR44732829320" in plain(page)
    page.get_by_role("link", name="Décider : Bastion Fictif").click()
    platform.look()
    page.get_by_label("Vérifier", exact=True).check()
    page.get_by_role("button", name="Enregistrer la décision").click()
    for _ in range(2):
        platform.visit("/a-verifier")
        page.get_by_role("link", name=re.compile("^Décider : FICTIF")).first.click()
        platform.look()
        page.get_by_label(re.compile("^Vérifier")).check()
        page.get_by_role("button", name="Enregistrer la décision").click()
    platform.look()
    assert "Aucun certificat n'attend." in plain(page) and "Aucun prestataire n'attend." in plain(page)


def publish_offer(vendor: Reader) -> None:
    """A grid typed, then published."""
    page = vendor.visit("/mon-catalogue")
    page.get_by_role("link", name="Nouvelle fiche").first.click()
    vendor.look()
    page.get_by_label("Catégorie").select_option("edr")
    page.get_by_label("Intitulé").fill("EDR fictif pour cliniques")
    page.get_by_label("Votre minimum").fill("100")
    for row, (start, price) in enumerate((("1", "6,00"), ("2 000", "4,10")), 1):
        page.get_by_label(f"Ligne {row}, à partir de").fill(start)
        page.get_by_label(f"Ligne {row}, prix unitaire HT").fill(price)
    page.get_by_role("button", name="Enregistrer le brouillon").click()
    vendor.look()
    page.locator("summary", has_text="Publier cette fiche").click()
    page.get_by_role("button", name="Publier", exact=True).click()
    vendor.look()
    assert "Publiée" in plain(page)


def test_a_vendor_registers_proves_hds_is_verified_and_is_found_by_a_buyer(site: Site, reader: Any) -> None:
    vendor = reader(sign_up(site, reader()))
    complete_profile(vendor)
    declare(vendor, "iso27001:2022")
    declare(vendor, "hds:v2", "HDS 3 · infrastructure virtuelle", "HDS 5 · administration et exploitation")
    verify_everything(reader(operator()))
    publish_offer(vendor)
    vendor.visit("/")
    vendor.visit("/contacts")
    vendor.visit("/partenaires")

    buyer = reader(user_in())
    find_offer(buyer)
    page = buyer.page
    page.get_by_role("link", name="Demander un échange").click()
    buyer.look()
    page.get_by_label("Jour proposé").fill(str(clock.today() + timedelta(days=3)))
    page.get_by_role("button", name="Envoyer la demande").click()
    buyer.look()
    assert "Attend le prestataire" in plain(page)


def find_offer(buyer: Reader) -> None:
    """By an HDS activity and by what it costs at 2,000 endpoints, then beside itself, then on its own page."""
    page = buyer.visit("/offres")
    page.get_by_label("Mots").fill("détecion")  # a letter is missing
    page.locator("#category").select_option("edr")
    page.get_by_label(re.compile("^Quantité")).fill("2000")
    page.get_by_role("button", name="Chercher", exact=True).click()
    buyer.look()
    buyer.visit("/offres?category=edr&hds_activities=5&quantity=2000&sort=price")
    assert "1 fiche correspond." in plain(page) and "4,10 €" in plain(page)
    page.get_by_label(re.compile("^Comparer EDR fictif")).check()
    page.get_by_role("button", name=re.compile("^Comparer les fiches cochées")).click()
    buyer.look()
    assert "EDR fictif pour cliniques" in plain(page)
    nobody = buyer.visit("/offres?category=edr&hds_activities=6&quantity=2000")
    assert "Aucune fiche ne correspond." in plain(nobody)
    buyer.visit("/offres?category=edr&hds_activities=5&quantity=2000")
    page.get_by_role("link", name="EDR fictif pour cliniques").click()
    page.get_by_label("Quantité achetée ensemble").fill("2000")
    page.get_by_role("button", name="Calculer").click()
    buyer.look()
    assert "8 200 € HT par mois pour 2 000 postes, soit 4,10 € l'unité." in plain(page)


def test_the_operator_reads_schemes_and_lists_without_a_fault(site: Site, reader: Any) -> None:
    platform = reader(operator())
    for path in ("/referentiels/certificats", "/referentiels/certificats/hds/version?version=v2",
                 "/referentiels/certificats/passi/niveau", "/listes-officielles"):
        platform.visit(path)
    page = platform.page
    page.get_by_label("Date de la liste").fill(str(clock.today()))
    page.get_by_label("Certificat ou qualification").select_option("hds")
    content = "Hébergeur;Activités;Référentiel;Fin de validité\nBastion;1;v2;31/12/2099\nRempart;9;v2;31/12/2027".encode()
    page.get_by_label("Fichier").set_input_files([{"name": "hds.csv", "mimeType": "text/csv", "buffer": content}])
    page.get_by_role("button", name="Envoyer et regarder").click()
    platform.look()
    assert "« 9 » ne dit pas quelles activités" in plain(page)
