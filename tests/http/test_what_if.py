"""What-if over HTTP: the pool as it would be, prices before and after, for one's own sites only, writing nothing."""
import html
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.platform import clock
from tenders.demand.models import NeedVersion
from tenders.matching.schemas import WhatIfOut
from tests.factories import catalog as make
from tests.factories.accounts import user_in
from tests.factories.demand import open_pool
from tests.factories.grappes import grappe_of, site_and_user

ADDED = {
    "unit_price_before", "unit_price_after", "bracket_before", "bracket_after", "need_status", "extension", "deadline",
}  # fmt: skip


def ask(api: Any, user: Any, lot: Any, site: Any, quantity: Any, **more: str) -> Any:
    query = {"establishment_id": str(site.id), "quantity": str(quantity), **more}
    return api(user).get(f"/api/v1/lots/{lot.id}/pool/what-if", query_string=query)


def put(api: Any, user: Any, lot: Any, site: Any, quantity: int, **more: Any) -> None:
    body = {"quantity": quantity, "firmness": "firm", **more}
    assert api(user).put(f"/api/v1/lots/{lot.id}/needs/{site.id}", json=body).status_code in (200, 201)


@pytest.fixture
def offer() -> Any:
    """A provider that can answer, cheaper from 500 units on."""
    provider = make.ProviderFactory()
    return make.published_offer([(1, Decimal("5.00")), (500, Decimal("4.00"))], provider_id=provider.id, minimum_quantity=1)


def lot_of(minimum: int | None = 500, **more: Any) -> Any:
    return open_pool(minimum=minimum, requirements={}, **more)


def test_joining_shows_the_pool_the_bracket_and_the_price_that_would_be(api: Any, session: Session, offer: Any) -> None:
    lot = lot_of()
    first, user = site_and_user()
    put(api, user, lot, first, 400)
    site, joiner = site_and_user()
    found = ask(api, joiner, lot, site, 150).get_json()
    assert (found["firm"], found["members"], found["missing"], found["is_met"]) == (550, 2, 0, True)
    assert (found["unit_price_before"], found["unit_price_after"], found["need_status"]) == ("5.0000", "4.0000", "counted")
    assert WhatIfOut().validate({**found, "unit_price_before": "5", "unit_price_after": "4"}) == {}
    now = api(joiner).get(f"/api/v1/lots/{lot.id}/pool").get_json()
    assert (now["firm"], now["is_met"]) == (400, False)
    assert set(found) == {*now, *ADDED}
    brackets = [(found[name]["from_quantity"], found[name]["to_quantity"]) for name in ("bracket_before", "bracket_after")]
    assert (brackets, found["extension"]) == ([(1, 499), (500, None)], None)
    assert not session.scalars(select(NeedVersion).where(NeedVersion.establishment_id == site.id)).all()


def test_what_was_supposed_is_what_the_need_then_does(api: Any) -> None:
    lot = lot_of(minimum_scope="grappe")
    site, user = site_and_user()
    other, _ = site_and_user()
    grappe = grappe_of(site, other)
    for quantity in (120, 700):
        supposed = ask(api, user, lot, site, quantity).get_json()
        put(api, user, lot, site, quantity, grappe_id=str(grappe.id))
        pool = api(user).get(f"/api/v1/lots/{lot.id}/pool").get_json()
        assert {name: value for name, value in supposed.items() if name not in ADDED} == pool
    left = ask(api, user, lot, site, 0).get_json()
    assert (left["firm"], left["members"], left["need_status"], left["missing"]) == (0, 0, None, 500)


def test_beyond_the_maximum_the_need_would_wait(api: Any) -> None:
    lot = lot_of(minimum=None, maximum=100)
    site, user = site_and_user()
    found = ask(api, user, lot, site, 101).get_json()
    assert (found["firm"], found["waitlisted"], found["need_status"]) == (0, 101, "waitlisted")
    assert ask(api, user, lot, site, 101, firmness="indicative").get_json()["indicative"] == 101


def test_it_is_for_sites_one_represents(api: Any, session: Session) -> None:
    lot = lot_of()
    site, _ = site_and_user()
    other, stranger = site_and_user()
    centre = user_in(kind="purchasing_centre")
    refused = [ask(api, somebody, lot, site, 5).status_code for somebody in (stranger, centre, None)]
    assert refused == [403, 403, 401]
    assert ask(api, stranger, lot, lot, 5).status_code == 404
    viewer = user_in(session.get_one(Organisation, other.organisation_id), ("viewer",))
    assert ask(api, viewer, lot, other, 5).status_code == 200
    for quantity in ("-1", "1.5", "beaucoup"):
        assert ask(api, stranger, lot, other, quantity).status_code == 422


def test_after_the_date_there_is_nothing_to_suppose(api: Any) -> None:
    lot = lot_of()
    site, user = site_and_user()
    with clock.frozen_at(lot.needs_close_at + timedelta(minutes=1)):
        late = ask(api, user, lot, site, 5)
    assert (late.status_code, late.get_json()["code"]) == (409, "needs_closed")


def test_the_number_of_statements_does_not_grow_with_the_pool(api: Any, count_queries: Any, offer: Any) -> None:
    lot = lot_of()
    site, user = site_and_user()
    counts = []
    for _ in range(2):
        with count_queries() as statements:
            assert ask(api, user, lot, site, 5).status_code == 200
        counts.append(len(statements))
        for _ in range(3):
            member, neighbour = site_and_user()
            put(api, neighbour, lot, member, 10)
    assert counts[0] == counts[1]


def test_the_page_simulates_from_the_lot_without_script(api: Any, sign_in: Any, offer: Any) -> None:
    lot = lot_of()
    site, user = site_and_user()
    put(api, user, lot, site, 400)
    browser, page = sign_in(user), f"/lots/{lot.id}/simulation"
    assert page in browser.get(f"/lots/{lot.id}").get_data(as_text=True)
    assert "Manque pour le minimum" not in browser.get(page).get_data(as_text=True)
    shown = browser.get(page, query_string={"establishment_id": str(site.id), "quantity": "1 000"})
    said = html.unescape(shown.get_data(as_text=True)).replace("\u202f", " ").replace("\xa0", " ")
    assert "1 000" in said and "4,00 €" in said and "57 600 €" in said
    wrong = html.unescape(browser.get(page, query_string={"quantity": "dix"}).get_data(as_text=True))
    assert "Écrivez un nombre entier" in wrong
    stranger = sign_in(site_and_user()[1])
    assert stranger.get(page, query_string={"establishment_id": str(site.id), "quantity": "5"}).status_code == 403
