"""Indexation over JSON and on its page: a formula frozen, values entered, prices revised, orders that cost the new price."""
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from marketplace.accounts.models import User
from marketplace.platform import clock
from tenders.contracts.indexation.models import ContractFormula
from tenders.contracts.ordering.queries.desk import list_desk
from tenders.contracts.ordering.services.placing import place_call_offs
from tenders.contracts.ordering.steps import Ask
from tests.factories.contracts import active_contract

FORMULA = {
    "index_code": "SYNTEC", "base_month": "2026-01-01", "base_value": "130.2000", "fixed_share": "0.1500",
    "indexed_share": "0.8500", "interval_months": 12,
}  # fmt: skip


def made(app, session, **columns):
    with app.app_context():
        contract = active_contract(**columns)
    return contract, session.get_one(User, contract.centre.user_id), session.get_one(User, contract.members[0][1].user_id)


@pytest.fixture
def indexed(app, session):
    """A contract that began a year ago with a formula; its centre's person and a member's."""
    year_ago = clock.today() - timedelta(days=366)
    contract, centre, member = made(app, session, starts_on=year_ago, ends_on=clock.today() + timedelta(days=700))
    terms = {name: value for name, value in FORMULA.items() if name != "base_month"}
    session.add(ContractFormula(contract_id=contract.contract.id, base_month=year_ago.replace(day=1), **terms))
    session.commit()
    return contract, centre, member


def value_of(contract, **changes):
    return {
        "organisation_id": str(contract.contract.organisation_id), "code": "SYNTEC", "month": clock.today().isoformat(),
        "value": "136.7", "source": "syntec.fr", **changes,
    }  # fmt: skip


def test_a_formula_is_set_once_before_activation(app, session, api):
    contract, centre, member = made(app, session, activated_at=None)
    url = f"/api/v1/contracts/{contract.contract.id}/indexation"
    assert api(member).put(url, json=FORMULA).status_code == 403
    assert api(centre).put(url, json={**FORMULA, "indexed_share": "0.9"}).status_code == 422
    assert api(centre).put(url, json=FORMULA).json == FORMULA
    assert api(centre).put(url, json=FORMULA).json["code"] == "formula_frozen"
    assert api(member).get(url).json == {"formula": FORMULA, "revisions": []}


def test_prices_are_revised_and_the_next_order_costs_it(session, api, indexed):
    contract, centre, member = indexed
    url = f"/api/v1/contracts/{contract.contract.id}"
    today = clock.today().isoformat()
    body = {"month": today, "effective_on": today}
    assert api(centre).post(f"{url}/revisions", json=body).json["code"] == "index_value_missing"
    assert api(member).post("/api/v1/contract-indices", json=value_of(contract)).status_code in (403, 404)
    assert api(centre).post("/api/v1/contract-indices", json=value_of(contract, source=" ")).status_code == 422
    assert api(centre).post("/api/v1/contract-indices", json=value_of(contract, value="163.7")).status_code == 201
    assert api(centre).post("/api/v1/contract-indices", json=value_of(contract)).status_code == 201
    assert len(api(centre).get("/api/v1/contract-indices").json["items"]) == 2
    revised = api(centre).post(f"{url}/revisions", json=body)
    assert (revised.status_code, revised.json["factor"], revised.json["evidence"]["value"]) == (201, "1.0424", "136.7000")
    assert api(centre).post(f"{url}/revisions", json=body).json["code"] == "revision_too_early"
    told = session.scalars(text("SELECT payload FROM outbox WHERE payload ->> 'template' = 'contract_revised'")).all()
    assert [each["values"]["factor"] for each in told] == ["1.0424"]


def test_an_order_costs_the_frozen_price_times_the_factor(app, session, api, indexed):
    contract, centre, _member = indexed
    site, actor = contract.members[0]
    today = clock.today().isoformat()
    ask = Ask("1", site.id, contract.lot.id, 10, clock.today())
    with app.test_request_context("/"):
        before = place_call_offs(actor, [ask])[0].unit_price
    api(centre).post("/api/v1/contract-indices", json=value_of(contract))
    api(centre).post(f"/api/v1/contracts/{contract.contract.id}/revisions", json={"month": today, "effective_on": today})
    with app.test_request_context("/"):
        assert place_call_offs(actor, [ask])[0].unit_price == (before * Decimal("1.0424")).quantize(Decimal("0.0001"))
        assert list_desk(session, actor)[0].places[0].unit_price == (before * Decimal("1.0424")).quantize(Decimal("0.0001"))


def test_a_contract_with_firm_prices_is_not_revised(app, session, api):
    contract, centre, _member = made(app, session)
    today = clock.today().isoformat()
    body = {"month": today, "effective_on": today}
    refused = api(centre).post(f"/api/v1/contracts/{contract.contract.id}/revisions", json=body)
    assert refused.json["code"] == "contract_without_formula"


def test_the_page_sets_enters_and_revises(app, session, sign_in, indexed):
    contract, centre, member = indexed
    url, today = f"/contrats/{contract.contract.id}/indexation", clock.today().isoformat()
    browser = sign_in(centre)
    entered = {"code": "SYNTEC", "month": today, "value": "136,7", "source": "syntec.fr"}
    assert "Valeur de l&#39;indice saisie" in browser.post(f"{url}/valeurs", data=entered, follow_redirects=True).text
    body = {"month": today, "effective_on": today}
    assert "Prix révisés" in browser.post(f"{url}/revisions", data=body, follow_redirects=True).text
    assert "plus tôt" not in browser.get(url).text and "1,0424" in sign_in(member).get(url).text
    refused = browser.post(f"{url}/formule", data={**FORMULA, "base_value": "x"}, follow_redirects=True)
    assert "base_value" in refused.text


@pytest.mark.parametrize("table", ["contract_formulas", "contract_indices", "contract_revisions"])
def test_nothing_of_it_is_changed_afterwards(session, table):
    with pytest.raises(ProgrammingError, match="append-only"):
        session.execute(text(f"DELETE FROM {table}"))
