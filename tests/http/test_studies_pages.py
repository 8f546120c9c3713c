"""The pages of studies: from the question to the acceptance, side by side, and one establishment's own."""
import re
from datetime import timedelta
from typing import Any

import pytest

from marketplace.platform import clock
from tests.factories.studies import Market, study_market
from tests.factories.vehicles import VehicleFactory
from tests.http.test_pages import text_of
from tests.http.test_studies import _organisation_of, _user, ask, run


@pytest.fixture
def market(app: Any, session: Any) -> Market:
    return study_market(app)


def test_pages_show_a_study_from_question_to_acceptance(app, sign_in, session, market):
    browser = sign_in(market.centre)
    centre_id = _organisation_of(session, market.centre)
    form = browser.get("/etudes/nouvelle")
    assert "Lancer l'étude" in text_of(form)
    posted = browser.post("/etudes/nouvelle", data={
        "subject": f"centre:{centre_id}", "categories": "edr", "least_members": "1", "term_months": "36", "time_limit": "5",
    })  # fmt: skip
    assert posted.status_code == 302
    assert "L'étude attend son tour" in text_of(browser.get(posted.location))
    run(app)
    page = text_of(browser.get(f"{posted.location}?achat=1"))
    assert "1 achat groupé proposé" in page and "du meilleur possible" in page and market.sites[0].name in page
    assert re.search(r"de [\d ]+ à [\d ]+ postes", page) and re.search(r"\+ [\d ]+ postes? pour un minimum de \d", page)
    members = page.split("Membres de l'achat groupé")[1].split("Accepter")[0]
    assert "Paie ici, HT" in members and len(re.findall(r"[\d ]+ postes", members)) == len(market.sites)
    assert "Il faut un marché en préparation" in page
    vehicle = VehicleFactory(organisation_id=centre_id)
    closes = f"{clock.now() + timedelta(days=40):%Y-%m-%dT%H:%M}"
    sent = browser.post(f"{posted.location}/acceptation", data={
        "purchases": "1", "vehicle": str(vehicle.id), "needs_close_at": closes,
    })  # fmt: skip
    assert sent.status_code == 302 and str(vehicle.id) in sent.location
    assert "3 établissements sont invités" in text_of(browser.get(sent.location))
    nothing = browser.post(f"{posted.location}/acceptation", data={"vehicle": str(vehicle.id), "needs_close_at": closes})
    assert nothing.status_code == 422


def test_the_list_costs_the_same_however_many_studies(app, api, sign_in, market, count_queries):
    ask(api, market.centre)
    browser = sign_in(market.centre)
    browser.get("/etudes")
    with count_queries() as few:
        browser.get("/etudes")
    for _ in range(3):
        ask(api, market.centre)
    run(app)
    with count_queries() as many:
        page = text_of(browser.get("/etudes"))
    assert len(many) == len(few) and "Terminée" in page


def test_studies_are_compared_side_by_side(app, api, sign_in, market):
    ids = [ask(api, market.centre, title=title)["id"] for title in ("Avec tous", "Deux au plus")]
    run(app)
    page = text_of(sign_in(market.centre).get(f"/etudes/comparaison?etude={ids[0]}&etude={ids[1]}"))
    assert "Avec tous" in page and "Deux au plus" in page and "Écart au meilleur possible" in page
    assert "Cochez deux études" in text_of(sign_in(market.centre).get("/etudes/comparaison"))


def test_an_establishment_finds_its_purchase_and_states_its_price_on_the_page(sign_in, session, market):
    browser = sign_in(_user(session, market.people[0]))
    site = market.sites[0]
    asked = f"/etudes/pour-mon-site?establishment={site.id}&category=edr&quantity=300"
    page = text_of(browser.get(asked))
    assert "Avec vous, le minimum est atteint" in page and "non comptée" in page
    where = {"establishment": str(site.id), "category": "edr", "quantity": "300"}
    assert browser.post("/etudes/mon-prix", data={**where, "unit_price": "5,50 €"}).status_code == 302
    assert "Vous avez déclaré 5,50" in text_of(browser.get(asked))
    assert browser.post("/etudes/mon-prix", data={**where, "unit_price": "zéro"}).status_code == 422
    assert browser.post("/etudes/mon-prix", data={**where, "unit_price": ""}).status_code == 302
    assert "Écrivez un nombre entier" in text_of(browser.get(asked.replace("300", "beaucoup")))
