"""`grappe outbox retry`: once the cause is mended, what was given up is delivered after all."""
import click
from flask.cli import AppGroup, with_appcontext

from marketplace.platform.outbox.dispatching import retry_given_up

outbox_commands = AppGroup("outbox", help="What waits to leave the house.")


@outbox_commands.command("retry")
@with_appcontext
def retry_command() -> None:
    """Try again every delivery that was given up; a worker does it within seconds."""
    click.echo(f"deliveries to try again: {retry_given_up()}")
