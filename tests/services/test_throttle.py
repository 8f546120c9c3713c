"""Throttle: counts per key and window, shared by processes, even when what follows fails."""
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from marketplace.platform import clock, throttle
from marketplace.platform.errors import TooMany

NOW = datetime(2027, 6, 12, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def at(app, session):
    """`at(seconds)` tries once at that moment."""

    def hit(seconds: int, key: str = "sign-in", limit: int = 3) -> None:
        with app.app_context(), clock.frozen_at(NOW + timedelta(seconds=seconds)):
            throttle.hit(key, limit=limit, window=MINUTE)

    return hit


def test_tries_up_to_the_limit_pass(at):
    for seconds in range(3):
        at(seconds)


def test_one_more_is_refused_and_says_when_to_come_back(at):
    for seconds in range(3):
        at(seconds)
    with pytest.raises(TooMany) as refused:
        at(20)
    assert (refused.value.code, refused.value.status) == ("too_many_attempts", 429)
    assert refused.value.details == {"retry_after": 40}


def test_refused_tries_count_but_do_not_move_the_window(at):
    for seconds in range(3):
        at(seconds)
    for seconds in (30, 59):
        with pytest.raises(TooMany):
            at(seconds)
    at(60)


def test_keys_are_counted_apart_and_not_kept_in_clear(at, session):
    for seconds in range(3):
        at(seconds)
    at(3, key="sign-in:192.0.2.1")
    keys = session.scalars(select(throttle.Throttle.key)).all()
    assert len(keys) == 2 and not any("192.0.2.1" in key for key in keys)


def test_ended_windows_are_swept(at, app, session):
    at(0)
    with app.app_context():
        assert throttle.sweep(NOW + timedelta(seconds=59)) == 0
        assert throttle.sweep(NOW + MINUTE) == 1
