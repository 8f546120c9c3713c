"""The mail that goes with a notification, in its reader's language."""
from typing import Any
from uuid import UUID

from flask import current_app

from marketplace.notifications import queries, templates
from marketplace.platform import mail
from marketplace.platform.database import db
from marketplace.platform.errors import N_
from marketplace.platform.facts import unpack
from marketplace.platform.i18n import say_in

GREETING = N_("Bonjour {name},")
OPEN_IT = N_("Pour en savoir plus ou agir : {address}")
WHY = N_(
    "Ce message vous est envoyé par Grappe. Pour ne plus recevoir ces messages par courrier électronique, "
    "réglez vos préférences : {address}"
)


def deliver_mail(payload: dict[str, Any]) -> None:
    """Outbox handler: send one reader the mail of one notification; nothing if mail was declined meanwhile."""
    session = db.session()
    found = queries.find_mail(session, UUID(payload["notification_id"]))
    if found is None or not queries.wants_mail(session, found[1].id):
        return
    notification, reader = found
    wording = templates.word(notification.template, unpack(notification.values), reader.locale)
    to, body = reader.email, compose_body(wording, reader.full_name, reader.locale)
    mail.send(to=to, subject=wording.subject, body=body, key=str(notification.id))


def compose_body(wording: templates.Wording, name: str, locale: str) -> str:
    """The text of the mail: greeting, what is told, where to go, how to stop these mails."""
    base = current_app.config["BASE_URL"]
    paragraphs = [say_in(locale, GREETING, {"name": name}), wording.body]
    if wording.link:
        paragraphs.append(say_in(locale, OPEN_IT, {"address": base + wording.link}))
    paragraphs.append("-- \n" + say_in(locale, WHY, {"address": f"{base}/notifications"}))
    return "\n\n".join(paragraphs) + "\n"
