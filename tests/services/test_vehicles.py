"""Vehicles and lots: drafts, opening, cancellation, who sees what, and the database's last guards."""
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace.platform import clock, events
from marketplace.platform.errors import BadInput, Conflict, NotAllowed, NotFound, RuleBroken, StaleVersion
from tenders.vehicles import queries, services
from tenders.vehicles.events import LotCancelled, LotOpened
from tenders.vehicles.models import Lot, Vehicle
from tenders.vehicles.schemas import LotIn
from tests.factories.accounts import MembershipFactory, OrganisationFactory, user_in
from tests.factories.vehicles import LotFactory, VehicleFactory, open_lot


@pytest.fixture
def centre(session):
    return OrganisationFactory(kind="purchasing_centre")


@pytest.fixture
def buyer(centre, actor_for):
    return actor_for(user_in(centre, roles=("buyer",)))


@pytest.fixture
def heard(monkeypatch):
    """What vehicles announce while nobody above listens."""
    said = []
    monkeypatch.setattr(services, "announce", lambda _session, event: said.append(event))
    return said


def body(**changes):
    plain = {
        "code": "1",
        "category": "edr",
        "kind": "support",
        "unit": "endpoint",
        "price_period": "month",
        "term_months": 36,
        "reference_unit_price": "4.10",
        "minimum": {"kind": "contractual", "basis": "quantity", "value": "5000"},
        "maximum": {"basis": "quantity", "value": "8000"},
        "needs_close_at": (clock.now() + timedelta(days=30)).isoformat(),
        "minimum_policy": ["extend", "release"],
    }
    return LotIn().load({**plain, **changes})


def refused(code, act):
    with pytest.raises(RuleBroken) as refusal:
        act()
    assert refusal.value.code == code
    return refusal.value


def prepare(buyer, **changes):
    facts = {
        "name": "Sécurité 2027",
        "technique": "framework_call_offs",
        "regime": "public_code",
        "starts_on": clock.today() + timedelta(days=60),
        "ends_on": clock.today() + timedelta(days=400),
    }
    return services.create_vehicle(buyer, **{**facts, **changes})


def test_a_new_vehicle_takes_its_regimes_switches(buyer, centre):
    vehicle = prepare(buyer)
    assert vehicle.status == "draft"
    assert vehicle.organisation_id == centre.id
    assert (vehicle.standstill_days, vehicle.maximum_duration_months) == (11, 48)


def test_a_vehicle_that_ends_before_it_starts_is_refused(buyer):
    refused("vehicle_ends_before_it_starts", lambda: prepare(buyer, ends_on=clock.today() + timedelta(days=60)))


def test_a_mandatory_switch_stays_on(buyer):
    refused("switch_fixed_by_regime", lambda: prepare(buyer, maximum_required=False))


def test_a_new_regime_brings_its_own_switches_and_keeps_what_is_sent(buyer):
    vehicle = prepare(buyer)
    edited = services.edit_vehicle(buyer, vehicle.id, {"regime": "private", "standstill_days": 5})
    assert (edited.maximum_required, edited.standstill_days, edited.version) == (False, 5, 2)
    again = services.edit_vehicle(buyer, vehicle.id, {"name": "Sécurité 2028"})
    assert (again.standstill_days, again.search_text) == (5, "securite 2028")


def test_only_a_centres_buyers_prepare_vehicles(session, centre, actor_for):
    clinic_user = actor_for(user_in(kind="care_operator"))
    with pytest.raises(NotAllowed):
        prepare(clinic_user)
    with pytest.raises(NotAllowed):
        prepare(clinic_user, organisation_id=centre.id)
    with pytest.raises(NotAllowed):
        prepare(actor_for(user_in(centre, roles=("viewer",))))


