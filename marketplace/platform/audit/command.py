"""`grappe audit verify`: proves the audit, or says where it breaks."""
import click
from flask.cli import AppGroup, with_appcontext

from marketplace.platform.audit.verification import Expected, verify
from marketplace.platform.database import db

audit_commands = AppGroup("audit", help="The audit and its seals.")


def _expected(_context: click.Context, _option: click.Parameter, value: str | None) -> Expected | None:
    if value is None:
        return None
    seq, separator, hash_ = value.partition(":")
    if not separator or not seq.isdigit():
        raise click.BadParameter("write it as in the mail: the seal's number, a colon, its hash")
    return Expected(int(seq), hash_.strip())


@audit_commands.command("verify")
@click.option("--expect", callback=_expected, metavar="SEQ:HASH", help="A seal known from the daily mail.")
@with_appcontext
def verify_command(expect: Expected | None) -> None:
    """Recompute every seal; prints what is sealed and what waits, and ends with 1 at the first broken seal."""
    verdict = verify(db.session(), expect)
    click.echo(f"sealed events: {verdict.sealed} in {verdict.seals} seals")
    click.echo(f"events waiting to be sealed: {verdict.unsealed}")
    click.echo(f"newest seal: {verdict.seals}:{verdict.newest_hash}")
    if verdict.holds:
        click.echo("the audit holds")
        return
    if verdict.broken_seal is not None:
        click.echo(f"broken at seal {verdict.broken_seal}: {verdict.reason}", err=True)
    else:
        click.echo(f"broken: {verdict.reason}", err=True)
    raise SystemExit(1)
