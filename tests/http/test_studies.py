"""Studies over HTTP: asked on live needs, composed by the worker, read, compared, accepted; and who may see what."""
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from catalog.providers.models import Provider, ProviderCapacity
from marketplace.accounts.models import Organisation, User
from marketplace.accounts.queries import get_actor
from marketplace.platform import clock
from tenders.composition.studies import running
from tenders.composition.studies.models import Study
from tenders.demand.models import Need
from tenders.vehicles.models import Lot
from tests.factories import accounts, catalog
from tests.factories.demand import assert_totals_are_true, clinic, open_pool, placed_on
from tests.factories.grappes import grappe_of, site_and_user
from tests.factories.studies import PRICES, Market, study_market
from tests.factories.vehicles import VehicleFactory

API = "/api/v1"
@pytest.fixture
def market(app: Any, session: Any) -> Market:
    return study_market(app)


def ask(api: Callable, user: User, **body: Any) -> dict[str, Any]:
    answer = api(user).post(f"{API}/studies", json={"categories": ["edr"], "time_limit": 5, "title": "Essai", **body})
    assert answer.status_code == 201, answer.json
    return answer.json


def run(app: Any) -> int:
    with app.app_context():
        return running.run_waiting()


def told(session: Any, template: str) -> list[Any]:
    rows = session.scalars(text("SELECT payload FROM outbox WHERE payload ->> 'template' = :name"), {"name": template})
    return list(rows)


def test_a_study_goes_from_live_needs_to_proposed_purchases(app, api, session, market):
    api(market.centre)
    state = api(_user(session, market.people[0])).put(
        f"{API}/establishments/{market.sites[0].id}/stand-alone-prices/edr", json={"unit_price": "5.50"}
    )
    assert state.status_code == 200
    study = ask(api, market.centre)
    assert study["status"] == "queued" and study["cost"] is None
    assert run(app) == 1 and run(app) == 0
    found = api(market.centre).get(f"{API}/studies/{study['id']}").json
    (purchase,) = found["purchases"]
    assert (found["status"], purchase["quantity"], purchase["members"]) == ("done", 670, 3)
    assert (Decimal(purchase["unit_price"]), purchase["bracket_from"], purchase["margin"]) == (4, 500, 669)
    assert purchase["amount"] == str(Decimal(670 * 4 * 36)) + ".00"
    assert found["saving"] == f"{Decimal('1.50') * 300 * 36:f}"  # only against the price that was stated
    assert found["without_price"] == 2 and found["outside"] == 0
    assert Decimal(found["gap"]) <= Decimal("0.000001")
    assert found["sensitivity"][0]["kind"] == "prices_up" and len(found["sensitivity"]) == 5
    places = api(market.centre).get(f"{API}/studies/{study['id']}/places").json["items"]
    assert sum(Decimal(one["amount"]) for one in places) == Decimal(purchase["amount"])
    assert len(told(session, "study_done")) == 1


def _user(session: Any, actor: Any) -> User:
    return session.get_one(User, actor.user_id)


def test_the_snapshot_is_frozen_and_asking_again_keeps_what_did_not_move(app, api, session, market):
    first = ask(api, market.centre)
    run(app)
    with app.app_context():
        site, actor = clinic(region="84")
        placed_on(market.lot, site, actor, 40)
    again = api(market.centre).post(f"{API}/studies/{first['id']}/again")
    assert again.status_code == 201 and again.json["follows_id"] == first["id"]
    run(app)
    before, after = (api(market.centre).get(f"{API}/studies/{one}").json for one in (first["id"], again.json["id"]))
    assert (before["needs"], after["needs"]) == (3, 4)
    assert after["purchases"][0]["quantity"] == before["purchases"][0]["quantity"] + 40
    assert {one["step"] for one in after["progress"]} <= {"alone", "touched", "prices"}


def test_requirements_regions_and_suspended_providers_leave_needs_outside_with_reasons(app, api, session, market):
    with app.app_context():
        far, actor = clinic(region="53")
        placed_on(market.lot, far, actor, 80)
    study = ask(api, market.centre)
    run(app)
    outside = api(market.centre).get(f"{API}/studies/{study['id']}/places?outside=true").json["items"]
    assert [one["establishment_id"] for one in outside] == [str(far.id)]
    assert "ne sert la région" in outside[0]["outside"]
    english = api(market.centre).get(f"{API}/studies/{study['id']}/places?outside=true", headers={"Accept-Language": "en"})
    assert "région" not in english.json["items"][0]["outside"]


