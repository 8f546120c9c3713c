"""Reads about people and organisations; the actor of a request is loaded here in one statement."""
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select, text
from sqlalchemy.orm import Session

from marketplace.accounts import rules
from marketplace.accounts.models import ApiToken, Membership, Organisation, User, UserSession
from marketplace.platform import clock
from marketplace.platform.database import Numbered, fetch_row, numbered
from marketplace.platform.errors import NotFound
from marketplace.platform.permissions import ROLES, SCOPES, Actor, Seat

_SEATS = """
    COALESCE((
        SELECT json_agg(json_build_array(seat.id, seat.name, seat.kind, seat.roles, seat.delegated) ORDER BY seat.name)
        FROM (
            SELECT o.id, o.name, o.kind, m.roles, false AS delegated
            FROM memberships m JOIN organisations o ON o.id = m.organisation_id
            WHERE m.user_id = u.id AND m.ended_at IS NULL
            UNION ALL
            SELECT o.id, o.name, o.kind, ARRAY(SELECT unnest(m.roles) INTERSECT SELECT unnest(o.delegated_roles)), true
            FROM memberships m JOIN organisations o ON o.head_organisation_id = m.organisation_id
            WHERE m.user_id = u.id AND m.ended_at IS NULL AND m.roles && o.delegated_roles
        ) AS seat
    ), '[]'::json) AS seats
"""

_PROVEN = (
    "proof_id", "scopes", "expires_at", "revoked_at", "seen_at", "user_id", "full_name", "locale", "disabled_at", "seats",
)  # fmt: skip
"""The columns of the two look-ups below, in that order: every request makes one of them."""
_BY_TOKEN = numbered(f"""
    SELECT t.id AS proof_id, t.scopes, t.expires_at, t.revoked_at, t.last_used_at AS seen_at,
           u.id AS user_id, u.full_name, u.locale, u.disabled_at, {_SEATS}
    FROM api_tokens t JOIN users u ON u.id = t.user_id WHERE t.token_hash = :proof
""")
_BY_SESSION = numbered(f"""
    SELECT s.id AS proof_id, NULL AS scopes, s.expires_at, s.revoked_at, s.last_seen_at AS seen_at,
           u.id AS user_id, u.full_name, u.locale, u.disabled_at, {_SEATS}
    FROM user_sessions s JOIN users u ON u.id = s.user_id WHERE s.key_hash = :proof
""")
_BY_USER = text(f"SELECT u.id AS user_id, u.full_name, u.locale, NULL AS scopes, {_SEATS} FROM users u WHERE u.id = :proof")


@dataclass(frozen=True)
class Proven:
    """An actor together with the proof (token or session row) that was shown, and when it was last counted as used."""

    actor: Actor
    proof_id: UUID
    seen_at: datetime | None


def _actor(row: Any) -> Actor:
    merged: dict[UUID, Seat] = {}
    for organisation_id, name, kind, roles, delegated in row.seats:
        key = UUID(organisation_id)
        if key in merged:
            before = merged[key]
            merged[key] = Seat(key, name, kind, before.roles | frozenset(roles), before.delegated and delegated)
        else:
            merged[key] = Seat(key, name, kind, frozenset(roles), delegated)
    scopes = frozenset(SCOPES if row.scopes is None else row.scopes)
    return Actor(row.user_id, row.full_name, tuple(merged.values()), scopes, row.locale)


def _find_proven(session: Session, statement: Numbered, proof: str) -> Proven | None:
    found = fetch_row(session, statement, {"proof": proof})
    if found is None:
        return None
    row = SimpleNamespace(**dict(zip(_PROVEN, found, strict=True)))
    if row.disabled_at is not None or not rules.is_alive(row.expires_at, row.revoked_at, clock.now()):
        return None
    return Proven(_actor(row), row.proof_id, row.seen_at)


def find_actor_by_token(session: Session, token_hash: str) -> Proven | None:
    """Who holds this token; None when it is unknown, expired, revoked, or its user disabled."""
    return _find_proven(session, _BY_TOKEN, token_hash)


