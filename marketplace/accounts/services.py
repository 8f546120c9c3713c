"""Use cases about people: signing in and out, sessions, tokens, members and their roles."""
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from marketplace.accounts import passwords_by_mail, queries, rules
from marketplace.accounts.models import ApiToken, Membership, User, UserSession
from marketplace.platform import audit, clock, passwords, throttle
from marketplace.platform.api import fingerprint
from marketplace.platform.database import db, new_id, transaction
from marketplace.platform.errors import Conflict, DomainError, NotFound
from marketplace.platform.permissions import Actor, require

SESSION_LIFE = timedelta(days=14)
COUNTED_EVERY = timedelta(hours=1)
TOKEN_PREFIX = "grp_"
SIGN_IN_WINDOW = timedelta(minutes=15)
SIGN_INS_PER_ACCOUNT = 10
SIGN_INS_PER_ADDRESS = 60


class WrongCredentials(DomainError):
    """The same answer for an unknown user, a wrong password and a disabled account."""

    status = 401


@dataclass(frozen=True)
class NewToken:
    """A token just made: `secret` is shown this once and never again."""

    token: ApiToken
    secret: str


def sign_in(email: str, password: str, *, address: str, browser: str) -> tuple[str, UUID]:
    """Open a session: (session key for the cookie, user id).

    Throttled per account and per network address; WrongCredentials says nothing about which part was wrong,
    and takes the time of one password check in every case.
    """
    account = email.strip().lower()[:320]
    throttle.hit(f"sign-in:address:{address}", limit=SIGN_INS_PER_ADDRESS, window=SIGN_IN_WINDOW)
    throttle.hit(f"sign-in:account:{fingerprint(account)}", limit=SIGN_INS_PER_ACCOUNT, window=SIGN_IN_WINDOW)
    user = queries.find_user_by_email(db.session(), account)
    fits = passwords.verify_password(user.password_hash if user else None, password[: rules.LONGEST_PASSWORD])
    if user is None or not fits or user.disabled_at is not None:
        raise WrongCredentials(
            "wrong_credentials", "Adresse ou mot de passe incorrect. Vérifiez les deux, ou demandez un nouveau mot de passe."
        )
    key = secrets.token_urlsafe(32)
    with transaction() as session:
        opened = UserSession(
            id=new_id(), user_id=user.id, key_hash=fingerprint(key), browser=browser[:200],
            created_at=clock.now(), last_seen_at=clock.now(), expires_at=clock.now() + SESSION_LIFE,
        )  # fmt: skip
        session.add(opened)
        if user.password_hash and passwords.needs_rehash(user.password_hash):
            session.execute(
                update(User).where(User.id == user.id).values(password_hash=passwords.hash_password(password))
            )
        actor = Actor(user.id, user.full_name)
        audit.record(session, actor, "session.opened", "user_session", opened.id, personal={"address": address})
    return key, user.id


def sign_out(key: str) -> None:
    """End the session of this cookie; unknown keys change nothing."""
    with transaction() as session:
        session.execute(
            update(UserSession)
            .where(UserSession.key_hash == fingerprint(key), UserSession.revoked_at.is_(None))
            .values(revoked_at=clock.now())
        )


def revoke_session(actor: Actor, session_id: UUID) -> None:
    """End one of the caller's own sessions, on whatever machine it runs."""
    with transaction() as session:
        row = session.get(UserSession, session_id, with_for_update=True)
        if row is None or row.user_id != actor.user_id:
            raise NotFound("session")
        require(actor, "session.manage")
        row.revoked_at = row.revoked_at or clock.now()
        audit.record(session, actor, "session.revoked", "user_session", session_id)


def revoke_other_sessions(session: Session, user_id: UUID) -> None:
    """Step: end every session of a user (after a password change)."""
    session.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def change_password(actor: Actor, *, current: str, new: str) -> None:
    """Replace the caller's own password and end all its sessions, this one included."""
    user = queries.get_user(db.session(), _own(actor))
    if not passwords.verify_password(user.password_hash, current):
        raise WrongCredentials("wrong_credentials", "Le mot de passe actuel n'est pas celui-là.")
    rules.check_password(new, user.email)
    hashed = passwords.hash_password(new)
    with transaction() as session:
        require(actor, "me.change")
        session.execute(update(User).where(User.id == user.id).values(password_hash=hashed))
        revoke_other_sessions(session, user.id)
        audit.record(session, actor, "password.changed", "user", user.id)


def set_password(user_id: UUID, new: str) -> None:
    """Set a password proven by a mailed link (the caller checked it); ends every session."""
    user = queries.get_user(db.session(), user_id)
    rules.check_password(new, user.email)
    hashed = passwords.hash_password(new)
    with transaction() as session:
        session.execute(update(User).where(User.id == user_id).values(password_hash=hashed))
        revoke_other_sessions(session, user_id)
        audit.record(session, Actor(user_id, user.full_name), "password.set", "user", user_id)


