"""The `grappe` command: what it does without settings, with wrong ones, and beside a demo's database."""

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from flask import current_app

from app import create_app
from marketplace.platform import web_server
from marketplace.platform.cli import Commands, build_cli
from marketplace.platform.errors import RuleBroken

KEY = "4fN0-a-key-for-this-test-only-2uYx1"


@pytest.fixture
def commands() -> Commands:
    """The product's commands and one that is refused by a rule."""
    group = build_cli(create_app)

    @group.command("ask-too-much", with_appcontext=False)
    def ask_too_much() -> None:
        raise RuleBroken("lot_maximum_reached", "Il reste {available} postes.", available=3)

    return group


@pytest.fixture
def run(commands: Commands, tmp_path: Path) -> Any:
    """Run a command in an environment with nothing set but what the test sets."""

    def runner(*args: str, **environ: str) -> Result:
        nothing = dict.fromkeys(("DATABASE_URL", "SECRET_KEY", "PORT", "GRAPPE_ENV", "BASE_URL", "SMTP_HOST"))
        given: Mapping[str, str | None] = {**nothing, "GRAPPE_DATA": str(tmp_path / "data"), **environ}
        return CliRunner().invoke(commands, args, env=given)

    return runner


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_start_without_settings_is_refused_with_all_that_is_missing(run: Any) -> None:
    result = run("migrate")
    assert result.exit_code == 2
    assert "DATABASE_URL is missing" in result.output
    assert "SECRET_KEY is missing" in result.output
    assert "grappe demo" in result.output


def test_a_database_that_does_not_answer_is_said_in_one_sentence(run: Any) -> None:
    result = run("migrate", DATABASE_URL="postgresql+psycopg://grappe:hidden@127.0.0.1:1/grappe", SECRET_KEY=KEY)
    assert result.exit_code == 1
    assert result.output.startswith("Error: The database does not answer")
    assert "hidden" not in result.output


def test_a_rule_that_refuses_a_command_is_printed_as_its_sentence(run: Any) -> None:
    result = run("ask-too-much")
    assert (result.exit_code, result.output) == (1, "Error: Il reste 3 postes.\n")


def test_migrating_twice_changes_nothing_the_second_time(run: Any, fresh_database: str) -> None:
    result = run("migrate", DATABASE_URL=fresh_database, SECRET_KEY=KEY)
    assert result.exit_code == 0
    assert "already" in result.output


def test_a_worker_does_not_start_on_a_database_without_its_tables(run: Any, server: Any) -> None:
    result = run("worker", DATABASE_URL=server.url, SECRET_KEY=KEY)
    assert result.exit_code == 2
    assert "run grappe migrate" in result.output


def test_a_command_gets_the_application_of_the_environment(run: Any, commands: Commands, fresh_database: str) -> None:
    @commands.command("say-environment")
    def say_environment() -> None:
        click.echo(current_app.config["GRAPPE"].environment)

    assert run("say-environment", DATABASE_URL=fresh_database, SECRET_KEY=KEY).output == "production\n"


def test_a_taken_port_is_refused_before_anything_starts(taken_port: int) -> None:
    with pytest.raises(web_server.PortTakenError, match=rf"127.0.0.1:{taken_port} .* PORT={taken_port + 1}"):
        web_server.refuse_taken_port("127.0.0.1", taken_port)