def test_a_provider_is_not_proposed_beyond_its_capacity_in_the_category(app, api, session, market):
    provider = session.scalars(select(Provider).where(Provider.name == "Vigie fictive")).one()
    session.add(ProviderCapacity(provider_id=provider.id, category_code="edr", quantity=400))
    session.commit()
    study = ask(api, market.centre)
    run(app)
    found = api(market.centre).get(f"{API}/studies/{study['id']}").json
    assert found["purchases"] and all(one["quantity"] <= 400 for one in found["purchases"]) and found["outside"] >= 1


def test_a_saving_counts_only_providers_that_serve_the_site_and_quantities_that_fit(app, api, session, market):
    dear = catalog.ProviderFactory(name="Vigie des Hauts", regions=["32"])
    catalog.published_offer(((1, Decimal("9.00")),), provider_id=dear.id)
    with app.app_context():
        site, actor = clinic(region="32")
    owner = _user(session, actor)
    api(owner).put(f"{API}/establishments/{site.id}/stand-alone-prices/edr", json={"unit_price": "6.00"})
    found = api(owner).get(f"{API}/establishments/{site.id}/group-purchases?category=edr&quantity=100").json["items"]
    assert Decimal(found[0]["unit_price_with"]) == 9 and Decimal(found[0]["saving"]) == -3 * 100 * 36
    open_pool(minimum=None, maximum=50)
    tight = api(owner).get(f"{API}/establishments/{site.id}/group-purchases?category=edr&quantity=100").json["items"]
    assert [one["saving"] for one in tight if not one["fits"]] == [None]


def test_who_handed_the_grappe_over_neither_reads_nor_asks_its_studies_again(app, api, session):
    members = [site_and_user(region="84") for _ in range(2)]
    grappe = grappe_of(*(site for site, _ in members))
    lot = open_pool(minimum=None, maximum=None)
    with app.app_context():
        for site, user in members:
            placed_on(lot, site, get_actor(session, user.id), 200, grappe_id=grappe.id)
    former, newcomer = (user for _, user in members)
    study = ask(api, former, grappe_id=str(grappe.id))
    run(app)
    grappe.coordinator_establishment_id = members[1][0].id
    session.commit()
    assert api(former).get(f"{API}/studies/{study['id']}").status_code == 404
    assert api(former).post(f"{API}/studies/{study['id']}/again").status_code == 404
    assert api(newcomer).get(f"{API}/studies/{study['id']}").status_code == 200


def test_limits_of_members_are_kept(app, api, market):
    study = ask(api, market.centre, most_members=2)
    run(app)
    found = api(market.centre).get(f"{API}/studies/{study['id']}").json
    assert all(one["members"] <= 2 for one in found["purchases"])
    assert found["outside"] == 1


def test_a_coordinator_studies_its_grappe_and_shares_it_with_a_centre(app, api, session):
    members = [site_and_user(region="84") for _ in range(3)]
    users = [user for _, user in members]
    grappe = grappe_of(*(site for site, _ in members))
    lot = open_pool(minimum=None, maximum=None)
    catalog.published_offer(PRICES, provider_id=catalog.ProviderFactory().id)
    with app.app_context():
        for site, user in members:
            placed_on(lot, site, get_actor(session, user.id), 200, grappe_id=grappe.id)
    study = ask(api, users[0], grappe_id=str(grappe.id), keep_grappes_together=True)
    run(app)
    assert api(users[0]).get(f"{API}/studies/{study['id']}").json["purchases"][0]["members"] == 3
    centre = accounts.user_in(kind="purchasing_centre")
    assert api(centre).get(f"{API}/studies/{study['id']}").status_code == 404
    shared = api(users[0]).post(
        f"{API}/studies/{study['id']}/sharing", json={"centre_id": str(_organisation_of(session, centre))}
    )
    assert shared.status_code == 200
    assert api(centre).get(f"{API}/studies/{study['id']}").status_code == 200
    assert api(users[1]).post(f"{API}/studies", json={"categories": ["edr"], "grappe_id": str(grappe.id)}).status_code == 404


def _organisation_of(session: Any, user: User) -> UUID:
    return session.scalar(
        text("SELECT organisation_id FROM memberships WHERE user_id = :id"), {"id": user.id}
    )