def test_who_buys_for_two_centres_says_for_which(session, centre, actor_for):
    user = user_in(centre, roles=("buyer",))
    other = OrganisationFactory(kind="purchasing_centre")
    MembershipFactory(user_id=user.id, organisation_id=other.id, roles=("buyer",))
    with pytest.raises(BadInput) as bad:
        prepare(actor_for(user))
    assert set(bad.value.errors) == {"organisation_id"}
    assert prepare(actor_for(user), organisation_id=other.id).organisation_id == other.id


def test_a_draft_is_invisible_to_others_and_an_opened_vehicle_is_not(session, buyer, actor_for, heard):
    stranger = actor_for(user_in(kind="purchasing_centre"))
    vehicle = prepare(buyer)
    lot = services.add_lot(buyer, vehicle.id, **body())
    with pytest.raises(NotFound):
        queries.get_vehicle(session, stranger, vehicle.id)
    with pytest.raises(NotFound):
        queries.get_lot(session, stranger, lot.id)
    with pytest.raises(NotFound):
        services.open_vehicle(stranger, vehicle.id)
    services.open_vehicle(buyer, vehicle.id)
    assert queries.get_lot(session, stranger, lot.id).id == lot.id
    with pytest.raises(NotAllowed):
        services.cancel_vehicle(stranger, vehicle.id, reason="Erreur")


def test_a_lot_without_a_title_takes_its_categorys_name(buyer):
    lot = services.add_lot(buyer, prepare(buyer).id, **body())
    assert lot.title.startswith("Détection et réponse")
    assert lot.status == "draft"
    assert lot.vehicle.version == 2


def test_a_lot_of_an_unknown_category_is_bad_input(buyer):
    vehicle = prepare(buyer)
    with pytest.raises(BadInput) as bad:
        services.add_lot(buyer, vehicle.id, **body(category="potions"))
    assert set(bad.value.errors) == {"category"}


def test_two_lots_of_a_vehicle_have_two_codes(buyer):
    vehicle = prepare(buyer)
    services.add_lot(buyer, vehicle.id, **body())
    with pytest.raises(Conflict) as taken:
        services.add_lot(buyer, vehicle.id, **body(code=" 1 "))
    assert taken.value.code == "lot_code_taken"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"unit": "tb"}, "unit_not_of_category"),
        ({"minimum_policy": ["extend", "extend"]}, "policy_step_repeated"),
        ({"requirements": {"regions": ["00"]}}, "requirement_unknown"),
        ({"requirements": {"certificates": ["iso9001"]}}, "requirement_unknown"),
        ({"requirements": {"hds_activities": [7]}}, "requirement_unknown"),
        ({"order_multiple": 3}, "maximum_not_in_packs"),
        ({"maximum": {"basis": "quantity", "value": "4999"}}, "minimum_above_maximum"),
        ({"maximum": {"basis": "quantity", "value": "1000000001"}}, "bound_out_of_range"),
    ],
)
def test_a_contradictory_lot_is_refused_when_it_is_written(buyer, changes, code):
    vehicle = prepare(buyer)
    refused(code, lambda: services.add_lot(buyer, vehicle.id, **body(**changes)))
    lot = services.add_lot(buyer, vehicle.id, **body())
    refused(code, lambda: services.edit_lot(buyer, lot.id, body(**changes)))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"maximum": None}, "maximum_required"),
        ({"reference_unit_price": None}, "reference_price_required"),
        ({"minimum": {"kind": "none"}}, "support_without_minimum"),
        ({"minimum_policy": ["merge"]}, "merge_without_target"),
        ({"needs_close_at": "2020-01-01T00:00:00Z"}, "needs_close_in_the_past"),
        ({"needs_close_at": "2099-01-01T00:00:00Z"}, "needs_close_after_the_end"),
    ],
)
def test_an_incomplete_lot_is_kept_as_a_draft_but_does_not_open(buyer, changes, code):
    vehicle = prepare(buyer)
    services.add_lot(buyer, vehicle.id, **body(**changes))
    refused(code, lambda: services.open_vehicle(buyer, vehicle.id))
    assert vehicle.status == "draft"


