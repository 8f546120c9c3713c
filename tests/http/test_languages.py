"""English as a reader meets it: pages without French words, a choice that lasts, refusals in the caller's language."""
import re
from datetime import timedelta
from decimal import Decimal

import pytest

from marketplace.accounts.models import Organisation, User
from marketplace.platform import clock
from tenders.demand.services import close_lot
from tests.factories.accounts import user_in
from tests.factories.catalog import CertificateFactory, ProviderFactory, person_of, published_offer
from tests.factories.demand import centre_user, clinic, need_on, open_pool, placed_on
from tests.factories.grappes import grappe_of, site_and_user

ENGLISH = {"Accept-Language": "en-GB,en;q=0.9"}
FRENCH_WORDS = frozenset(
    "à au aucun aucune aux avec besoin besoins ce ces cette chaque clos comme dans des du elle est et être il ils jour "
    "jours la le les leur leurs mais manque mois ne ni nos notre nous où par pas poste postes pour prix que qui réunis sa "
    "sans se ses si son sont sur tous un une vos votre vous".split()
)
NAMES = re.compile(r"\b(?:Clinique|Organisation|Marché|Grappe|Prestataire|Personne) ?(?:fictive|fictif)? \d+|Français")
TITLE = "Endpoints"
PRICES = [(1, Decimal("6.00")), (500, Decimal("4.10"))]


def french_words_of(page: str) -> list[str]:
    """French stop words that a page shows, its text alternatives and labels included, names of made-up rows left out."""
    shown = re.sub(r"<(script|style)\b.*?</\1>|<select\b.*?</select>", "", page, flags=re.DOTALL)
    labels = re.findall(r'\b(?:aria-label|alt|title|placeholder|data-label)="([^"]*)"', shown)
    words = re.findall(r"[^\W\d_]+", NAMES.sub("", " ".join([re.sub(r"<[^>]+>", " ", shown), *labels])).casefold())
    return sorted(FRENCH_WORDS.intersection(words))


@pytest.fixture
def in_app(app, session):
    """Use cases need an application."""
    return app.app_context


@pytest.fixture
def market(session, in_app):
    """A lot short of its minimum, a provider who can answer, one who cannot, and a clinic with a conditional need."""
    lot = open_pool(title=TITLE, minimum=500, maximum=900, requirements={"certificates": ["iso27001"]})
    able = ProviderFactory()
    CertificateFactory(provider_id=able.id, valid_until=clock.today() + timedelta(days=5 * 366))
    for provider in (able, ProviderFactory()):
        published_offer(PRICES, provider_id=provider.id, title=TITLE)
    with in_app():
        site, actor = clinic()
        grappe = grappe_of(site, site_and_user()[0])
        for quantity in (300, 30, 20):
            need_on(lot, quantity)
        placed_on(lot, site, actor, 40, minimum_pool_quantity=400, grappe_id=grappe.id)
    return {"lot": lot, "site": site, "grappe": grappe, "user": session.get(User, actor.user_id), "provider": able}


@pytest.mark.parametrize(
    "path", ["/", "/achats", "/connexion", "/comment-ca-marche", "/accessibilite", "/prestataires", "/nowhere"]
)
def test_public_pages_in_english_have_no_french_word(client, session, market, path):
    page = client.get(path, headers=ENGLISH)
    assert '<html lang="en">' in page.text and page.headers["Content-Language"] == "en"
    assert french_words_of(page.text) == []


@pytest.mark.parametrize(
    "path",
    ["/", "/lots/{lot}", "/lots/{lot}/besoins", "/lots/{lot}/besoin/{site}", "/lots/{lot}/decision", "/grappes/{grappe}",
     "/grappes", "/etablissements/{site}/parc", "/compte", "/compte/jetons", "/notifications"],
)  # fmt: skip
def test_a_clinics_pages_in_english_have_no_french_word(sign_in, market, path):
    address = path.format(**{name: market[name].id for name in ("lot", "site", "grappe")})
    page = sign_in(market["user"]).get(f"{address}?lang=en")
    assert page.status_code == 200
    assert french_words_of(page.text) == []


def test_homes_of_a_centre_and_a_provider_in_english_have_no_french_word(sign_in, market):
    for user in (centre_user(market["lot"]), person_of(market["provider"])):
        assert french_words_of(sign_in(user).get("/?lang=en").text) == []


def test_a_decision_is_told_in_english_in_the_readers_language(sign_in, market, in_app, actor_for):
    lot = market["lot"]
    with clock.frozen_at(lot.needs_close_at + timedelta(minutes=1)):
        with in_app():
            close_lot(actor_for(centre_user(lot)), lot.id)
        decision = sign_in(market["user"]).get(f"/lots/{lot.id}/decision?lang=en").text
    assert "350 endpoints of 500." in decision and "is extended once until" in decision
    assert french_words_of(decision) == []


def test_the_chosen_language_lasts_and_follows_the_account(client, session, sign_in):
    assert '<html lang="fr">' in client.get("/connexion").text
    chosen = client.post("/langue", data={"lang": "en", "next": "/connexion"})
    assert chosen.location == "/connexion"
    for _ in range(2):
        assert '<html lang="en">' in client.get("/connexion", headers={"Accept-Language": "fr"}).text
    user = user_in()
    sign_in(user).post("/langue", data={"lang": "en"})
    session.refresh(user)
    assert user.locale == "en"
    assert '<html lang="en">' in sign_in(user).get("/", headers={"Accept-Language": "fr"}).text


def test_an_address_that_asks_for_a_language_gets_it_once_and_an_unknown_one_is_ignored(client, session):
    assert '<html lang="en">' in client.get("/connexion?lang=en").text
    assert '<html lang="fr">' in client.get("/connexion?lang=de").text
    assert '<html lang="fr">' in client.get("/connexion", headers={"Accept-Language": "de"}).text


def test_a_program_is_refused_in_the_language_it_accepts_and_by_the_same_code(api, market, session):
    lot, client = market["lot"], api(market["user"])
    need = f"/api/v1/lots/{lot.id}/needs/{market['site'].id}"
    asked = {"grappe_id": None, "quantity": 12_000, "firmness": "firm"}
    french, english = client.put(need, json=asked), client.put(need, json=asked, headers=ENGLISH)
    assert french.status_code == english.status_code == 409
    assert french.json["code"] == english.json["code"] == "lot_maximum_reached"
    assert "liste d'attente" in french.json["title"] and french.headers["Content-Language"] == "fr"
    assert english.json["title"] == (
        "550 endpoints left of the 900 of this lot; you ask for 12,000. Ask for 550, or accept the waiting list."
    )
    assert english.headers["Content-Language"] == "en"


def test_every_kind_of_refusal_has_its_english(api, market, session):
    outsider = api(user_in(session.get(Organisation, market["site"].organisation_id), roles=("viewer",)))
    need = f"/api/v1/lots/{market['lot'].id}/needs/{market['site'].id}"
    refused = [
        api(None).get("/api/v1/me", headers=ENGLISH),
        outsider.get("/api/v1/nowhere", headers=ENGLISH),
        outsider.put(need, json={"quantity": 1, "firmness": "firm"}, headers=ENGLISH),
        outsider.put(need, json={"quantity": "many", "firmness": "maybe", "colour": 1}, headers=ENGLISH),
        outsider.patch(need, json={}, headers=ENGLISH),
    ]
    assert [answer.status_code for answer in refused] == [401, 404, 403, 422, 405]
    for answer in refused:
        said = " ".join([answer.json["title"], *(text for texts in answer.json.get("errors", {}).values() for text in texts)])
        assert french_words_of(said) == [], said