def test_accepted_purchases_become_lots_and_needs_to_sign_when_the_vehicle_opens(app, api, session, market):
    study = ask(api, market.centre)
    run(app)
    vehicle = VehicleFactory(organisation_id=_organisation_of(session, market.centre))
    closes = (clock.now() + timedelta(days=40)).isoformat()
    body = {"purchases": [1], "vehicle_id": str(vehicle.id), "needs_close_at": closes}
    accepted = api(market.centre).post(f"{API}/studies/{study['id']}/acceptance", json=body)
    assert accepted.status_code == 201 and accepted.json["invited"] == 3
    lot_id = accepted.json["lots"][0]["lot_id"]
    assert len(told(session, "study_invitation")) == 3
    lot = api(market.centre).get(f"{API}/lots/{lot_id}").json
    assert lot["minimum"] == {"kind": "contractual", "basis": "quantity", "scope": "lot", "value": 500}
    assert (lot["status"], Decimal(lot["reference_unit_price"])) == ("draft", 4)
    twice = api(market.centre).post(f"{API}/studies/{study['id']}/acceptance", json=body)
    assert (twice.status_code, twice.json["code"]) == (409, "purchase_already_accepted")
    opened = api(market.centre).post(f"{API}/vehicles/{vehicle.id}/opening")
    assert opened.status_code == 200, opened.json
    needs = session.scalars(select(Need).where(Need.lot_id == UUID(lot_id))).all()
    assert {one.status for one in needs} == {"awaiting_signature"} and sum(one.quantity for one in needs) == 670
    assert len(told(session, "need_to_sign")) == 3
    pool = api(market.centre).get(f"{API}/lots/{lot_id}/pool").json
    assert (pool["awaiting_signature"], pool["firm"], pool["is_met"]) == (670, 0, False)
    assert_totals_are_true(session)
    signer = api(_user(session, market.people[0]))
    refused = signer.post(f"{API}/lots/{lot_id}/needs/{market.sites[0].id}/signature", json={})
    assert (refused.status_code, refused.json["code"]) == (409, "already_pooled_elsewhere")
    signer.delete(f"{API}/lots/{market.lot.id}/needs/{market.sites[0].id}")
    assert signer.post(f"{API}/lots/{lot_id}/needs/{market.sites[0].id}/signature", json={}).status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"purchases": [9]}, 404, "not_found"),
        ({"needs_close_at": "2020-01-01T00:00:00+00:00"}, 422, "invalid_input"),
        ({"purchases": []}, 422, "invalid_input"),
    ],
)
def test_an_acceptance_that_cannot_be_writes_nothing(app, api, session, market, change, status, code):
    study = ask(api, market.centre)
    run(app)
    vehicle = VehicleFactory(organisation_id=_organisation_of(session, market.centre))
    closes = (clock.now() + timedelta(days=40)).isoformat()
    body = {"purchases": [1], "vehicle_id": str(vehicle.id), "needs_close_at": closes, **change}
    refused = api(market.centre).post(f"{API}/studies/{study['id']}/acceptance", json=body)
    assert (refused.status_code, refused.json["code"]) == (status, code)
    assert session.scalar(select(Lot.id).where(Lot.vehicle_id == vehicle.id)) is None


def test_a_vehicle_that_is_open_or_wants_grappes_takes_no_proposal(app, api, session, market):
    study = ask(api, market.centre)
    centre_id = _organisation_of(session, market.centre)
    body = {"purchases": [1], "needs_close_at": (clock.now() + timedelta(days=40)).isoformat()}
    wants = VehicleFactory(organisation_id=centre_id, allows_individual_needs=False)
    early = api(market.centre).post(f"{API}/studies/{study['id']}/acceptance", json={**body, "vehicle_id": str(wants.id)})
    assert early.json["code"] == "study_not_done"
    assert api(market.centre).post(f"{API}/studies/{study['id']}/again").json["code"] == "study_not_done"
    run(app)
    for vehicle_id, code in ((wants.id, "vehicle_wants_grappes"), (market.lot.vehicle_id, "vehicle_not_draft")):
        answer = api(market.centre).post(
            f"{API}/studies/{study['id']}/acceptance", json={**body, "vehicle_id": str(vehicle_id)}
        )
        assert (answer.status_code, answer.json["code"]) == (409, code)


