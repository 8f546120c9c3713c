"""Two buyers at once on real connections: a vehicle opens once, and a lot is never slipped into an opened vehicle."""
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from marketplace.accounts.queries import get_actor
from marketplace.platform import clock
from marketplace.platform.database import db
from marketplace.platform.errors import DomainError
from tenders.vehicles import queries, services
from tenders.vehicles.schemas import LotIn
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.base import use_session
from tests.factories.vehicles import LotFactory, VehicleFactory

LOT = {
    "code": "late", "category": "edr", "kind": "service", "unit": "endpoint", "price_period": "month",
    "term_months": 12, "reference_unit_price": "1.00", "maximum": {"basis": "quantity", "value": "1"},
}  # fmt: skip


def prepared(app):
    """A draft with one lot that may open, and the buyer of its centre."""
    with app.app_context():
        use_session(db.session())
        centre = OrganisationFactory(kind="purchasing_centre")
        user = user_in(centre, roles=("buyer",))
        vehicle = VehicleFactory(organisation_id=centre.id)
        LotFactory(vehicle_id=vehicle.id, code="1")
        use_session(None)
        return vehicle.id, get_actor(db.session(), user.id)


def at_once(app, *acts):
    """What each act answers, all started at the same moment: "done" or the code of its refusal."""
    barrier = Barrier(len(acts))

    def run(act):
        with app.app_context():
            barrier.wait()
            try:
                act()
            except DomainError as refused:
                return refused.code
            return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_a_vehicle_opened_by_four_buyers_opens_once(real_app):
    vehicle_id, buyer = prepared(real_app)
    answers = at_once(real_app, *[lambda: services.open_vehicle(buyer, vehicle_id)] * 4)
    assert sorted(answers) == ["done", *["vehicle_not_draft"] * 3]


def test_a_lot_added_while_the_vehicle_opens_is_opened_with_it_or_refused(real_app):
    body = {**LOT, "needs_close_at": (clock.now() + timedelta(days=30)).isoformat()}
    for _ in range(5):
        vehicle_id, buyer = prepared(real_app)
        answers = at_once(
            real_app,
            lambda: services.open_vehicle(buyer, vehicle_id),  # noqa: B023 - called before the loop goes on
            lambda: services.add_lot(buyer, vehicle_id, **LotIn().load(body)),  # noqa: B023
        )
        assert answers[0] == "done"
        assert answers[1] in ("done", "vehicle_not_draft")
        with real_app.app_context():
            vehicle = queries.get_vehicle(db.session(), buyer, vehicle_id)
            assert len(vehicle.lots) == (2 if answers[1] == "done" else 1)
            assert all(lot.opened_at is not None for lot in vehicle.lots)
