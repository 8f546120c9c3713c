"""`grappe pool verify`: are the maintained totals what the needs add up to, and the envelopes what was booked?"""
import click
from flask.cli import with_appcontext

from marketplace.platform.database import db
from tenders.demand.envelopes.queries import list_ledger_differences
from tenders.demand.queries import list_differences


@click.group("pool")
def pool_commands() -> None:
    """Pools: needs, totals and claims."""


@pool_commands.command("verify")
@with_appcontext
def verify() -> None:
    """Add up every need and every ledger again and print each figure that differs; exit status 1 when one does."""
    differences = list_differences(db.session())
    for found in differences:
        grappe = f" grappe {found.grappe_id}" if found.grappe_id else ""
        click.echo(f"lot {found.lot_id}{grappe}: {found.name} is {found.stored}, needs add up to {found.summed}")
    ledgers = list_ledger_differences(db.session())
    for wrong in ledgers:
        click.echo(f"lot {wrong.lot_id} envelope: {wrong.name} is {wrong.stored}, entries add up to {wrong.summed}")
    if differences or ledgers:
        raise SystemExit(1)
    click.echo("Every pool equals the sum of its needs, every envelope the sum of its entries.")
