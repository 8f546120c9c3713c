"""The base of every factory: one per model, committed at once, unknown keywords refused by the model."""
from typing import Any

import factory
from sqlalchemy.orm import Session

_current: dict[str, Session | None] = {"session": None}


def use_session(session: Session | None) -> None:
    """Give the factories the session of the running test."""
    _current["session"] = session


def current_session() -> Session:
    """The session of the running test; a test that makes rows must ask for the `session` fixture."""
    session = _current["session"]
    if session is None:
        raise RuntimeError("ask for the `session` fixture (directly or through client/api) before making rows")
    return session


class Factory(factory.alchemy.SQLAlchemyModelFactory):
    """Rows are committed (to the test's savepoint), so that a refused use case does not roll back the set-up."""

    class Meta:
        """Session of the running test, committed after each row."""

        abstract = True
        sqlalchemy_session_factory = current_session
        sqlalchemy_session_persistence = "commit"


def refreshed(row: Any) -> Any:
    """The row as it is in the database now."""
    session = current_session()
    session.expire(row)
    session.refresh(row)
    return row
