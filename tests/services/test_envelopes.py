"""The ledger of a lot: written with what it tells of, stopped at the maximum, never changed, and it adds up."""
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from app import main
from marketplace.accounts.queries import get_actor
from marketplace.platform import clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import BadInput, NotAllowed, RuleBroken
from marketplace.platform.permissions import SYSTEM
from tenders.demand.envelopes.alerts import raise_alerts
from tenders.demand.envelopes.booking import book
from tenders.demand.envelopes.models import Envelope, EnvelopeAlert, EnvelopeEntry
from tenders.demand.envelopes.queries import forecast_of, get_envelope, list_ledger_differences, list_vehicle_balances
from tenders.demand.envelopes.services import adjust_envelope
from tenders.demand.services import close_lot, end_lots
from tenders.vehicles.models import Vehicle
from tenders.vehicles.services import cancel_vehicle
from tests.factories.demand import assert_totals_are_true, centre_user, clinic, need_on, open_pool


@pytest.fixture(autouse=True)
def in_app(app, session):
    with app.app_context():
        yield


def envelope(session, lot) -> Envelope:
    session.expire_all()
    return get_envelope(session, lot.id)


def ledger(session, lot) -> list[tuple[str, int, str]]:
    rows = session.scalars(select(EnvelopeEntry).where(EnvelopeEntry.lot_id == lot.id).order_by(EnvelopeEntry.number))
    return [(entry.kind, entry.quantity, entry.reason) for entry in rows]


def buyer(session, lot):
    return get_actor(session, centre_user(lot).id)


BOUNDS = [("minimum", 500, "lot_opened"), ("maximum", 1000, "lot_opened")]


def closed_lot(session, quantity=600, **columns):
    lot = open_pool(**{"minimum": 500, "maximum": 1000, **columns})
    need_on(lot, quantity)
    with clock.frozen_at(lot.needs_close_at):
        close_lot(SYSTEM, lot.id)
    return lot


def test_a_closing_commits_what_it_orders_in_units_and_in_euros(session):
    lot = closed_lot(session)
    assert ledger(session, lot) == [*BOUNDS, ("committed", 600, "lot_closed")]
    kept = envelope(session, lot)
    assert kept.balance.remaining == 400
    assert kept.engaged_amount == Decimal("88560.00")  # 600 × 4.10 × 36
    assert_totals_are_true(session)


def test_a_missed_minimum_commits_nothing(session):
    lot = open_pool(minimum=500, maximum=1000, minimum_policy=["release"])
    need_on(lot, 100)
    with clock.frozen_at(lot.needs_close_at):
        close_lot(SYSTEM, lot.id)
    assert ledger(session, lot) == BOUNDS


def test_a_cancelled_vehicle_gives_back_what_was_not_ordered(session):
    lot = closed_lot(session)
    with transaction() as inner:
        book(inner, lot.id, "called_off", 150, reason="ordered")
    cancel_vehicle(buyer(session, lot), lot.vehicle_id, reason="Abandon fictif")
    assert ledger(session, lot)[-1] == ("released", -450, "lot_cancelled")
    assert envelope(session, lot).balance.engaged == 150
    assert_totals_are_true(session)


def test_the_end_of_the_vehicle_gives_back_the_rest_once(session):
    lot = closed_lot(session)
    over = session.get_one(Vehicle, lot.vehicle_id).ends_on + timedelta(days=2)
    with clock.frozen_at(clock.now() + (over - clock.today())):
        assert end_lots() == 1
        assert end_lots() == 0
    assert ledger(session, lot)[-1] == ("released", -600, "vehicle_ended")


def test_the_maximum_stops_an_order_in_its_transaction(session):
    lot = closed_lot(session)
    with transaction() as inner:
        book(inner, lot.id, "called_off", 1000, reason="ordered")
    with pytest.raises(RuleBroken) as refusal, transaction() as inner:
        book(inner, lot.id, "called_off", 1, reason="ordered")
    assert (refusal.value.code, refusal.value.details["available"]) == ("envelope_exhausted", 0)
    assert envelope(session, lot).called_off == 1000


