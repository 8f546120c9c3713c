"""Grappes, the charters their members sign, who is in them since when, and the claims that keep one volume in one pool.

Dates are facts; both statuses are columns the database derives from them, so that Python and SQL share one definition.
"""
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.establishments.rules import fold
from marketplace.grappes.rules.charter import LEGAL_FORMS
from marketplace.platform.database import Model, id_column, moment, sql_list

GRAPPE_STATUS = (
    "CASE WHEN dissolved_at IS NOT NULL THEN 'dissolved'"
    " WHEN activated_at IS NOT NULL THEN 'active'"
    " ELSE 'forming' END"
)
MEMBERSHIP_STATUS = (
    "CASE WHEN ended_at IS NOT NULL THEN ending"
    " WHEN leaves_on IS NOT NULL THEN 'leaving'"
    " WHEN joined_at IS NOT NULL THEN 'member'"
    " WHEN invited_at IS NOT NULL THEN 'invited'"
    " ELSE 'requested' END"
)
INSIDE = ("member", "leaving")
"""Statuses of an establishment that has signed and is still bound: it counts towards quorum and maximum size."""
RUNNING = ("requested", "invited", "member", "leaving")
"""Statuses of a membership that has not ended."""


def _folded_name(context: Any) -> str:
    return fold(context.get_current_parameters()["name"])


class Grappe(Model):
    """A chartered cluster of establishments that pools demand; aggregate root, locked before its members change.

    `territory` holds INSEE region codes, empty for the whole country. `maximum_members` None means no maximum.
    `search_text` is the name without case or accents.
    """

    __tablename__ = "grappes"
    __table_args__ = (
        CheckConstraint(f"legal_form IN ({sql_list(LEGAL_FORMS)})", name="legal_form_known"),
        # A grappe is a grouping: its quorum is two at least, and its maximum can always hold its quorum.
        CheckConstraint("quorum >= 2", name="quorum_is_a_grouping"),
        CheckConstraint("maximum_members >= quorum", name="maximum_holds_the_quorum"),
        CheckConstraint("(dissolved_at IS NULL) = (dissolution_reason IS NULL)", name="dissolution_has_a_reason"),
        Index("ix_grappes_coordinator_establishment_id", "coordinator_establishment_id"),
    )

    id: Mapped[UUID] = id_column()
    name: Mapped[str] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text, default=_folded_name)
    coordinator_establishment_id: Mapped[UUID] = mapped_column(ForeignKey("establishments.id"))
    legal_form: Mapped[str] = mapped_column(Text)
    territory: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    quorum: Mapped[int] = mapped_column(default=2, server_default="2")
    maximum_members: Mapped[int | None]
    founded_at: Mapped[datetime] = moment(now=True)
    activated_at: Mapped[datetime | None] = moment()
    dissolved_at: Mapped[datetime | None] = moment()
    dissolution_reason: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, Computed(GRAPPE_STATUS, persisted=True))
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    __mapper_args__ = {"eager_defaults": True}


class GrappeCategory(Model):
    """A service category the grappe pools; kept beside the charter so that SQL can filter and claim by it."""

    __tablename__ = "grappe_categories"
    __table_args__ = (Index("ix_grappe_categories_category_code", "category_code"),)

    grappe_id: Mapped[UUID] = mapped_column(ForeignKey("grappes.id"), primary_key=True)
    category_code: Mapped[str] = mapped_column(ForeignKey("service_categories.code"), primary_key=True)


class Charter(Model):
    """One version of what members sign: parameters as data, the French text rendered from them, and its SHA-256.

    Never updated: a change is the next version.
    """

    __tablename__ = "charters"
    __table_args__ = (
        UniqueConstraint("grappe_id", "version"),
        # Lets a membership point at the version and the hash it signed with one composite foreign key.
        UniqueConstraint("id", "grappe_id", "hash"),
    )

    id: Mapped[UUID] = id_column()
    grappe_id: Mapped[UUID] = mapped_column(ForeignKey("grappes.id"))
    version: Mapped[int]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    text: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = moment(now=True)


