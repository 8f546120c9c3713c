"""The grappe pages: what each reader is offered, the whole charter before a signature, what leaving would break."""
import re

import pytest

from marketplace.grappes import queries
from marketplace.grappes.events import LeavingEffects, PoolEffect
from marketplace.grappes.models import Grappe
from marketplace.platform import events
from marketplace.platform.database import new_id
from tests.factories import accounts as make
from tests.factories.base import refreshed
from tests.factories.establishments import EstablishmentFactory
from tests.factories.grappes import GrappeMembershipFactory, grappe_of, site_and_user

AS_PRESET = dict.fromkeys(
    ("preset", "lock_in", "coordinator_enters_needs", "voting_rule", "shortfall_sharing", "surplus_sharing"), ""
)
"""What a browser sends for the lists nobody touched."""


@pytest.fixture
def browser_of(app, sign_in):
    """`browser_of(user)` is a signed-in browser that sends forms with the CSRF token of the page it read."""

    def build(user):
        return Browser(sign_in(user))

    return build


class Browser:
    """Reads pages and sends their forms."""

    def __init__(self, client):
        self.client = client

    def read(self, path, status=200):
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text[-900:]
        return " ".join(answer.text.replace("&#39;", "'").replace("\u202f", " ").replace("\xa0", " ").split())

    def send(self, page, path=None, **fields):
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.client.get(page).text).group(1)
        return self.client.post(path or page, data={"csrf_token": token, **fields})

    def send_and_read(self, page, path=None, **fields):
        answer = self.send(page, path, **fields)
        assert answer.status_code == 302, answer.text[-900:]
        return self.read(answer.location)


def test_list_says_what_to_do_in_each_of_my_grappes(session, browser_of):
    site, user = site_and_user()
    invited_to = grappe_of(EstablishmentFactory(), name="Les Alpes")
    GrappeMembershipFactory(grappe_id=invited_to.id, establishment_id=site.id)
    page = browser_of(user).read("/grappes")
    assert "Lire la convention et répondre" in page
    assert f"/grappes/{invited_to.id}/adhesion/{site.id}" in page
    assert "Fonder une grappe" in page


def test_list_of_somebody_in_no_grappe_says_how_to_begin(session, browser_of):
    _, user = site_and_user()
    assert "Aucun de vos établissements n'est dans une grappe" in browser_of(user).read("/grappes")


def test_provider_is_not_offered_to_found(session, browser_of):
    page = browser_of(make.user_in(kind="provider")).read("/grappes")
    assert "Fonder une grappe" not in page


def test_founding_by_form_leads_to_the_grappe_and_says_what_comes_next(session, browser_of):
    site, user = site_and_user()
    page = browser_of(user).send_and_read(
        "/grappes/nouvelle", name="Cliniques des Alpes", coordinator_establishment_id=str(site.id),
        legal_form="gie", categories=["edr", "soc"], quorum="3", territory=["84"], **{**AS_PRESET, "lock_in": "no"},
    )  # fmt: skip
    assert "La grappe est fondée et sa convention signée" in page
    assert "1 sur 3 : il manque 2 signatures" in page
    assert "Inviter un établissement" in page
    grappe = session.query(Grappe).one()
    terms = queries.terms_of(session, grappe.id)
    assert (terms.preset, terms.lock_in, terms.exit_notice_days) == ("committed_group", False, 90)


def test_founding_form_says_what_to_correct_and_keeps_what_was_typed(session, browser_of):
    site, user = site_and_user()
    fields = {"name": "Les Alpes", "coordinator_establishment_id": str(site.id), "legal_form": "none"}
    answer = browser_of(user).send("/grappes/nouvelle", **fields)
    assert answer.status_code == 422
    assert "Choisissez au moins une catégorie" in answer.text
    assert 'value="Les Alpes"' in answer.text


def test_rule_refused_at_founding_is_said_on_the_form(session, browser_of):
    hospital, user = site_and_user(sector="public", legal_status="14")
    answer = browser_of(user).send(
        "/grappes/nouvelle", name="X", coordinator_establishment_id=str(hospital.id), legal_form="none",
        categories="edr", **AS_PRESET,
    )  # fmt: skip
    assert answer.status_code == 409
    assert "il ne peut pas rejoindre une grappe privée" in answer.text