@pytest.mark.parametrize("sums", ["committed = 1001", "called_off = 1001", "released = -601", "engaged_amount = 999999999"])
def test_the_database_itself_holds_the_maximum(session, sums):
    basis = {"maximum_basis": "amount", "maximum_value": Decimal("147600.00"), "maximum_quantity": 1000}
    lot = closed_lot(session, maximum=1000)
    session.execute(text("UPDATE envelopes SET maximum_amount = :value WHERE lot_id = :lot"),
                    {"value": basis["maximum_value"], "lot": lot.id})  # fmt: skip
    with pytest.raises(IntegrityError, match="ck_envelopes"), session.begin_nested():
        session.execute(text(f"UPDATE envelopes SET {sums} WHERE lot_id = :lot"), {"lot": lot.id})


@pytest.mark.parametrize("change", ["UPDATE envelope_entries SET quantity = 1", "DELETE FROM envelope_entries"])
def test_an_entry_is_never_changed(session, change):
    closed_lot(session)
    with pytest.raises(ProgrammingError, match="append-only"), session.begin_nested():
        session.execute(text(change))


def test_a_centre_corrects_by_another_entry_with_its_reason(session):
    lot = closed_lot(session)
    actor = buyer(session, lot)
    assert adjust_envelope(actor, lot.id, quantity=-50, note="Double saisie fictive") == 4
    assert envelope(session, lot).balance.engaged == 550
    with pytest.raises(BadInput):
        adjust_envelope(actor, lot.id, quantity=0, note=" ")
    with pytest.raises(RuleBroken, match="sous zéro") as below:
        adjust_envelope(actor, lot.id, quantity=-551, note="Trop")
    assert below.value.code == "envelope_below_zero"
    _site, stranger = clinic()
    with pytest.raises(NotAllowed):
        adjust_envelope(stranger, lot.id, quantity=1, note="Pas à moi")


def test_each_threshold_is_told_once_and_the_highest_alone(session):
    lot = open_pool(minimum=500, maximum=1000)
    need_on(lot, 699)
    assert raise_alerts(clock.now()) == 0
    need_on(lot, 201)
    assert raise_alerts(clock.now()) == 2
    assert raise_alerts(clock.now()) == 0
    need_on(lot, 100)
    assert raise_alerts(clock.now()) == 2
    raised = session.scalars(select(EnvelopeAlert.threshold).where(EnvelopeAlert.lot_id == lot.id))
    assert sorted(raised) == [70, 85, 95, 100]
    told = session.scalars(
        text("SELECT payload -> 'values' ->> 'threshold' FROM outbox"
             " WHERE payload ->> 'template' = 'envelope_alert' ORDER BY id")
    )
    assert list(told) == ["85", "100"]


def test_the_forecast_reads_the_orders_once_there_are_any(session):
    lot = closed_lot(session)
    assert forecast_of(session, envelope(session, lot)).code == "too_few"
    now = clock.now()
    for week in (4, 3, 2, 1):
        with clock.frozen_at(now - timedelta(weeks=week)), transaction() as inner:
            book(inner, lot.id, "called_off", 100, reason="ordered")
    seen = forecast_of(session, envelope(session, lot))
    assert (seen.code, seen.entries) == ("dated", 4)


def test_verification_finds_a_sum_that_is_not_what_was_booked(app, session):
    lot = closed_lot(session)
    session.execute(text("UPDATE envelopes SET committed = 599 WHERE lot_id = :lot"), {"lot": lot.id})
    session.commit()
    wrong = list_ledger_differences(session)
    assert [(each.name, each.stored, each.summed) for each in wrong] == [("committed", "599", "600")]
    result = app.test_cli_runner().invoke(main.commands["pool"], ["verify"])
    assert result.exit_code == 1 and "envelope: committed is 599, entries add up to 600" in result.output


def test_a_vehicle_adds_its_lots_up_in_euros_and_counts_those_without_a_maximum(session):
    lot = closed_lot(session)
    open_pool(vehicle_id=lot.vehicle_id, minimum=None, maximum=None)
    (balance,) = list_vehicle_balances(session, [lot.vehicle_id])
    assert (balance.lots, balance.unbounded, balance.engaged_amount) == (2, 1, Decimal("88560.00"))
    assert balance.remaining_amount == Decimal("59040")  # 400 × 4.10 × 36
