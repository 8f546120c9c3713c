"""Logs of everything but requests: JSON lines in which an accident names no value."""
import json
import logging

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from marketplace.platform import logs


@pytest.fixture
def configured():
    """Logging as in production, put back after the test."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    logs.configure()
    yield
    root.handlers[:] = before
    root.setLevel(level)


def _lines(capfd):
    return [json.loads(line) for line in capfd.readouterr().err.splitlines()]


def test_an_accident_is_logged_with_its_trace_and_without_values(configured, capfd):
    def sign_in(password):
        raise ValueError("refused")

    try:
        sign_in("a secret phrase")
    except ValueError:
        logging.getLogger("marketplace").exception("unexpected", extra={"request_id": "proxy-0001"})
    (line,) = _lines(capfd)
    assert line["event"] == "unexpected" and line["level"] == "error" and line["request_id"] == "proxy-0001"
    assert line["exception"][0]["exc_type"] == "ValueError"
    assert "a secret phrase" not in str(line)


def test_a_database_error_names_no_value(session):
    with pytest.raises(ProgrammingError) as failed:
        session.execute(text("SELECT * FROM nowhere WHERE email = :email"), {"email": "lea@exemple.test"})
    assert "lea@" not in str(failed.value)


def test_configuring_twice_writes_once(configured, capfd):
    logs.configure()
    logging.getLogger("marketplace").warning("once")
    assert len(_lines(capfd)) == 1