def test_an_empty_vehicle_does_not_open(buyer):
    vehicle = prepare(buyer)
    refused("vehicle_without_lot", lambda: services.open_vehicle(buyer, vehicle.id))


def test_a_vehicle_already_over_does_not_open(buyer):
    vehicle = prepare(buyer, starts_on=clock.today() - timedelta(days=9), ends_on=clock.today() - timedelta(days=1))
    refused("vehicle_already_over", lambda: services.open_vehicle(buyer, vehicle.id))


def test_a_long_public_vehicle_opens_only_with_a_reason(buyer, heard):
    vehicle = prepare(buyer, ends_on=clock.today() + timedelta(days=60 + 5 * 366))
    services.add_lot(buyer, vehicle.id, **body())
    refused("duration_needs_reason", lambda: services.open_vehicle(buyer, vehicle.id))
    services.edit_vehicle(buyer, vehicle.id, {"duration_reason": "Amortissement de cinq ans."})
    assert services.open_vehicle(buyer, vehicle.id).status == "open"


def test_two_lots_of_one_category_may_merge(buyer, heard):
    vehicle = prepare(buyer)
    services.add_lot(buyer, vehicle.id, **body(minimum_policy=["merge", "release"]))
    services.add_lot(buyer, vehicle.id, **body(code="2"))
    assert services.open_vehicle(buyer, vehicle.id).status == "open"


def test_opening_freezes_bounds_sets_the_next_check_and_announces_each_lot(buyer, heard):
    vehicle = prepare(buyer)
    amounts = {
        "minimum": {"kind": "contractual", "basis": "amount", "value": "100000"},
        "maximum": {"basis": "amount", "value": "200000"},
    }
    lot = services.add_lot(buyer, vehicle.id, **body(**amounts))
    services.open_vehicle(buyer, vehicle.id)
    assert (lot.minimum_quantity, lot.maximum_quantity) == (678, 1355)
    assert (lot.minimum_value, lot.maximum_value) == (Decimal(100000), Decimal(200000))
    assert lot.next_check_at == lot.needs_close_at
    assert lot.status == "open"
    assert heard == [LotOpened(lot.id, 1355)]


def test_what_is_published_no_longer_changes(buyer, heard):
    vehicle = prepare(buyer)
    lot = services.add_lot(buyer, vehicle.id, **body())
    services.open_vehicle(buyer, vehicle.id)
    for act in (
        lambda: services.open_vehicle(buyer, vehicle.id),
        lambda: services.edit_vehicle(buyer, vehicle.id, {"name": "Autre"}),
        lambda: services.add_lot(buyer, vehicle.id, **body(code="2")),
        lambda: services.edit_lot(buyer, lot.id, {"title": "Autre"}),
        lambda: services.remove_lot(buyer, lot.id),
    ):
        refused("vehicle_not_draft", act)


def test_a_listener_that_refuses_keeps_the_vehicle_a_draft(session, buyer, monkeypatch):
    def refuse(_session, _event):
        raise RuleBroken("vehicle_not_draft", "Non.")

    vehicle = prepare(buyer)
    services.add_lot(buyer, vehicle.id, **body())
    monkeypatch.setitem(events._listeners, LotOpened, [refuse])
    with pytest.raises(RuleBroken):
        services.open_vehicle(buyer, vehicle.id)
    session.expire_all()
    assert session.get(Vehicle, vehicle.id).status == "draft"


def test_a_removed_lot_is_gone(session, buyer):
    lot = services.add_lot(buyer, prepare(buyer).id, **body())
    services.remove_lot(buyer, lot.id)
    assert session.scalar(select(Lot).where(Lot.id == lot.id)) is None


