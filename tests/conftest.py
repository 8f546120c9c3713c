"""What every test stands on: an embedded PostgreSQL, a migrated template, an application, and one savepoint per test."""
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app import create_app
from marketplace.accounts import queries as accounts_queries
from marketplace.accounts.models import User
from marketplace.billing import gateway as stripe_gateways
from marketplace.platform.config import Settings, load_settings
from marketplace.platform.database import db
from marketplace.platform.embedded import temporary
from marketplace.platform.migrations import migrate
from marketplace.platform.permissions import Actor
from tests.factories import accounts as make
from tests.factories.base import use_session
from tests.stripe_simulator import StripeSimulator

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data, standards and tools beside the project; CI has it, elsewhere tests skip and say so."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("../shared is missing: CI must have it beside the project")
        pytest.skip("../shared is not beside the project: tests on real data need it")
    return folder


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[None]:
    """No test reaches another machine, except Stripe when somebody gives a test key for it."""
    if os.environ.get("STRIPE_TEST_KEY"):
        yield
        return
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise RuntimeError(f"a test tried to reach {address}")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    """One embedded PostgreSQL for this test process."""
    with temporary() as running:
        yield running


def test_settings(url: str) -> Settings:
    """Settings of a test application on this database."""
    return load_settings(
        {
            "GRAPPE_ENV": "test",
            "DATABASE_URL": url,
            "SECRET_KEY": "a key for tests only, long enough to be accepted",
            "BASE_URL": "http://localhost",
            "FILES_FOLDER": str(Path(tempfile.gettempdir()) / f"grappe-test-files-{os.getpid()}"),
        }
    )


test_settings.__test__ = False  # type: ignore[attr-defined]


def _create(server: Any, name: str, template: str = "template0") -> str:
    with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return str(server.url_of(name))


def _drop(server: Any, name: str) -> None:
    # As administrator: a session that a test opened under another role may be on its way out still.
    with psycopg.connect(server.administrator_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def template(server: Any) -> str:
    """The name of a database migrated to head, from which others are copied in a moment."""
    migrate(_create(server, "grappe_template"))
    return "grappe_template"


@pytest.fixture
def fresh_database(server: Any, template: str) -> Iterator[str]:
    """The URL of a migrated database of this test's own, for real connections and real commits."""
    name = f"own_{uuid4().hex[:12]}"
    yield _create(server, name, template)
    _drop(server, name)


@pytest.fixture
def real_app(fresh_database: str) -> Iterator[Flask]:
    """An application on its own database: commits are real. For races, crashes, processes."""
    app = create_app(test_settings(fresh_database))
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def app(server: Any, template: str) -> Iterator[Flask]:
    """The application on this process's shared database; every test rolls back what it did."""
    app = create_app(test_settings(_create(server, "grappe_tests", template)))
    app.config["WTF_CSRF_ENABLED"] = False  # forms are posted without their token here; test_accounts_pages has it on
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def files_folder(app: Flask, tmp_path: Path) -> Iterator[Path]:
    """A folder of this test's own for the files it sends."""
    settings = app.config["GRAPPE"]
    app.config["GRAPPE"] = replace(settings, files_folder=tmp_path / "files")
    yield tmp_path / "files"
    app.config["GRAPPE"] = settings


@pytest.fixture
def stripe() -> Iterator[StripeSimulator]:
    """A double of Stripe of this test's own; nothing it saw may contradict Stripe's own description."""
    with StripeSimulator() as simulator:
        yield simulator
    assert simulator.problems == []


@pytest.fixture
def payment_on(app: Flask, stripe: StripeSimulator) -> Iterator[StripeSimulator]:
    """The shared application with keys: it pays through this test's simulator."""
    settings = app.config["GRAPPE"]
    app.config["GRAPPE"] = stripe.settings_for(settings)
    stripe_gateways.init_app(app, app.config["GRAPPE"])
    yield stripe
    app.config["GRAPPE"] = settings
    app.extensions.pop("stripe")


@pytest.fixture
def connection(app: Flask) -> Iterator[Any]:
    """One connection in one outer transaction, rolled back at the end; every session of the app joins it by savepoint."""
    with app.app_context():
        engines = db.engines
        engine = engines[None]
    with engine.connect() as opened:
        outer = opened.begin()
        engines[None] = opened  # type: ignore[assignment]
        try:
            yield opened
        finally:
            engines[None] = engine
            outer.rollback()


@pytest.fixture
def session(connection: Any) -> Iterator[Session]:
    """A session beside the requests' own, for factories and for looking at what was written."""
    with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as opened:
        use_session(opened)
        yield opened
        use_session(None)


@pytest.fixture
def client(app: Flask, session: Session) -> FlaskClient:
    """A browser nobody has signed in."""
    return app.test_client()


class ApiClient:
    """A program with a real token (or none): `api(user).post("/api/v1/grappes", json={...})`."""

    def __init__(self, app: Flask, token: str | None) -> None:
        self.client = app.test_client()
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __getattr__(self, method: str) -> Callable[..., TestResponse]:
        def call(path: str, **options: Any) -> TestResponse:
            headers = {**self.headers, **options.pop("headers", {})}
            return getattr(self.client, method)(path, headers=headers, **options)

        return call


@pytest.fixture
def api(app: Flask, session: Session) -> Callable[..., ApiClient]:
    """`api(user, scopes=(...))` gives a client with a token of this user; `api(None)` one without."""

    def client_of(user: User | None, scopes: tuple[str, ...] = ("read", "write", "sign")) -> ApiClient:
        return ApiClient(app, make.token_for(user, scopes) if user is not None else None)

    return client_of


@pytest.fixture
def sign_in(app: Flask, session: Session) -> Callable[[User], FlaskClient]:
    """`sign_in(user)` gives a browser signed in as this user."""

    def browser_of(user: User) -> FlaskClient:
        browser = app.test_client()
        key = make.session_key_for(user)
        with browser.session_transaction() as cookie:
            cookie["_user_id"] = key
            cookie["_fresh"] = True
        return browser

    return browser_of


@pytest.fixture
def actor_for(session: Session) -> Callable[[User | UUID], Actor]:
    """`actor_for(user)` is the user as services see it."""

    def actor_of(user: User | UUID) -> Actor:
        return accounts_queries.get_actor(session, user if isinstance(user, UUID) else user.id)

    return actor_of


@pytest.fixture
def count_queries(connection: Any) -> Callable[[], Any]:
    """`with count_queries() as statements:` collects the SQL sent meanwhile; len() is the number of queries."""

    class Counter(list[str]):
        def __enter__(self) -> "Counter":
            event.listen(connection, "before_cursor_execute", self._note)
            return self

        def __exit__(self, *_: object) -> None:
            event.remove(connection, "before_cursor_execute", self._note)

        def _note(self, _c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
                self.append(statement)

    return Counter
