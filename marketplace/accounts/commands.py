"""Command line: the first operator of a new platform."""
import click
from flask import current_app
from flask.cli import with_appcontext

from marketplace.accounts import organisations, passwords_by_mail
from marketplace.platform.errors import DomainError


@click.command("create-operator")
@click.argument("email")
@click.argument("full_name")
@with_appcontext
def create_operator(email: str, full_name: str) -> None:
    """Give EMAIL the platform operator's seat and print the link at which a password is chosen (valid one day)."""
    try:
        user = organisations.create_operator(email, full_name)
    except DomainError as refused:
        raise click.ClickException(str(refused)) from refused
    with current_app.test_request_context():
        click.echo(f"{user.email} operates this platform. Choose a password here:\n{passwords_by_mail.make_link(user)}")
