"""The link by which somebody without a (known) password chooses one: mailed, valid a day, and once."""
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.orm import Session

from marketplace.accounts import queries
from marketplace.accounts.models import User
from marketplace.platform import mail, outbox, throttle
from marketplace.platform.api import fingerprint
from marketplace.platform.database import db, transaction
from marketplace.platform.errors import N_, NotFound, RuleBroken
from marketplace.platform.i18n import say_in

LINK_LIFE = timedelta(days=1)
KIND = "password_link"
SUBJECT = N_("Choisissez votre mot de passe Grappe")
BODY = N_(
    "Bonjour {name},\n\nPour choisir votre mot de passe, ouvrez ce lien dans les 24 heures :\n{link}\n\n"
    "Il ne sert qu'une fois. Si vous n'avez rien demandé, ne faites rien : votre mot de passe reste inchangé.\n"
)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=KIND)


def _state(user: User) -> str:
    """What the link proves against: once the password changes, the link is void."""
    return fingerprint(user.password_hash or "")[:16]


def make_link(user: User) -> str:
    """The address at which this user may choose a password now, whole, for a mail."""
    return f"{current_app.config['BASE_URL']}{make_path(user)}"


def make_path(user: User) -> str:
    """The same address on the host that is being read: a form may only lead there (CSP form-action)."""
    return f"/mot-de-passe/{_signer().dumps([str(user.id), _state(user)])}"


def read_link(token: str) -> UUID:
    """The user behind a link; RuleBroken `link_void` when it is old, used or not ours."""
    void = RuleBroken("link_void", "Ce lien n'est plus valable : demandez-en un autre avec « Mot de passe oublié ».")
    try:
        user_id, state = _signer().loads(token, max_age=int(LINK_LIFE.total_seconds()))
        user = queries.get_user(db.session(), UUID(user_id))
    except (BadSignature, ValueError, TypeError, NotFound) as bad:
        raise void from bad
    if state != _state(user) or user.disabled_at is not None:
        raise void
    return user.id


def send_link(session: Session, user_id: UUID) -> None:
    """Step: have the link mailed after commit; the outbox row names the user, never the secret."""
    outbox.enqueue(session, KIND, {"user_id": str(user_id)})


def ask_link(email: str, *, address: str) -> None:
    """Use case: mail a link to this address if somebody has it; says nothing either way. Throttled."""
    throttle.hit(f"link:address:{address}", limit=20, window=timedelta(hours=1))
    throttle.hit(f"link:account:{fingerprint(email.strip().lower())}", limit=5, window=timedelta(hours=1))
    with transaction() as session:
        user = queries.find_user_by_email(session, email)
        if user is not None and user.disabled_at is None:
            send_link(session, user.id)


def deliver(payload: dict[str, Any]) -> None:
    """Outbox handler: make the link now and mail it in the person's language."""
    user = queries.get_user(db.session(), UUID(payload["user_id"]))
    values = {"name": user.full_name, "link": make_link(user)}
    mail.send(to=user.email, subject=say_in(user.locale, SUBJECT), body=say_in(user.locale, BODY, values))