def test_somebody_without_a_site_learns_what_is_missing(session, browser_of):
    page = browser_of(make.user_in()).read("/grappes/nouvelle")
    assert "Aucun établissement ouvert n'est rattaché" in page


def test_invited_one_reads_the_whole_charter_before_signing(session, browser_of):
    first, _ = site_and_user()
    guest, user = site_and_user()
    grappe = grappe_of(first, is_active=False)
    GrappeMembershipFactory(grappe_id=grappe.id, establishment_id=guest.id)
    charter = queries.current_charter(session, grappe.id)
    browser, path = browser_of(user), f"/grappes/{grappe.id}/adhesion/{guest.id}"
    page = browser.read(path)
    for line in charter.text.split("\n"):
        assert line in page
    assert charter.hash in page
    assert "cela n'engage aucune dépense" in page
    refused = browser.send_and_read(path, charter_hash="0" * 64)
    assert "La convention a changé depuis que vous l'avez lue" in refused
    signed = browser.send_and_read(path, charter_hash=charter.hash)
    assert "Convention signée" in signed
    assert "Le quorum est atteint : 2 sur 2" in signed


def test_signature_page_needs_the_hash_of_what_was_shown(session, browser_of):
    guest, user = site_and_user()
    grappe = grappe_of(EstablishmentFactory())
    GrappeMembershipFactory(grappe_id=grappe.id, establishment_id=guest.id)
    path = f"/grappes/{grappe.id}/adhesion/{guest.id}"
    assert "La convention a changé" in browser_of(user).send_and_read(path)


def test_buyer_is_told_who_may_sign(session, browser_of):
    guest, user = site_and_user(("buyer",))
    grappe = grappe_of(EstablishmentFactory())
    GrappeMembershipFactory(grappe_id=grappe.id, establishment_id=guest.id)
    page = browser_of(user).read(f"/grappes/{grappe.id}/adhesion/{guest.id}")
    assert "Seul un signataire ou un administrateur" in page
    assert "Signer la convention" not in page


def test_stranger_finds_no_invitation_page(session, browser_of):
    guest, _ = site_and_user()
    _, stranger = site_and_user()
    grappe = grappe_of(EstablishmentFactory())
    GrappeMembershipFactory(grappe_id=grappe.id, establishment_id=guest.id)
    browser_of(stranger).read(f"/grappes/{grappe.id}/adhesion/{guest.id}", status=404)


def test_leaving_page_says_which_pool_falls_below_its_minimum_before_the_confirmation(
    session, browser_of, monkeypatch
):
    site, user = site_and_user()
    grappe = grappe_of(EstablishmentFactory(), site, exit_notice_days=30)
    effect = PoolEffect(new_id(), "SOC managé", "endpoint", 5010, 4710, 5000, 14)
    monkeypatch.setitem(events._listeners, LeavingEffects, [lambda _session, _question: [effect]])
    browser, path = browser_of(user), f"/grappes/{grappe.id}/depart/{site.id}"
    page = browser.read(path)
    assert "Le lot « SOC managé » passe sous son minimum : 4 710 postes au lieu de 5 010, pour 5 000." in page
    assert "14 établissements seront prévenus." in page
    assert "Votre préavis : 30 jours." in page
    assert page.index("passe sous son minimum") < page.index('type="submit">Quitter la grappe')
    assert queries.find_membership(session, grappe.id, site.id).status == "member", "reading changes nothing"
    left = browser.send_and_read(path)
    assert "Départ annoncé" in left and "Annuler le départ" in left


def test_coordinator_invites_from_the_directory_and_answers_requests(session, browser_of):
    first, user = site_and_user()
    guest = EstablishmentFactory(name="Clinique des Lilas")
    asking, _ = site_and_user()
    grappe = grappe_of(first, is_active=False)
    GrappeMembershipFactory(
        grappe_id=grappe.id, establishment_id=asking.id, invited_at=None, requested_at=grappe.founded_at
    )
    browser, here = browser_of(user), f"/grappes/{grappe.id}"
    assert "Clinique des Lilas" in browser.read(f"{here}/invitations?q=lilas")
    page = browser.send_and_read(f"{here}/invitations?q=lilas", f"{here}/invitations", establishment_id=str(guest.id))
    assert "Invitation envoyée" in page
    page = browser.send_and_read(here, f"{here}/demandes/{asking.id}/acceptation")
    assert "Demande acceptée" in page
    page = browser.send_and_read(here, f"{here}/invitations/{asking.id}/fin")
    assert "L'invitation est close" in page
    assert browser.send(f"{here}/invitations", f"{here}/invitations").status_code == 422


