"""Envelopes in JSON: sums, forecast and its band, the ledger page by page, corrections; the centre's own alone."""
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from marketplace.platform import clock
from tenders.demand.envelopes.booking import book
from tests.factories import accounts as make
from tests.factories.demand import centre_user, open_pool


@pytest.fixture
def lot(session: Session) -> Any:
    """A lot of 1 000 units at most, with orders of the last weeks: 10, 30, 20 and 40 units."""
    lot = open_pool(minimum=100, maximum=1_000)
    for weeks, quantity in ((4, 10), (3, 30), (2, 20), (1, 40)):
        with clock.frozen_at(clock.now() - timedelta(weeks=weeks)):
            book(session, lot.id, "called_off", quantity, reason="ordered")
    session.commit()
    return lot


def test_the_envelope_says_what_remains_and_until_when(lot: Any, api: Any) -> None:
    answer = api(centre_user(lot)).get(f"/api/v1/lots/{lot.id}/envelope")
    read = answer.json
    assert (read["minimum"], read["maximum"], read["called_off"], read["remaining"]) == (100, 1_000, 100, 900)
    assert (read["unit"], read["entries"], answer.headers["ETag"]) == ("endpoint", 6, '"v6"')
    assert Decimal(read["called_off_amount"]) == Decimal("4.10") * 36 * 100
    seen = read["forecast"]
    assert seen["code"] == "dated"
    assert seen["slowest"] < seen["weekly"] < seen["fastest"]
    assert seen["earliest_on"] < seen["expected_on"] < seen["latest_on"]


def test_the_ledger_is_read_page_by_page_the_oldest_first(lot: Any, api: Any) -> None:
    centre = api(centre_user(lot))
    first = centre.get(f"/api/v1/lots/{lot.id}/envelope/entries?limit=4").json
    rest = centre.get(f"/api/v1/lots/{lot.id}/envelope/entries?limit=4&cursor={first['next']}").json
    assert [each["number"] for each in first["items"] + rest["items"]] == [1, 2, 3, 4, 5, 6]
    assert [each["kind"] for each in first["items"]] == ["minimum", "maximum", "called_off", "called_off"]
    assert rest["next"] is None


def test_the_centre_corrects_once_even_when_its_request_is_repeated(lot: Any, api: Any) -> None:
    centre, address = api(centre_user(lot)), f"/api/v1/lots/{lot.id}/envelope/entries"
    body = {"quantity": 150, "note": "Commande papier"}
    done = centre.post(address, json=body, headers={"If-Match": '"v6"'})
    assert (done.status_code, done.json["number"], done.json["reason"], done.json["note"]) == (
        201, 7, "correction", "Commande papier",
    )  # fmt: skip
    assert centre.post(address, json=body, headers={"If-Match": '"v6"'}).status_code == 412
    assert centre.post(address, json={"quantity": 0, "note": "x"}).status_code == 422
    assert centre.post(address, json={"quantity": 5, "note": " "}).status_code == 422
    beyond = centre.post(address, json={"quantity": 900, "note": "trop"})
    assert (beyond.status_code, beyond.json["code"], beyond.json["available"]) == (409, "envelope_exhausted", 850)


def test_a_maximum_in_euros_stops_a_correction_too(session: Session, api: Any) -> None:
    lot = open_pool(minimum=None, maximum_basis="amount", maximum_value=Decimal("14760.00"), maximum_quantity=100)
    centre, address = api(centre_user(lot)), f"/api/v1/lots/{lot.id}/envelope"
    assert centre.post(f"{address}/entries", json={"quantity": 100, "note": "tout"}).status_code == 201
    read = centre.get(address).json
    assert (read["maximum_amount"], Decimal(read["remaining_amount"])) == ("14760.00", Decimal(0))
    over = centre.post(f"{address}/entries", json={"quantity": 1, "note": "un de plus"})
    assert (over.status_code, over.json["code"]) == (409, "envelope_exhausted")


def test_a_vehicle_adds_its_lots_up(lot: Any, api: Any) -> None:
    read = api(centre_user(lot)).get(f"/api/v1/vehicles/{lot.vehicle_id}/envelope").json
    assert (read["lots"], read["unbounded"]) == (1, 0)
    assert Decimal(read["called_off_amount"]) == Decimal("4.10") * 36 * 100
    assert Decimal(read["remaining_amount"]) == Decimal("4.10") * 36 * 900


@pytest.mark.parametrize("kind", ["care_operator", "provider", "authority", "purchasing_centre"])
def test_nobody_else_reads_or_corrects_it(kind: str, lot: Any, api: Any) -> None:
    other = api(make.user_in(kind=kind))
    for address in (f"lots/{lot.id}/envelope", f"lots/{lot.id}/envelope/entries", f"vehicles/{lot.vehicle_id}/envelope"):
        assert other.get(f"/api/v1/{address}").status_code == 403
    assert other.post(f"/api/v1/lots/{lot.id}/envelope/entries", json={"quantity": 1, "note": "x"}).status_code == 403
