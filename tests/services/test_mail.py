"""Mail against a real SMTP server: what arrives, STARTTLS, refusals; and the mailbox where there is none."""
import dataclasses
import smtplib
import ssl
import subprocess
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from marketplace.platform import mail
from marketplace.platform.database import transaction

SUBJECT = "Il manque 640 postes à réunir avant le 12 juin"
BODY = "Bonjour Léa,\n\nIl manque 640\u202fpostes : « clôture » le 12 juin à 12 h 00.\n.une ligne qui commence par un point\n"


class Inbox:
    """Keeps what the server took."""

    def __init__(self, refuse=()):
        self.letters, self.refuse = [], refuse

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if address in self.refuse:
            return "550 unknown mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.letters.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default), session))
        return "250 taken"


class OnAnyPort(Controller):
    """A server on a port that the system chooses."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def smtp():
    """`smtp(...)` starts a real server; stopped at the end."""
    started = []

    def start(handler, **options):
        server = OnAnyPort(handler, hostname="127.0.0.1", port=0, **options)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def settings(app, monkeypatch):
    """Change settings of the application for one test."""

    def change(**values):
        monkeypatch.setitem(app.config, "GRAPPE", dataclasses.replace(app.config["GRAPPE"], **values))

    return change


def _send(app, **options):
    with app.app_context():
        mail.send(to="lea@exemple.test", subject=SUBJECT, body=BODY, **options)


def test_a_french_mail_arrives_as_written(app, smtp, settings):
    inbox = Inbox()
    settings(smtp_host="127.0.0.1", smtp_port=smtp(inbox).port, smtp_starttls=False, mail_from="ne-pas-repondre@grappe.test")
    _send(app, key="0192d3a4")
    recipients, letter, _ = inbox.letters[0]
    assert recipients == ["lea@exemple.test"]
    assert letter["Subject"] == SUBJECT
    assert letter["From"] == "Grappe <ne-pas-repondre@grappe.test>"
    assert letter["Message-ID"] == "<0192d3a4@grappe.test>"
    assert letter["Auto-Submitted"] == "auto-generated" and letter["Date"]
    assert letter.get_content_type() == "text/plain" and letter.get_content_charset() == "utf-8"
    assert letter.get_content().replace("\r\n", "\n") == BODY


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """A certificate for 127.0.0.1 that this process trusts."""
    files = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-out", files[0], "-keyout", files[1]],
        check=True, capture_output=True,
    )  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context


def test_mail_and_password_travel_encrypted(app, smtp, settings, certificate):
    seen = []

    def check(server, session, envelope, mechanism, data):
        seen.append((data.login, data.password, session.ssl is not None))
        return AuthResult(success=True)

    inbox = Inbox()
    server = smtp(inbox, tls_context=certificate, require_starttls=True, authenticator=check, auth_required=True)
    settings(
        smtp_host="127.0.0.1", smtp_port=server.port, smtp_starttls=True, smtp_user="grappe", smtp_password="secret"
    )
    _send(app)
    assert seen == [(b"grappe", b"secret", True)]
    assert inbox.letters[0][2].ssl is not None


def test_a_server_with_a_certificate_we_do_not_trust_gets_nothing(app, smtp, settings, certificate, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    inbox = Inbox()
    server = smtp(inbox, tls_context=certificate)
    settings(smtp_host="127.0.0.1", smtp_port=server.port, smtp_starttls=True)
    with pytest.raises(ssl.SSLCertVerificationError):
        _send(app)
    assert inbox.letters == []


def test_a_server_without_starttls_gets_nothing_when_it_is_asked_for(app, smtp, settings):
    inbox = Inbox()
    settings(smtp_host="127.0.0.1", smtp_port=smtp(inbox).port, smtp_starttls=True)
    with pytest.raises(smtplib.SMTPNotSupportedError):
        _send(app)
    assert inbox.letters == []


def test_a_refused_recipient_is_an_error_of_the_outbox_row(app, smtp, settings):
    settings(smtp_host="127.0.0.1", smtp_port=smtp(Inbox(refuse=["lea@exemple.test"])).port, smtp_starttls=False)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        _send(app)


def test_nobody_smuggles_a_header_through_a_subject():
    letter = mail.compose("grappe@grappe.test", "lea@exemple.test", "Bonjour\r\nBcc: autre@exemple.test", "x")
    assert letter["Subject"] == "Bonjour Bcc: autre@exemple.test" and letter["Bcc"] is None


def test_without_server_the_demo_keeps_the_mail_on_a_page(app, session):
    _send(app)
    letter = mail.list_letters(session, recipient="Lea@exemple.test")[0]
    assert (letter.subject, letter.body) == (SUBJECT, BODY)
    assert mail.list_letters(session, recipient="autre@exemple.test") == []


def test_production_without_server_keeps_the_mail_in_the_outbox(app, session, settings):
    settings(environment="production")
    with pytest.raises(mail.MailNotConfigured):
        _send(app)
    assert mail.list_letters(session) == []


def test_nothing_leaves_inside_a_transaction(app, session):
    with app.app_context(), pytest.raises(RuntimeError, match="outbox"), transaction():
        mail.send(to="lea@exemple.test", subject=SUBJECT, body=BODY)