def find_actor_by_session(session: Session, key_hash: str) -> Proven | None:
    """Who is signed in with this session key; None when it ended."""
    return _find_proven(session, _BY_SESSION, key_hash)


def get_actor(session: Session, user_id: UUID) -> Actor:
    """The user as an actor with every right (jobs, command line, tests)."""
    row = session.execute(_BY_USER, {"proof": user_id}).one_or_none()
    if row is None:
        raise NotFound("user")
    return _actor(row)


def find_user_by_email(session: Session, email: str) -> User | None:
    """The user with this address, whatever the case typed."""
    return session.scalars(select(User).where(User.email == email.strip().lower())).one_or_none()


def get_user(session: Session, user_id: UUID) -> User:
    """The user row; NotFound when there is none."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("user")
    return user


def get_organisation(session: Session, actor: Actor, organisation_id: UUID) -> Organisation:
    """An organisation the actor sits in (or any, for the operator); NotFound otherwise."""
    visible = actor.is_operator or actor.is_system or organisation_id in actor.organisation_ids()
    organisation = session.get(Organisation, organisation_id) if visible else None
    if organisation is None:
        raise NotFound("organisation")
    return organisation


def list_members(session: Session, organisation_id: UUID) -> list[tuple[Membership, User]]:
    """Running memberships of an organisation with their users, by name."""
    rows = session.execute(
        select(Membership, User)
        .join(User, User.id == Membership.user_id)
        .where(Membership.organisation_id == organisation_id, Membership.ended_at.is_(None))
        .order_by(User.full_name, User.id)
    )
    return [(membership, user) for membership, user in rows]


def get_membership(session: Session, organisation_id: UUID, membership_id: UUID) -> Membership:
    """A running membership of this organisation; NotFound otherwise."""
    membership = session.get(Membership, membership_id)
    if membership is None or membership.organisation_id != organisation_id or membership.ended_at is not None:
        raise NotFound("membership")
    return membership


def count_admins(session: Session, organisation_id: UUID) -> int:
    """How many people administer the organisation."""
    return session.execute(
        select(func.count())
        .select_from(Membership)
        .where(
            Membership.organisation_id == organisation_id,
            Membership.ended_at.is_(None),
            Membership.roles.contains(["admin"]),
        )
    ).scalar_one()


def list_sessions(session: Session, user_id: UUID) -> list[UserSession]:
    """Live sessions of a user, newest first."""
    return list(
        session.scalars(
            select(UserSession)
            .where(
                UserSession.user_id == user_id,
                UserSession.revoked_at.is_(None),
                UserSession.expires_at > clock.now(),
            )
            .order_by(UserSession.created_at.desc())
        )
    )


def list_tokens(session: Session, user_id: UUID) -> list[ApiToken]:
    """Every token of a user that was not revoked, newest first; expired ones stay visible."""
    return list(
        session.scalars(
            select(ApiToken)
            .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
            .order_by(ApiToken.created_at.desc(), ApiToken.id)
        )
    )


def list_people(session: Session, organisation_ids: list[UUID], roles: tuple[str, ...] = ROLES) -> list[UUID]:
    """Ids of enabled users holding one of the roles there, or by delegation from the group's head; for notifications."""
    direct: Select = (
        select(User.id)
        .distinct()
        .join(Membership, Membership.user_id == User.id)
        .join(
            Organisation,
            or_(
                Organisation.id == Membership.organisation_id,
                and_(
                    Organisation.head_organisation_id == Membership.organisation_id,
                    Organisation.delegated_roles.overlap(Membership.roles),
                ),
            ),
        )
        .where(
            Organisation.id.in_(organisation_ids),
            Membership.ended_at.is_(None),
            Membership.roles.overlap(list(roles)),
            User.disabled_at.is_(None),
        )
        .order_by(User.id)
    )
    return list(session.scalars(direct))
