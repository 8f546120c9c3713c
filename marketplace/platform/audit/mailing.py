"""The newest seal, mailed to the operator once a day: outside the database, it shows when the chain's end is cut off."""
from datetime import date
from typing import Any

from flask import current_app

from marketplace.platform import mail, outbox
from marketplace.platform.audit.canonical import moment
from marketplace.platform.audit.sealing import newest_seal
from marketplace.platform.config import Settings
from marketplace.platform.database import transaction
from marketplace.platform.errors import N_
from marketplace.platform.i18n import say_in

KIND = "audit_seal_mail"
SUBJECT = N_("Journal de Grappe : sceau {seq} du {day}")
BODY = N_(
    "Dernier sceau du journal : {seq}\nEmpreinte : {hash}\nScellé le : {sealed_at}\n\n"
    "Gardez ce message hors de la plateforme. Pour vérifier que la fin du journal n'a pas été coupée :\n"
    "grappe audit verify --expect {seq}:{hash}\n"
)


def mail_newest_seal(today: date) -> int:
    """Use case: have the newest seal mailed to OPERATOR_EMAIL, once for a Paris day; 1 when there is something to mail."""
    settings: Settings = current_app.config["GRAPPE"]
    if settings.operator_email is None:
        return 0
    with transaction() as session:
        seal = newest_seal(session)
        if seal is None:
            return 0
        facts = {"seq": str(seal.seq), "hash": seal.hash, "sealed_at": moment(seal.sealed_at), "day": today.isoformat()}
        outbox.enqueue(session, KIND, facts, dedupe_key=f"{KIND}:{today.isoformat()}")
    return 1


def deliver_seal(payload: dict[str, Any]) -> None:
    """Outbox handler: the mail itself."""
    settings: Settings = current_app.config["GRAPPE"]
    if settings.operator_email is None:
        return
    mail.send(
        to=settings.operator_email,
        subject=say_in("fr", SUBJECT, payload),
        body=say_in("fr", BODY, payload),
        key=f"seal-{payload['seq']}-{payload['day']}",
    )
