"""The `grappe` command: which settings a command runs with, and how a refusal reaches a person."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup, ScriptInfo, with_appcontext
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from marketplace.platform import jobs, web_server
from marketplace.platform.config import ConfigError, Settings, load_settings, place_of_data
from marketplace.platform.database import db
from marketplace.platform.embedded import EmbeddedPostgres, EmbeddedPostgresError
from marketplace.platform.errors import DomainError
from marketplace.platform.keys import kept_secret
from marketplace.platform.migrations import current_revision, migrate, newest_revision

CreateApp = Callable[[Settings], Flask]


class Refused(click.ClickException):
    """The command does not start with these settings."""

    exit_code = 2


class Commands(AppGroup):
    """The group of all commands; a command that needs the application asks for it with `with_appcontext`."""

    def __init__(self, create_app: CreateApp, **options: Any) -> None:
        super().__init__("grappe", **options)
        self.create_app = create_app

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Give every command a way to the application, built when it is first asked for."""
        extra.setdefault("obj", ScriptInfo(create_app=self._open, set_debug_flag=False))
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what the product refuses is printed as a sentence, never as a traceback."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            raise Refused(str(error)) from error
        except (DomainError, EmbeddedPostgresError, web_server.PortTakenError) as error:
            raise click.ClickException(str(error)) from error
        except OperationalError as error:
            raise click.ClickException(f"The database does not answer: {str(error.orig).strip()}") from error

    def _open(self) -> Flask:
        root = click.get_current_context().find_root()
        app = self.create_app(settings_of_command(root))
        root.call_on_close(lambda: disconnect(app))
        return app


def build_cli(create_app: CreateApp) -> Commands:
    """The group with the commands of the platform; rooms add their own with `add_command`."""
    group = Commands(create_app, help="Pooled purchasing of cyber-security for private health establishments.")
    for command in (serve, worker, migrate_command):
        group.add_command(command)
    return group


def disconnect(app: Flask) -> None:
    """Close the application's connections: a command leaves none behind."""
    with app.app_context():
        db.engine.dispose()


def settings_of_command(ctx: click.Context, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; without DATABASE_URL the demo's embedded database serves, where there is one.

    It is started when needed and stopped when the last command that uses it ends.
    """
    environ = dict(os.environ if environ is None else environ)
    if not environ.get("DATABASE_URL", "").strip():
        server = EmbeddedPostgres(place_of_data(environ))
        if server.exists():
            environ = demo_environment(environ, server, ctx.find_root().with_resource(server.in_use()))
            click.echo(f"Using the demo's own database in {server.data_folder}.", err=True)
    return load_settings(environ)


def demo_environment(environ: Mapping[str, str], server: EmbeddedPostgres, url: str) -> dict[str, str]:
    """The environment of a process that works on an embedded database, its keys kept beside it."""
    return {
        **environ,
        "GRAPPE_ENV": "demo",
        "GRAPPE_DATA": str(server.data_folder),
        "DATABASE_URL": url,
        "SECRET_KEY": environ.get("SECRET_KEY") or kept_secret(server.data_folder / "keys", "secret-key"),
    }


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; behind a proxy keep this.")
@click.option("--workers", default=web_server.WORKERS, show_default=True, envvar="WEB_WORKERS", help="Processes.")
@click.option("--threads", default=web_server.THREADS, show_default=True, envvar="WEB_THREADS", help="Threads in each.")
@click.pass_context
def serve(ctx: click.Context, host: str, workers: int, threads: int) -> None:
    """Serve the web pages and the API on PORT."""
    ctx.with_resource(web_server.shared_metrics())
    settings = settings_of_command(ctx)
    web_server.refuse_taken_port(host, settings.port)
    create_app = _create_app_of(ctx)
    click.echo(f"Serving on http://{host}:{settings.port} ({workers} processes of {threads} threads)", err=True)
    options = web_server.options(host, settings.port, workers, threads)
    web_server.WebServer(lambda: create_app(settings), options).run()


@click.command()
@with_appcontext
def worker() -> None:
    """Do what falls due: mails, closings, seals; any number of workers may run."""
    _refuse_other_revision()
    jobs.run_worker(current_app._get_current_object())  # type: ignore[attr-defined]


@click.command("migrate")
@click.pass_context
def migrate_command(ctx: click.Context) -> None:
    """Bring the database to the newest revision; safe to run twice, or from two machines at once."""
    settings = settings_of_command(ctx)
    before, after = migrate(settings.database_url)
    name = make_url(settings.database_url).database
    click.echo(f"{name}: at {after} already" if before == after else f"{name}: from {before or 'nothing'} to {after}")


def _refuse_other_revision() -> None:
    """A worker does not act on tables it does not know; the web says the same at /readyz."""
    current, needed = current_revision(db.session.connection()), newest_revision()
    db.session.remove()
    if current != needed:
        raise Refused(f"The database is at revision {current or 'nothing'}, {needed} is needed: run grappe migrate.")


def _create_app_of(ctx: click.Context) -> CreateApp:
    group = ctx.find_root().command
    assert isinstance(group, Commands)
    return group.create_app
