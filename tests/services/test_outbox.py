"""The outbox: at least once, later when it fails, and no bad row holds up the others."""
from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.platform import clock, outbox
from marketplace.platform.outbox import dispatching
from marketplace.platform.outbox.command import retry_command
from marketplace.platform.outbox.models import OutboxRow
from marketplace.platform.outbox.rules import MOST_ATTEMPTS


@pytest.fixture
def delivered(app, session):
    """What the test's handlers received; a payload with `fails` is refused."""
    received = []

    def deliver(payload):
        if payload.get("fails"):
            raise OSError("no route to the server")
        received.append(payload["n"])

    outbox.handle("test", deliver)
    return received


def _put(session, *payloads, dedupe_key=None):
    for payload in payloads:
        outbox.enqueue(session, "test", payload, dedupe_key=dedupe_key)
    session.commit()


def _dispatch(app, later=timedelta()):
    with app.app_context(), clock.frozen_at(clock.now() + later):
        return outbox.dispatch_due(for_at_most=timedelta(seconds=5))


def _row(session):
    session.expire_all()
    return session.scalars(select(OutboxRow)).one()


def test_a_row_is_one_statement(app, session, count_queries):
    with count_queries() as statements:
        outbox.enqueue(session, "test", {"n": 1})
    assert len(statements) == 1


def test_rows_are_delivered_in_order_and_once(app, session, delivered):
    _put(session, *({"n": n} for n in range(45)))
    assert _dispatch(app) == 45
    assert delivered == list(range(45))
    assert _dispatch(app) == 0


def test_the_same_key_is_delivered_once(app, session, delivered):
    _put(session, {"n": 1}, {"n": 2}, dedupe_key="the same")
    _dispatch(app)
    _put(session, {"n": 3}, dedupe_key="the same")
    _dispatch(app)
    assert delivered == [1]


def test_a_poison_row_does_not_hold_up_the_others(app, session, delivered):
    _put(session, {"n": 1, "fails": True}, {"n": 2}, {"n": 3})
    assert _dispatch(app) == 2
    assert delivered == [2, 3]


def test_a_failed_row_waits_then_is_tried_again(app, session, delivered):
    _put(session, {"n": 1, "fails": True})
    _dispatch(app)
    row = _row(session)
    assert row.attempts == 1 and row.done_at is None
    assert row.last_error == "OSError: no route to the server"
    assert timedelta(seconds=20) < row.next_attempt_at - clock.now() <= timedelta(seconds=30)
    row.payload = {"n": 1}
    session.commit()
    assert _dispatch(app) == 0
    assert _dispatch(app, later=timedelta(seconds=31)) == 1
    assert _row(session).last_error is None


def test_a_row_that_never_passes_is_given_up_visibly_and_can_be_retried(app, session, delivered):
    _put(session, {"n": 1, "fails": True})
    for attempt in range(MOST_ATTEMPTS + 2):
        _dispatch(app, later=timedelta(hours=2 * attempt))
    row = _row(session)
    assert row.given_up_at is not None and row.attempts == MOST_ATTEMPTS
    row.payload = {"n": 1}
    session.commit()
    assert "deliveries to try again: 1" in app.test_cli_runner().invoke(retry_command).output
    _dispatch(app)
    assert delivered == [1]


def test_a_row_without_handler_says_so(app, session):
    outbox.enqueue(session, "nobody knows", {})
    session.commit()
    _dispatch(app)
    assert _row(session).last_error == "LookupError: no handler for outbox kind 'nobody knows'"


def test_a_row_claimed_by_a_dispatcher_that_died_is_taken_up_later(app, session, delivered):
    _put(session, {"n": 1})
    with app.app_context():
        assert len(dispatching._claim()) == 1
    assert _dispatch(app) == 0
    assert _dispatch(app, later=dispatching.LEASE + timedelta(seconds=1)) == 1
    assert delivered == [1]


def test_a_rolled_back_act_sends_nothing(app, session, delivered):
    with session.begin_nested() as act:
        outbox.enqueue(session, "test", {"n": 1})
        act.rollback()
    session.commit()
    assert _dispatch(app) == 0


def test_delivered_rows_are_forgotten_after_a_month_and_given_up_ones_kept(app, session, delivered):
    _put(session, {"n": 1})
    _dispatch(app)
    with app.app_context():
        assert dispatching.sweep(clock.now() + timedelta(days=29)) == 0
        assert dispatching.sweep(clock.now() + timedelta(days=31)) == 1
