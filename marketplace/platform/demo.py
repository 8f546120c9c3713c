"""`grappe demo`: a database of its own, fictitious data, the web server and the worker, all ended by one Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

import click
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from marketplace.platform import web_server
from marketplace.platform.cli import CreateApp, demo_environment, disconnect
from marketplace.platform.config import Settings, load_settings, place_of_data
from marketplace.platform.embedded import EmbeddedPostgres
from marketplace.platform.embedded.places import PROJECT
from marketplace.platform.keys import write_secretly
from marketplace.platform.migrations import migrate

HOST = "127.0.0.1"
READY_WITHIN_SECONDS = 60
LEAVE_WITHIN_SECONDS = 25
OWN_TABLES = text(
    "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') "
    "AND n.nspname NOT LIKE 'pg_toast%'"
)


@dataclass(frozen=True)
class DemoAccount:
    """One account to try the product with; `role` names its token in the file of --tokens."""

    role: str
    organisation: str
    email: str
    password: str
    token: str


Seed = Callable[[Flask], Sequence[DemoAccount]]
"""Fills the database with fictitious data the first time, and answers the accounts every time."""


class DemoRefused(click.ClickException):
    """The demo does not touch this database."""

    exit_code = 2


def build_demo(create_app: CreateApp, seed: Seed) -> click.Command:
    """The `demo` command over an application and its data."""

    @click.command("demo")
    @click.option("--no-serve", is_flag=True, help="Prepare the database and the accounts, then leave.")
    @click.option("--tokens", type=click.Path(dir_okay=False, path_type=Path), help="Write {role: token} there (0600).")
    @click.option("--yes", is_flag=True, help="Fill the empty database named by DATABASE_URL.")
    def demo(no_serve: bool, tokens: Path | None, yes: bool) -> None:
        """Try the product: fictitious data on http://127.0.0.1:PORT, nothing to install, nothing to lose."""
        if tokens is not None and not tokens.absolute().parent.is_dir():
            raise click.BadParameter(f"there is no folder {tokens.absolute().parent}", param_hint="--tokens")
        with _environment(yes) as environ:
            settings = load_settings(environ)
            if not no_serve:
                web_server.refuse_taken_port(HOST, settings.port)
            migrate(settings.database_url)
            accounts = _seeded(create_app(settings), seed)
            if tokens is not None:
                write_secretly(tokens.absolute(), json.dumps({each.role: each.token for each in accounts}, indent=2))
            if no_serve:
                _print_accounts(accounts)
                return
            _serve(create_app, environ, settings, accounts)

    return demo


@contextmanager
def _environment(yes: bool) -> Iterator[dict[str, str]]:
    """The environment of the demo's processes: on its embedded database, or on an empty one given to it."""
    environ = {**os.environ, "GRAPPE_ENV": "demo", "BASE_URL": ""}
    server = EmbeddedPostgres(place_of_data(environ))
    given = environ.get("DATABASE_URL", "").strip()
    if not given:
        with server.in_use() as url:
            yield demo_environment(environ, server, url)
        return
    prepared = demo_environment(environ, server, given)
    load_settings(prepared)
    _refuse_unless_empty(given, yes)
    yield prepared


def _refuse_unless_empty(url: str, yes: bool) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        tables = connection.execute(OWN_TABLES).scalar_one()
    if tables:
        raise DemoRefused(
            f"The database of DATABASE_URL is not empty ({tables} tables): the demo would mix fictitious data into it. "
            "Unset DATABASE_URL to use the demo's own database, or name an empty one."
        )
    if not yes:
        raise DemoRefused(
            "DATABASE_URL names a database that is not the demo's own. It is empty: add --yes to fill it with "
            "fictitious data, or unset DATABASE_URL to use the demo's own."
        )


def _seeded(app: Flask, seed: Seed) -> Sequence[DemoAccount]:
    try:
        with app.app_context():
            return seed(app)
    finally:
        disconnect(app)


def _print_accounts(accounts: Sequence[DemoAccount]) -> None:
    columns = ("role", "organisation", "email", "password")
    rows = [columns, *([getattr(each, name) for name in columns] for each in accounts)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(columns))]
    for row in rows:
        click.echo("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _serve(
    create_app: CreateApp, environ: Mapping[str, str], settings: Settings, accounts: Sequence[DemoAccount]
) -> None:
    """Run the web server and the worker until one ends or somebody says stop; then end both."""
    logs = settings.data_folder / "logs"
    with _stop_signals() as asked_to_stop, _running(create_app, environ, logs) as children:

        def going_on() -> bool:
            return not asked_to_stop and all(child.poll() is None for child in children.values())

        if _answers(f"{settings.base_url}/healthz", going_on):
            click.echo("\nAccounts (fictitious; the passwords are random and stay on this machine):\n")
            _print_accounts(accounts)
            click.echo(f"\nLogs: {logs}\nGrappe is ready: {settings.base_url}   (Ctrl-C to stop)")
        while going_on():
            time.sleep(0.2)
        ended = [name for name, child in children.items() if child.poll() is not None]
    if not asked_to_stop:
        last_words = "\n".join(_last_lines(logs / f"{name}.log") for name in ended)
        raise click.ClickException(f"The demo stopped because a part of it ended ({', '.join(ended)}):\n{last_words}")
    click.echo("Stopped; the data is kept for the next time.")


@contextmanager
def _running(
    create_app: CreateApp, environ: Mapping[str, str], logs: Path
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """The demo's two processes, each in a session of its own so that Ctrl-C reaches us alone."""
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    program = f"from {create_app.__module__} import main; main()"
    with tempfile.TemporaryDirectory(prefix="grappe-metrics-") as metrics, ExitStack() as children_ended:
        children: dict[str, subprocess.Popen[bytes]] = {}
        children_ended.callback(_end, children)
        for command in ("serve", "worker"):
            with (logs / f"{command}.log").open("wb") as log:
                children[command] = subprocess.Popen(
                    [sys.executable, "-c", program, command],
                    cwd=PROJECT,
                    env={**environ, web_server.METRICS_FOLDER: metrics},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        yield children


def _end(children: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Ask all to stop, then wait for each; one that does not listen is killed."""
    for child in children.values():
        child.terminate()
    for child in children.values():
        try:
            child.wait(LEAVE_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _last_lines(path: Path, count: int = 12) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """The signals received so far that ask the demo to stop."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _answers(url: str, going_on: Callable[[], bool]) -> bool:
    """Wait until the web server answers; False when there is no reason to wait any longer."""
    for _ in range(READY_WITHIN_SECONDS * 5):
        if not going_on():
            return False
        try:
            with urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            time.sleep(0.2)
    return False
