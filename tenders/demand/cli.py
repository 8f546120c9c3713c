"""`grappe pool verify`: are the maintained totals what the needs add up to?"""
import click
from flask.cli import with_appcontext

from marketplace.platform.database import db
from tenders.demand.queries import list_differences


@click.group("pool")
def pool_commands() -> None:
    """Pools: needs, totals and claims."""


@pool_commands.command("verify")
@with_appcontext
def verify() -> None:
    """Add up every need again and print each figure that differs; exit status 1 when one does."""
    differences = list_differences(db.session())
    for found in differences:
        grappe = f" grappe {found.grappe_id}" if found.grappe_id else ""
        click.echo(f"lot {found.lot_id}{grappe}: {found.name} is {found.stored}, needs add up to {found.summed}")
    if differences:
        raise SystemExit(1)
    click.echo("Every pool equals the sum of its needs.")
