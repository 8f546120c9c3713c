"""Who is asking: Bearer token first, then the signed-in session; a bad token is 401, never anonymous."""
import logging
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from flask import Flask, Response, current_app, g, request
from flask_login import LoginManager, UserMixin
from flask_wtf import CSRFProtect
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from marketplace.accounts import queries, services
from marketplace.accounts.models import ApiToken, UserSession
from marketplace.platform import clock
from marketplace.platform.api import SignInRequired, current_actor, fingerprint, is_called_by_machines
from marketplace.platform.database import begin_reading, db
from marketplace.platform.errors import N_
from marketplace.platform.permissions import Actor

log = logging.getLogger(__name__)

BAD_TOKEN = N_("Ce jeton n'est pas valable : vérifiez-le, ou créez-en un autre dans « Jetons d'API ».")

csrf = CSRFProtect()
login_manager = LoginManager()


@dataclass
class SignedIn(UserMixin):
    """What Flask-Login keeps of a signed-in browser: the session key (its id) and the actor."""

    key: str
    actor: Actor
    session_id: UUID

    def get_id(self) -> str:
        """The session key: its row is looked up at every request, so revoking it ends the session at once."""
        return self.key


@login_manager.user_loader
def load_signed_in(key: str) -> SignedIn | None:
    """The signed-in user behind a session key, None when that session ended."""
    proven = _first_read(queries.find_actor_by_session, fingerprint(key))
    if proven is None:
        return None
    g.to_count = (UserSession, proven)
    return SignedIn(key, proven.actor, proven.proof_id)


def _first_read(find: Callable[[Session, str], queries.Proven | None], proof: str) -> queries.Proven | None:
    """The first statement of a request. A pooled connection may have died with its server since it was last used:
    then the pool is emptied and the statement is sent once more (this costs nothing, a ping per request would).
    """
    for last_try in (False, True):
        try:
            if request.method in ("GET", "HEAD"):
                begin_reading()
            return find(db.session(), proof)
        except OperationalError as away:
            db.session.remove()
            if last_try or not away.connection_invalidated:
                raise
    return None


def _identify() -> None:
    if request.blueprint == "health":
        return  # /metrics has a token of its own, and says nothing about anybody
    header = request.headers.get("Authorization")
    if header is None:
        if request.endpoint != "static" and request.method not in ("GET", "HEAD", "OPTIONS"):
            _check_csrf()
        return
    kind, _, secret = header.partition(" ")
    proven = None
    if kind.lower() == "bearer" and secret.startswith(services.TOKEN_PREFIX):
        proven = _first_read(queries.find_actor_by_token, fingerprint(secret.strip()))
    if proven is None:
        raise SignInRequired("invalid_token", BAD_TOKEN)
    g.actor = proven.actor
    g.to_count = (ApiToken, proven)


def _check_csrf() -> None:
    """Browsers prove by a CSRF token that the form was ours; programs use Bearer tokens instead.

    Somebody not signed in may call the API without one: it is refused for want of identity, which says more.
    What another service calls (`called_by_machines`) proves itself by its own signature.
    """
    if not current_app.config.get("WTF_CSRF_ENABLED", True):
        return
    if request.path.startswith("/api/") and current_actor().user_id is None:
        return
    if is_called_by_machines(current_app, request.endpoint or ""):
        return
    csrf.protect()


def _count_use(response: Response) -> Response:
    model, proven = g.pop("to_count", (None, None))
    if proven is not None and (proven.seen_at is None or clock.now() - proven.seen_at > services.COUNTED_EVERY):
        try:
            services.count_use(model, proven.proof_id)
        except SQLAlchemyError:
            log.warning("a use was not counted")
    return response


def init_app(app: Flask) -> None:
    """Install sign-in, CSRF and the hourly use counter."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    csrf.init_app(app)
    login_manager.init_app(app)
    login_manager.session_protection = None
    app.before_request(_identify)
    app.after_request(_count_use)
