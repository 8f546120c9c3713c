"""The `grappe catalogue` commands: whether the search reads the truth, and how to make it so."""
import click
from flask.cli import AppGroup, with_appcontext

from catalog.offers.search.verification import repair_listings, verify_listings
from marketplace.platform.database import db

catalogue_commands = AppGroup("catalogue", help="What the search of the catalogue reads.")


@catalogue_commands.command("verify")
@click.option("--repair", is_flag=True, help="Write again what differs.")
@with_appcontext
def verify(repair: bool) -> None:
    """Recompute what the search reads of every provider and compare; exit 1 when something differs."""
    wrong = repair_listings() if repair else verify_listings(db.session())
    for provider_id in wrong:
        click.echo(f"provider {provider_id}: {'written again' if repair else 'differs'}")
    click.echo(f"{len(wrong)} provider(s) {'repaired' if repair else 'differ'}")
    if wrong and not repair:
        raise click.exceptions.Exit(1)