class GrappeMembership(Model):
    """An establishment's way through a grappe: requested or invited, signed, leaving, ended. Ended rows stay.

    `leaves_on` is the Paris day on which a notice takes effect.
    """

    __tablename__ = "grappe_memberships"
    __table_args__ = (
        # One way at a time: an establishment is never invited twice or a member twice in the same grappe.
        Index(
            "uq_grappe_memberships_running", "grappe_id", "establishment_id",
            unique=True, postgresql_where=text("ended_at IS NULL"),
        ),
        # A grappe has one coordinator at a time (domain §2) …
        Index(
            "uq_grappe_memberships_coordinator", "grappe_id",
            unique=True, postgresql_where=text("is_coordinator AND ended_at IS NULL"),
        ),
        # … who has signed and is not on the way out: leaving means handing over first.
        CheckConstraint(
            "NOT is_coordinator OR (joined_at IS NOT NULL AND leaves_on IS NULL)", name="coordinator_is_a_member"
        ),
        CheckConstraint("invited_at IS NOT NULL OR requested_at IS NOT NULL", name="begins_somehow"),
        # Nobody is a member without having signed one exact text (domain §4b.11).
        CheckConstraint(
            "(joined_at IS NULL) = (charter_hash IS NULL) AND (joined_at IS NULL) = (charter_id IS NULL)",
            name="member_has_signed",
        ),
        CheckConstraint("leaves_on IS NULL OR joined_at IS NOT NULL", name="only_members_leave"),
        CheckConstraint(
            "(ended_at IS NULL) = (ending IS NULL) AND"
            " (ending IS NULL OR ending IN ('left', 'excluded', 'declined', 'refused', 'withdrawn'))",
            name="ending_known",
        ),
        CheckConstraint("ending <> 'excluded' OR end_reason IS NOT NULL", name="exclusion_has_a_reason"),
        ForeignKeyConstraint(
            ["charter_id", "grappe_id", "charter_hash"],
            ["charters.id", "charters.grappe_id", "charters.hash"],
            name="fk_grappe_memberships_signed_charter",
        ),
        Index("ix_grappe_memberships_establishment_id", "establishment_id"),
        # The scheduler's question: whose notice ends next?
        Index("ix_grappe_memberships_leaves_on", "leaves_on", postgresql_where=text("ended_at IS NULL")),
    )  # fmt: skip

    id: Mapped[UUID] = id_column()
    grappe_id: Mapped[UUID] = mapped_column(ForeignKey("grappes.id"))
    establishment_id: Mapped[UUID] = mapped_column(ForeignKey("establishments.id"))
    is_coordinator: Mapped[bool] = mapped_column(default=False, server_default="false")
    requested_at: Mapped[datetime | None] = moment()
    invited_at: Mapped[datetime | None] = moment()
    joined_at: Mapped[datetime | None] = moment()
    signed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    charter_id: Mapped[UUID | None]
    charter_hash: Mapped[str | None] = mapped_column(Text)
    notice_given_at: Mapped[datetime | None] = moment()
    leaves_on: Mapped[date | None]
    ended_at: Mapped[datetime | None] = moment()
    ending: Mapped[str | None] = mapped_column(Text)
    end_reason: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, Computed(MEMBERSHIP_STATUS, persisted=True))

    __mapper_args__ = {"eager_defaults": True}


class PoolingClaim(Model):
    """One volume, one pool (domain §4b.9). A stored status, because its primary key is the guarantee.

    `subject_id` is the grappe (kind membership) or the lot (kind need); `subject_label` its name, to say where.
    """

    __tablename__ = "pooling_claims"
    __table_args__ = (
        CheckConstraint("kind IN ('membership', 'need')", name="kind_known"),
        Index("ix_pooling_claims_kind_subject_id", "kind", "subject_id"),
    )

    establishment_id: Mapped[UUID] = mapped_column(ForeignKey("establishments.id"), primary_key=True)
    category_code: Mapped[str] = mapped_column(ForeignKey("service_categories.code"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    subject_id: Mapped[UUID]
    subject_label: Mapped[str] = mapped_column(Text)
    claimed_at: Mapped[datetime] = moment(now=True)