def test_nothing_to_study_is_said(api, session, market):
    refused = api(market.centre).post(f"{API}/studies", json={"categories": ["backup"]})
    assert (refused.status_code, refused.json["code"]) == (409, "nothing_to_study")
    unknown = api(market.centre).post(f"{API}/studies", json={"categories": ["nope"]})
    assert unknown.status_code == 422


def test_a_waiting_study_is_cancelled_at_once_and_an_ended_one_no_more(app, api, session, market):
    waiting = ask(api, market.centre)
    cancelled = api(market.centre).post(f"{API}/studies/{waiting['id']}/cancellation")
    assert cancelled.json["status"] == "cancelled"
    assert run(app) == 0
    done = ask(api, market.centre)
    run(app)
    assert api(market.centre).post(f"{API}/studies/{done['id']}/cancellation").json["code"] == "study_over"


def test_a_running_study_hears_that_it_is_cancelled_and_keeps_nothing(app, api, session, market):
    study = ask(api, market.centre)
    with app.app_context():
        taken = running._take()
        assert str(taken) == study["id"]
        assert api(market.centre).post(f"{API}/studies/{study['id']}/cancellation").json["status"] == "running"
        running._run(taken)
    found = api(market.centre).get(f"{API}/studies/{study['id']}").json
    assert (found["status"], found["purchases"], found["cost"]) == ("cancelled", [], None)


def test_a_study_whose_worker_died_is_taken_again_and_given_up_after_three(app, api, session, market):
    study = ask(api, market.centre)
    with app.app_context():
        assert running._take() is not None and running._take() is None  # somebody is at it
        for attempt in range(3):
            with clock.frozen_at(clock.now() + (attempt + 1) * timedelta(minutes=2)):
                assert running._take() is not None
    row = session.get_one(Study, UUID(study["id"]), populate_existing=True)
    assert (row.status, row.failure, row.attempts) == ("failed", "gave_up", 4)


def test_who_sees_a_study(app, api, session, market):
    study = ask(api, market.centre)
    run(app)
    path = f"{API}/studies/{study['id']}"
    provider = catalog.person_of(catalog.ProviderFactory())
    assert api(provider).get(path).status_code == 403 or api(provider).get(path).status_code == 404
    for stranger in (accounts.user_in(kind="purchasing_centre"), accounts.user_in()):
        assert api(stranger).get(path).status_code == 404
        assert api(stranger).get(f"{path}/places").status_code == 404
        assert api(stranger).post(f"{path}/cancellation").status_code == 404
    viewer = accounts.user_in(session.get_one(Organisation, _organisation_of(session, market.centre)), ("viewer",))
    assert api(viewer).get(path).status_code == 200
    assert api(viewer).post(f"{path}/again").status_code == 403


def test_prices_paid_alone_are_ones_own(api, session, market):
    path = f"{API}/establishments/{market.sites[0].id}/stand-alone-prices/edr"
    owner, rival = _user(session, market.people[0]), _user(session, market.people[1])
    assert api(rival).put(path, json={"unit_price": "5.50"}).status_code == 404
    assert api(owner).put(path, json={"unit_price": "0"}).status_code == 422
    assert Decimal(api(owner).put(path, json={"unit_price": "5.50"}).json["unit_price"]) == Decimal("5.5")
    assert api(owner).delete(path).status_code == 204


def test_which_group_purchase_for_me_ranks_open_lots_with_reasons(api, session, market, count_queries):
    owner = _user(session, market.people[2])
    path = f"{API}/establishments/{market.sites[2].id}/group-purchases?category=edr&quantity=120"
    api(owner).put(f"{API}/establishments/{market.sites[2].id}/stand-alone-prices/edr", json={"unit_price": "5.00"})
    with count_queries() as one_lot:
        first = api(owner).get(path).json
    assert first["items"][0]["lot_id"] == str(market.lot.id)
    assert [Decimal(first["items"][0][name]) for name in ("unit_price_now", "unit_price_with")] == [4, 4]
    assert first["items"][0]["saving"] == f"{Decimal(120 * 36):.2f}" and first["items"][0]["missing"] == 0
    open_pool(minimum=None, maximum=100)
    open_pool(minimum=None, maximum=None)
    with count_queries() as three_lots:
        found = api(owner).get(path).json["items"]
    assert len(found) == 3 and [one["fits"] for one in found] == [True, True, False]
    assert "ne tient pas" in found[-1]["reason"]
    assert len(three_lots) == len(one_lot)
    assert api(_user(session, market.people[0])).get(path).status_code == 404