def test_outsider_weighs_the_terms_and_asks(session, browser_of):
    site, user = site_and_user()
    first = EstablishmentFactory(name="Clinique Secrète")
    grappe = grappe_of(first)
    browser, here = browser_of(user), f"/grappes/{grappe.id}"
    page = browser.read(here)
    assert "Demander à rejoindre" in page and "visible que des membres" in page
    assert "Clinique Secrète" not in page
    browser.read(f"{here}/convention", status=404)
    assert "Préavis de départ" in browser.read(f"{here}/demande")
    assert "Demande envoyée" in browser.send_and_read(f"{here}/demande", establishment_id=str(site.id))
    assert "Votre demande est déjà envoyée" in browser.send_and_read(f"{here}/demande", establishment_id=str(site.id))
    assert "La demande est close" in browser.send_and_read(here, f"{here}/demandes/{site.id}/fin")


def test_coordinator_amends_activates_excludes_hands_over_and_dissolves(session, browser_of):
    first, user = site_and_user()
    second, second_user = site_and_user()
    third = EstablishmentFactory()
    alone = grappe_of(first, is_active=False, categories=("mfa",))
    browser = browser_of(user)
    amended = browser.send_and_read(
        f"/grappes/{alone.id}/convention/modifier", legal_form="none", categories="backup", quorum="4",
        maximum_members="", exit_notice_days="10", **AS_PRESET,
    )  # fmt: skip
    assert "version 2" in amended and "Sauvegarde immuable" in amended
    assert "Quorum non atteint" in browser.send_and_read(
        f"/grappes/{alone.id}/dissolution", f"/grappes/{alone.id}/activation"
    )

    grappe = grappe_of(first, second, third, is_active=False)
    here = f"/grappes/{grappe.id}"
    assert "La grappe est active" in browser.send_and_read(here, f"{here}/activation")
    assert "Aucun lot ouvert ne perd de volume" in browser.read(f"{here}/exclusion/{third.id}")
    assert browser.send(f"{here}/exclusion/{third.id}").status_code == 422
    assert "Établissement exclu" in browser.send_and_read(f"{here}/exclusion/{third.id}", reason="Hors sujet.")
    browser.read(f"{here}/exclusion/{third.id}", status=404)
    assert "coordination est transmise" in browser.send_and_read(f"{here}/coordination", establishment_id=str(second.id))
    browser.read(f"{here}/dissolution", status=403)
    heir = browser_of(second_user)
    assert heir.send(f"{here}/dissolution").status_code == 422
    page = heir.send_and_read(f"{here}/dissolution", reason="Objet rempli.")
    assert "Cette grappe est dissoute" in page and "Objet rempli." in page
    assert refreshed(grappe).status == "dissolved"


def test_member_takes_its_departure_back(session, browser_of):
    site, user = site_and_user()
    grappe = grappe_of(EstablishmentFactory(), site)
    browser, here = browser_of(user), f"/grappes/{grappe.id}"
    browser.send(f"{here}/depart/{site.id}")
    assert "Votre départ est déjà annoncé" in browser.read(f"{here}/depart/{site.id}")
    assert "Départ annulé" in browser.send_and_read(here, f"{here}/depart/{site.id}/annulation")


def test_coordinator_is_shown_the_way_before_leaving(session, browser_of):
    site, user = site_and_user()
    grappe = grappe_of(site)
    page = browser_of(user).read(f"/grappes/{grappe.id}/depart/{site.id}")
    assert "transmettez d'abord la coordination" in page
    assert "Aucun autre membre ne reste" in browser_of(user).read(f"/grappes/{grappe.id}/coordination")


def test_whole_charter_is_readable_by_members(session, browser_of):
    site, user = site_and_user()
    assert "Convention d'essai" in browser_of(user).read(f"/grappes/{grappe_of(site).id}/convention")
