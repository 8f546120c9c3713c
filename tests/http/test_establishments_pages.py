"""The establishments pages: the directory, one site, what it declares, the operator's reference data."""
import pytest

from tests.factories.accounts import OrganisationFactory, operator, user_in
from tests.factories.base import refreshed
from tests.factories.establishments import EstablishmentFactory, sites_of

LIST = "/etablissements"


def test_the_directory_asks_to_sign_in(client) -> None:
    answer = client.get(LIST)
    assert answer.status_code == 302 and "/connexion" in answer.headers["Location"]


def test_the_directory_speaks_in_names_not_codes(sign_in) -> None:
    EstablishmentFactory(name="Clinique du Lac")
    page = sign_in(user_in()).get(f"{LIST}?q=LAC").text
    for words in ("Clinique du Lac", "Auvergne-Rhône-Alpes", "Privé à but lucratif", "De 50 à 249 personnes"):
        assert words in page
    assert ">private_for_profit<" not in page and "50_249" not in page


def test_an_empty_result_says_what_to_try(sign_in) -> None:
    assert "essayez un seul mot" in sign_in(user_in()).get(f"{LIST}?q=introuvable").text


def test_long_lists_have_a_next_page_that_keeps_the_filters(sign_in) -> None:
    sites_of(OrganisationFactory(), 55)
    page = sign_in(user_in()).get(f"{LIST}?region=84").text
    assert "55 établissements" in page and "Suite de la liste" in page and "region=84&amp;cursor=" in page


def test_the_directory_takes_the_same_number_of_queries_however_long(sign_in, count_queries) -> None:
    browser, home = sign_in(user_in()), OrganisationFactory()
    sites_of(home, 2)
    browser.get(LIST)
    with count_queries() as few:
        browser.get(LIST)
    sites_of(home, 30)
    with count_queries() as many:
        browser.get(LIST)
    assert len(many) == len(few) <= 5


def test_a_site_says_what_is_not_known(sign_in) -> None:
    site = EstablishmentFactory(staff=None, size_band=None, siret=None, finess_category="146")
    page = sign_in(user_in()).get(f"{LIST}/{site.id}").text
    assert "aucun effectif n'a été importé ni déclaré" in page
    assert "aucun seuil n'est défini pour ce type" in page
    assert "Système d'information et effectif" not in page, "strangers do not see the estate"


def test_a_site_shows_its_activity_figure_beside_the_thresholds(sign_in) -> None:
    site = EstablishmentFactory(mco_stays=4000, activity_level="medium")
    page = sign_in(user_in()).get(f"{LIST}/{site.id}").text
    assert "Moyenne" in page and "4\u202f000" in page


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"sector": "public", "legal_status": "13"}, "il ne peut pas rejoindre une grappe privée"),
        ({"sector": None, "legal_status": None}, "Le statut juridique de cet établissement n&#39;est pas connu"),
        ({"closed_on": "2020-01-01"}, "Cet établissement est fermé"),
    ],
)
def test_a_site_that_may_not_be_in_a_grappe_says_why_neutrally(sign_in, facts, words) -> None:
    site = EstablishmentFactory(**facts)
    assert words in sign_in(user_in()).get(f"{LIST}/{site.id}").text


def test_the_entity_adds_up_its_open_sites(sign_in) -> None:
    home = OrganisationFactory(name="Groupe fictif")
    first, second = sites_of(home, 2)
    second.staff, second.size_band = None, None
    EstablishmentFactory(organisation_id=home.id, closed_on="2020-01-01", staff=900)
    page = sign_in(user_in(home)).get(f"{LIST}/{first.id}").text
    assert "Groupe fictif" in page and "De 50 à 249 personnes" in page


def test_a_buyer_updates_the_estate_by_the_form(sign_in) -> None:
    home = OrganisationFactory()
    (site,) = sites_of(home, 1)
    browser, path = sign_in(user_in(home, roles=("buyer",))), f"{LIST}/{site.id}/parc"
    assert "Effectif importé" in browser.get(path).text
    answer = browser.post(path, data={"endpoints": "300", "staff": "", "version": "1"})
    assert answer.status_code == 302
    assert refreshed(site).endpoints == 300
    stale = browser.post(path, data={"endpoints": "301", "version": "1"})
    assert stale.status_code == 412 and "a changé depuis" in stale.text
    wrong = browser.post(path, data={"endpoints": "-5", "version": "2"})
    assert wrong.status_code == 422 and "Écrivez un nombre entre 0" in wrong.text


def test_the_form_is_for_one_s_own_people_with_the_right(sign_in) -> None:
    home = OrganisationFactory()
    (site,) = sites_of(home, 1)
    path = f"{LIST}/{site.id}/parc"
    for person in (user_in(home, roles=("viewer",)), user_in(), operator()):
        assert sign_in(person).get(path).status_code == 403
    assert "Mettre à jour le parc" not in sign_in(user_in(home, roles=("viewer",))).get(f"{LIST}/{site.id}").text


def test_the_operator_keeps_bands_and_exceptions(sign_in) -> None:
    browser = sign_in(operator())
    assert "Hospitalisation à domicile" in browser.get(f"{LIST}/referentiels").text
    moved = browser.post(
        f"{LIST}/referentiels/activite/127", data={"measure": "home_places", "medium_from": "50", "high_from": "90"}
    )
    assert moved.status_code == 302
    refused = browser.post(
        f"{LIST}/referentiels/activite/127", data={"measure": "home_places", "medium_from": "50", "high_from": "40"}
    )
    assert refused.status_code == 422 and "dépasse le seuil" in refused.text
    accepted = browser.post(f"{LIST}/referentiels/finess", data={"finess": "010000025", "reason": "Vérifié"})
    assert accepted.status_code == 302
    right = browser.post(f"{LIST}/referentiels/finess", data={"finess": "010000024", "reason": "Vérifié"})
    assert right.status_code == 409 and "pas besoin d&#39;exception" in right.text
    assert sign_in(user_in()).get(f"{LIST}/referentiels").status_code == 403
