"""How mail leaves: by SMTP where it is set up, into a mailbox page in the demo and in tests, never silently nowhere."""
import smtplib
import ssl
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from uuid import UUID

from flask import current_app
from sqlalchemy import Index, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from marketplace.platform import clock
from marketplace.platform.config import Settings
from marketplace.platform.database import Model, id_column, let_go, moment, transaction

SMTP_TIMEOUT_SECONDS = 20


class MailNotConfigured(Exception):
    """Production without SMTP_HOST: the mail stays in the outbox until there is one."""


class Letter(Model):
    """A mail kept instead of sent, where there is no SMTP server (demo and tests)."""

    __tablename__ = "mailbox"
    __table_args__ = (Index("ix_mailbox_recipient", "recipient"),)

    id: Mapped[UUID] = id_column()
    recipient: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime] = moment()


def list_letters(session: Session, *, recipient: str | None = None, limit: int = 50) -> list[Letter]:
    """Mails kept instead of sent, newest first."""
    statement = select(Letter).order_by(Letter.sent_at.desc(), Letter.id.desc()).limit(limit)
    if recipient is not None:
        statement = statement.where(Letter.recipient == recipient.lower())
    return list(session.scalars(statement))


def send(*, to: str, subject: str, body: str, key: str | None = None) -> None:
    """Use case: send one mail in plain text, now; called by outbox handlers, never inside a transaction (RuntimeError).

    The same `key` gives the same Message-ID, so that a mail sent twice after a crash is shown once by most readers.
    Raises OSError or smtplib.SMTPException when the server does not take it, MailNotConfigured without one.
    """
    settings: Settings = current_app.config["GRAPPE"]
    let_go()
    if settings.smtp_host is not None:
        _hand_over(settings, compose(settings.mail_from, to, subject, body, key))
        return
    if settings.environment == "production":
        raise MailNotConfigured("SMTP_HOST is missing: set it, and the mails that wait will leave")
    with transaction() as session:
        session.add(Letter(recipient=to.lower(), subject=_one_line(subject), body=body, sent_at=clock.now()))


def compose(sender: str, to: str, subject: str, body: str, key: str | None = None) -> EmailMessage:
    """The mail as sent: UTF-8 plain text, marked as automatic (RFC 3834) so that nobody's absence answers it."""
    message = EmailMessage()
    message["From"] = Address("Grappe", addr_spec=sender)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = _one_line(subject)
    message["Date"] = format_datetime(clock.now())
    domain = sender.rpartition("@")[2]
    message["Message-ID"] = f"<{key}@{domain}>" if key else make_msgid(domain=domain)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body, cte="quoted-printable")
    return message


def _hand_over(settings: Settings, message: EmailMessage) -> None:
    assert settings.smtp_host is not None
    with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=SMTP_TIMEOUT_SECONDS) as server:
        if settings.smtp_starttls:
            server.starttls(context=ssl.create_default_context())
        if settings.smtp_user and settings.smtp_password:
            server.login(settings.smtp_user, settings.smtp_password)
        server.send_message(message)


def _one_line(text: str) -> str:
    return " ".join(text.split())