def create_token(actor: Actor, *, name: str, scopes: Collection[str], days: int) -> NewToken:
    """Make an API token for the caller: scopes ⊆ read, write, sign; life in days (1 to 366). Shown once."""
    kept = rules.check_token_request(scopes, days, actor.scopes)
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with transaction() as session:
        require(actor, "token.manage")
        now = clock.now()
        token = ApiToken(
            id=new_id(), user_id=_own(actor), name=name.strip()[:100], token_hash=fingerprint(secret),
            hint=secret[:8], scopes=kept, created_at=now, expires_at=now + timedelta(days=days),
        )  # fmt: skip
        session.add(token)
        session.flush()
        audit.record(session, actor, "token.created", "api_token", token.id, after={"scopes": kept, "days": days})
    return NewToken(token, secret)


def revoke_token(actor: Actor, token_id: UUID) -> None:
    """End one of the caller's own tokens at once."""
    with transaction() as session:
        token = session.get(ApiToken, token_id, with_for_update=True)
        if token is None or token.user_id != actor.user_id:
            raise NotFound("token")
        require(actor, "token.manage")
        token.revoked_at = token.revoked_at or clock.now()
        audit.record(session, actor, "token.revoked", "api_token", token_id)


def count_use(model: type[ApiToken] | type[UserSession], proof_id: UUID) -> None:
    """Note that a token or session was used: a counter, outside audit, at most hourly (architecture §5.5)."""
    column = "last_used_at" if model is ApiToken else "last_seen_at"
    with transaction() as session:
        session.execute(update(model).where(model.id == proof_id).values({column: clock.now()}))


def change_locale(actor: Actor, locale: str) -> None:
    """Remember the language of pages and mails for the caller."""
    with transaction() as session:
        require(actor, "me.change")
        session.execute(update(User).where(User.id == _own(actor)).values(locale=locale))


def add_member(actor: Actor, organisation_id: UUID, *, email: str, full_name: str, roles: Collection[str]) -> Membership:
    """Give a person roles in an organisation; somebody unknown is created without a password.

    Conflict `already_a_member` when the person already sits there.
    """
    with transaction() as session:
        organisation = queries.get_organisation(session, actor, organisation_id)
        require(actor, "member.manage", own=organisation_id)
        kept = rules.check_roles(roles, organisation.kind)
        user = queries.find_user_by_email(session, email)
        if user is None:
            user = User(id=new_id(), email=email.strip().lower(), full_name=full_name.strip(), created_at=clock.now())
            session.add(user)
            session.flush()
            passwords_by_mail.send_link(session, user.id)
        if any(member.user_id == user.id for member, _ in queries.list_members(session, organisation_id)):
            raise Conflict(
                "already_a_member", "Cette personne est déjà dans l'organisation : changez plutôt ses rôles."
            )
        membership = Membership(
            id=new_id(), user_id=user.id, organisation_id=organisation_id, roles=kept, created_at=clock.now()
        )
        session.add(membership)
        session.flush()
        audit.record(
            session, actor, "member.added", "membership", membership.id, organisation_id=organisation_id,
            after={"user_id": str(user.id), "roles": kept},
        )  # fmt: skip
    return membership


def _load_member(session: Session, actor: Actor, organisation_id: UUID, membership_id: UUID) -> tuple[Membership, str]:
    organisation = queries.get_organisation(session, actor, organisation_id)
    require(actor, "member.manage", own=organisation_id)
    session.refresh(organisation, with_for_update=True)
    return queries.get_membership(session, organisation_id, membership_id), organisation.kind


def change_roles(actor: Actor, organisation_id: UUID, membership_id: UUID, *, roles: Collection[str]) -> Membership:
    """Replace a member's roles; the last administrator keeps that role."""
    with transaction() as session:
        membership, kind = _load_member(session, actor, organisation_id, membership_id)
        before, membership.roles = membership.roles, rules.check_roles(roles, kind)
        session.flush()
        rules.check_last_admin(queries.count_admins(session, organisation_id))
        audit.record(
            session, actor, "member.roles_changed", "membership", membership_id, organisation_id=organisation_id,
            before={"roles": before}, after={"roles": membership.roles},
        )  # fmt: skip
    return membership


def end_membership(actor: Actor, organisation_id: UUID, membership_id: UUID) -> None:
    """Take somebody out of the organisation; the record stays. The last administrator cannot leave."""
    with transaction() as session:
        membership, _ = _load_member(session, actor, organisation_id, membership_id)
        membership.ended_at = clock.now()
        session.flush()
        rules.check_last_admin(queries.count_admins(session, organisation_id))
        audit.record(
            session, actor, "member.ended", "membership", membership_id, organisation_id=organisation_id,
            before={"roles": membership.roles},
        )  # fmt: skip


def _own(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise NotFound("user")
    return actor.user_id