def test_a_stale_edit_is_refused(buyer):
    vehicle = prepare(buyer)
    lot = services.add_lot(buyer, vehicle.id, **body())
    with pytest.raises(StaleVersion):
        services.edit_vehicle(buyer, vehicle.id, {"name": "Autre"}, expected_version=1)
    services.edit_lot(buyer, lot.id, {"title": "Postes"}, expected_version=1)
    with pytest.raises(StaleVersion):
        services.edit_lot(buyer, lot.id, {"title": "Autre"}, expected_version=1)


def test_cancelling_cancels_every_lot_and_announces_the_opened_ones(buyer, heard):
    vehicle = prepare(buyer)
    lot = services.add_lot(buyer, vehicle.id, **body())
    services.open_vehicle(buyer, vehicle.id)
    services.cancel_vehicle(buyer, vehicle.id, reason="  Financement retiré.  ")
    assert (vehicle.status, lot.status, lot.next_check_at) == ("cancelled", "cancelled", None)
    assert heard[-1] == LotCancelled(lot.id, "Financement retiré.")
    refused("vehicle_not_cancellable", lambda: services.cancel_vehicle(buyer, vehicle.id, reason="Encore"))


def test_cancelling_a_draft_tells_nobody(buyer, heard):
    vehicle = prepare(buyer)
    services.add_lot(buyer, vehicle.id, **body())
    services.cancel_vehicle(buyer, vehicle.id, reason="Doublon")
    assert heard == []


def lives():
    """Vehicles at every point of their life, each with one lot."""
    past, now = clock.today() - timedelta(days=1), clock.now()
    over = {"starts_on": past - timedelta(days=30), "ends_on": past}
    cancelled = {"cancelled_at": now, "cancellation_reason": "Doublon"}
    for vehicle_dates in ({}, {"opened_at": now}, {**cancelled}, {**cancelled, "opened_at": now},
                          {**over, "opened_at": now}, over):  # fmt: skip
        for lot_dates in ({}, {"closed_at": now}, {"cancelled_at": now}):
            if "closed_at" in lot_dates and "opened_at" not in vehicle_dates:
                continue
            vehicle = VehicleFactory(**vehicle_dates)
            lot = {"opened": True} if "opened_at" in vehicle_dates else {}
            LotFactory(vehicle_id=vehicle.id, **lot, **lot_dates)
            yield vehicle


def test_status_in_sql_agrees_with_status_in_python(session):
    seen = set()
    for vehicle in [*lives(), VehicleFactory()]:
        in_sql = session.scalar(select(Vehicle.status).where(Vehicle.id == vehicle.id))
        assert vehicle.status == in_sql
        for lot in vehicle.lots:
            assert lot.status == session.scalar(select(Lot.status).where(Lot.id == lot.id))
            seen.add(lot.status)
        seen.add(in_sql)
    assert seen == {"draft", "open", "closed", "cancelled", "ended"}


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"minimum_quantity": 9000}, "minimum_within_maximum"),
        ({"minimum_kind": "indicative"}, "support_has_contractual_minimum"),
        ({"reference_unit_price": None}, "priced_when_open"),
        ({"maximum_quantity": None}, "bounds_frozen_when_open"),
        ({"minimum_basis": None}, "minimum_complete"),
        ({"maximum_basis": None}, "maximum_complete"),
        ({"minimum_policy": ["extend", "extend"]}, "minimum_policy_known"),
        ({"order_multiple": 0}, "order_multiple_at_least_one"),
        ({"requirements": []}, "requirements_is_object"),
    ],
)
def test_the_database_holds_the_rules_of_an_open_lot(session, changes, constraint):
    with pytest.raises(IntegrityError, match=f"ck_lots_{constraint}"):
        open_lot(**changes)


def test_the_database_knows_no_public_vehicle_without_maximum(session):
    with pytest.raises(IntegrityError, match="ck_vehicles_public_code_requires_maximum"):
        VehicleFactory(maximum_required=False)
