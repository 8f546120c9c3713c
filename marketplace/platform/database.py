"""The database session and the only place that commits or rolls back."""
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import psycopg
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, CursorResult, DateTime, Engine, Executable, MetaData, Uuid
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from marketplace.platform import clock

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Declarative base: one metadata, constraint names by convention, datetimes always aware."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False, "join_transaction_mode": "create_savepoint"})

if TYPE_CHECKING:

    class Model(Base):
        """What every table derives from (Flask-SQLAlchemy builds the real class)."""

        __abstract__ = True
else:
    Model = db.Model


def new_id() -> UUID:
    """A UUID of version 7 (RFC 9562): opaque outside, ordered by time inside."""
    milliseconds = int(clock.now().timestamp() * 1000)
    value = (milliseconds & (1 << 48) - 1) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def id_column() -> Mapped[UUID]:
    """A primary key filled by `new_id`."""
    return mapped_column(Uuid, primary_key=True, default=new_id)


def moment(*, now: bool = False) -> Mapped[datetime]:
    """An instant with its time zone; with `now`, that of the writing unless one is given. May be NULL if annotated so."""
    return mapped_column(DateTime(timezone=True), default=clock.now if now else None)


def rows_changed(session: Session, statement: Executable, values: Mapping[str, Any] | None = None) -> int:
    """Step: run an UPDATE or DELETE written for many rows; how many it touched. Rows already loaded are not refreshed."""
    result = session.execute(statement, values or {}, execution_options={"synchronize_session": False})
    return cast(CursorResult[Any], result).rowcount


def sql_list(words: Iterable[str]) -> str:
    """The words of a closed vocabulary as a quoted SQL list, for a CHECK constraint."""
    return ", ".join(f"'{word}'" for word in words)


_NAMED = re.compile(r"(?<!:):([a-z_]\w*)")


@dataclass(frozen=True)
class Numbered:
    """A statement as the driver sends it, its `:names` numbered once: psycopg does it anew each time for a long one."""

    sql: str
    names: tuple[str, ...]


def numbered(sql: str) -> Numbered:
    """A statement written with `:names`, to be sent by `fetch_row` or `finish_with`."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return Numbered(_NAMED.sub(number, " ".join(sql.split())), tuple(names))


def fetch_row(session: Session, statement: Numbered, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Step: the first row of a statement, past SQLAlchemy's own work on it: for the few that every request makes."""
    return _send(session, statement, values, commits=False)


def finish_with(session: Session, statement: Numbered, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Step: the first row of the last statement of a use case, COMMIT sent along with it: who waits for a lock that the
    statement takes does not wait for our next turn as well. A statement that fails is not committed.

    Nothing may be read or written after it in the same use case.
    """
    session.flush()
    return _send(session, statement, values, commits=isinstance(db.engines[None], Engine))


def _send(session: Session, statement: Numbered, values: Mapping[str, Any], commits: bool) -> tuple[Any, ...] | None:
    connection = session.connection()
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    cursor = psycopg.RawCursor(driver)
    for listener in connection.dispatch.before_cursor_execute:  # as SQLAlchemy tells its own
        listener(connection, cursor, statement.sql, values, None, False)
    try:
        with driver.pipeline() if commits else nullcontext():
            cursor.execute(statement.sql, [values[name] for name in statement.names], prepare=True)
            if commits:
                driver.commit()
        return cursor.fetchone()
    except psycopg.Error as failed:
        raise _as_sqlalchemy_says(connection, driver, statement, failed) from failed


def _as_sqlalchemy_says(
    connection: Connection, driver: "psycopg.Connection[Any]", statement: Numbered, failed: psycopg.Error
) -> BaseException:
    """The driver's error in the classes that the rest of the product knows. With a connection that broke, its neighbours
    in the pool are let go: they lost the same server."""
    if driver.closed:
        connection.invalidate(failed)
        connection.engine.dispose()
    return DBAPIError.instance(
        statement.sql, None, failed, psycopg.Error, hide_parameters=True, connection_invalidated=driver.closed,
        dialect=connection.dialect,
    )  # fmt: skip


_inside: ContextVar[bool] = ContextVar("inside_transaction", default=False)


@contextmanager
def transaction() -> Iterator[Session]:
    """One use case, one transaction: commits when the block ends well, rolls back when it raises.

    Never nested: a use case does not call another one; RuntimeError when it does.
    A read made earlier in the request (the signed-in user) shares the transaction.
    """
    if _inside.get():
        raise RuntimeError("a use case may not call another use case: make the inner one a step")
    session = db.session()
    token = _inside.set(True)
    if session.info.pop("reads_only", False):
        session.rollback()
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        _inside.reset(token)


def begin_reading() -> None:
    """Read without BEGIN and ROLLBACK for the rest of this request: two round trips fewer on every GET.

    Under READ COMMITTED each statement sees its own snapshot anyway. A use case (`transaction`) starts afresh.
    """
    engine = db.engines[None]
    if isinstance(engine, Engine):  # a test's connection is in its outer transaction already
        session = db.session()
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        session.info["reads_only"] = True


def let_go() -> None:
    """Give the connection back before waiting for something outside; RuntimeError in the middle of a transaction."""
    if _inside.get():
        raise RuntimeError("nothing leaves the house inside a transaction: put it into the outbox")
    db.session.remove()


@contextmanager
def all_or_nothing() -> Iterator[None]:
    """Many use cases in one outer transaction, for filling an empty database: each one's own commit is a savepoint.

    Needs an application context. Nothing is there until the block ends well; a kill half-way leaves nothing behind.
    """
    engines = cast(dict[str | None, Any], db.engines)
    engine = engines[None]
    with engine.begin() as connection:
        engines[None] = connection
        try:
            yield
        finally:
            db.session.remove()
            engines[None] = engine
