"""Who exists: users, organisations, memberships, and the two ways to prove who one is (session, token)."""
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.database import Model, id_column, moment, sql_list
from marketplace.platform.permissions import KINDS, ROLES, SCOPES


class User(Model):
    """A person. The e-mail address is kept lower-case and is unique; no password means "not yet chosen"."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_is_lower_case"),)

    id: Mapped[UUID] = id_column()
    email: Mapped[str] = mapped_column(Text, unique=True)
    full_name: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text, default="fr", server_default="fr")
    created_at: Mapped[datetime] = moment(now=True)
    disabled_at: Mapped[datetime | None] = moment()


class Organisation(Model):
    """A legal person of one of five kinds; a care operator may sit under a group's head organisation.

    `delegated_roles` are the roles that the head's people may use here (domain §4b.14, delegated entry).
    The purchasing regime is data with a reason and a date, never derived from the sector (domain §3).
    """

    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint(f"kind IN ({sql_list(KINDS)})", name="kind_known"),
        CheckConstraint(
            "purchasing_regime IN ('public_code', 'voluntary', 'private')", name="purchasing_regime_known"
        ),
        # A regime without its reason and its date could not be defended before an auditor.
        CheckConstraint(
            "(purchasing_regime IS NULL) = (purchasing_regime_reason IS NULL)"
            " AND (purchasing_regime IS NULL) = (purchasing_regime_on IS NULL)",
            name="purchasing_regime_is_explained",
        ),
        CheckConstraint("head_organisation_id <> id", name="not_its_own_head"),
        CheckConstraint(f"delegated_roles <@ ARRAY[{sql_list(ROLES)}]::text[]", name="delegated_roles_known"),
        Index("ix_organisations_head_organisation_id", "head_organisation_id"),
        Index("ix_organisations_siren", "siren"),
    )

    id: Mapped[UUID] = id_column()
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    siren: Mapped[str | None] = mapped_column(Text)
    finess_ej: Mapped[str | None] = mapped_column(Text, unique=True)
    vat_number: Mapped[str | None] = mapped_column(Text)
    legal_status: Mapped[str | None] = mapped_column(Text)
    head_organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    delegated_roles: Mapped[list[str]] = mapped_column(
        ARRAY(Text), default=lambda: ["buyer", "contributor", "viewer"], server_default="{buyer,contributor,viewer}"
    )
    purchasing_regime: Mapped[str | None] = mapped_column(Text)
    purchasing_regime_reason: Mapped[str | None] = mapped_column(Text)
    purchasing_regime_on: Mapped[date | None]
    created_at: Mapped[datetime] = moment(now=True)
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class Membership(Model):
    """A user's roles in an organisation. At most one running membership per pair; ended ones stay for the record."""

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint(
            f"cardinality(roles) > 0 AND roles <@ ARRAY[{sql_list(ROLES)}]::text[]", name="roles_known"
        ),
        # One running membership per person and organisation: roles add up inside one row, never across two.
        Index(
            "uq_memberships_running", "user_id", "organisation_id", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
        Index("ix_memberships_organisation_id", "organisation_id"),
    )

    id: Mapped[UUID] = id_column()
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = moment(now=True)
    ended_at: Mapped[datetime | None] = moment()


class UserSession(Model):
    """One signed-in browser. The cookie carries the key, the row its SHA-256; revoking the row ends the session."""

    __tablename__ = "user_sessions"
    __table_args__ = (Index("ix_user_sessions_user_id", "user_id"),)

    id: Mapped[UUID] = id_column()
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    key_hash: Mapped[str] = mapped_column(Text, unique=True)
    browser: Mapped[str] = mapped_column(Text, default="", server_default="")
    created_at: Mapped[datetime] = moment(now=True)
    last_seen_at: Mapped[datetime] = moment(now=True)
    expires_at: Mapped[datetime] = moment()
    revoked_at: Mapped[datetime | None] = moment()


class ApiToken(Model):
    """A machine's key for one user: shown once, kept as SHA-256, limited to scopes, always expiring."""

    __tablename__ = "api_tokens"
    __table_args__ = (
        CheckConstraint(f"cardinality(scopes) > 0 AND scopes <@ ARRAY[{sql_list(SCOPES)}]::text[]", name="scopes_known"),
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
        Index("ix_api_tokens_user_id", "user_id"),
    )

    id: Mapped[UUID] = id_column()
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[str] = mapped_column(Text, unique=True)
    hint: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = moment(now=True)
    expires_at: Mapped[datetime] = moment()
    revoked_at: Mapped[datetime | None] = moment()
    last_used_at: Mapped[datetime | None] = moment()
