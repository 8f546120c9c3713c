"""Certification schemes as editable rows, and the certificates of providers as dated facts."""
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.database import Model, id_column, moment


class CertificateScheme(Model):
    """A certificate, qualification or label (domain §5): its longest life, and the scheme it cannot stand without."""

    __tablename__ = "certificate_schemes"
    __table_args__ = (
        CheckConstraint("maximum_months > 0", name="maximum_months_positive"),
        CheckConstraint("prerequisite_code <> code", name="not_its_own_prerequisite"),
    )

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name_fr: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    maximum_months: Mapped[int]
    prerequisite_code: Mapped[str | None] = mapped_column(ForeignKey("certificate_schemes.code"))
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    names_sites: Mapped[bool] = mapped_column(default=False, server_default="false")


class CertificateVersion(Model):
    """A version of a scheme's referential. Days included: usable from, and worth nothing after `void_after`."""

    __tablename__ = "certificate_versions"
    __table_args__ = (CheckConstraint("void_after > usable_from", name="window_in_order"),)

    scheme: Mapped[str] = mapped_column(ForeignKey("certificate_schemes.code"), primary_key=True)
    version: Mapped[str] = mapped_column(Text, primary_key=True)
    usable_from: Mapped[date | None]
    void_after: Mapped[date | None]
    hosting_in_eea: Mapped[bool] = mapped_column(default=False, server_default="false")


class CertificateActivity(Model):
    """A numbered part a certificate of the scheme may cover: HDS activities 1 to 6, PASSI audit scopes."""

    __tablename__ = "certificate_activities"
    __table_args__ = (CheckConstraint("number > 0", name="number_positive"),)

    scheme: Mapped[str] = mapped_column(ForeignKey("certificate_schemes.code"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name_fr: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)


class CertificateLevel(Model):
    """A level at which a scheme certifies; the higher the rank, the more was looked at: PASSI substantial, then high."""

    __tablename__ = "certificate_levels"
    __table_args__ = (CheckConstraint("rank > 0", name="rank_positive"),)

    scheme: Mapped[str] = mapped_column(ForeignKey("certificate_schemes.code"), primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name_fr: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)


class Certificate(Model):
    """One certificate as declared, and what the platform decided, each decision with its moment.

    Its state on a day is computed from these facts (rules/states.py), never stored. `reason` explains the last
    decision; the audit keeps all of them.
    """

    __tablename__ = "certificates"
    __table_args__ = (
        ForeignKeyConstraint(
            ["scheme", "version"], ["certificate_versions.scheme", "certificate_versions.version"],
            name="fk_certificates_scheme_version_certificate_versions",
        ),
        ForeignKeyConstraint(
            ["scheme", "level"], ["certificate_levels.scheme", "certificate_levels.rank"],
            name="fk_certificates_scheme_level_certificate_levels",
        ),
        # A subcontractor's certificate counts for the provider that declared this subcontractor, and for no other.
        ForeignKeyConstraint(["subcontractor_id", "provider_id"], ["subcontractors.id", "subcontractors.provider_id"]),
        UniqueConstraint("id", "provider_id"),
        CheckConstraint("valid_until > valid_from", name="ends_after_it_starts"),
        # A refused certificate was never verified; both at once would count as both.
        CheckConstraint("verified_at IS NULL OR rejected_at IS NULL", name="verified_or_rejected"),
        # Only what was verified can be suspended.
        CheckConstraint("suspended_at IS NULL OR verified_at IS NOT NULL", name="suspended_after_verified"),
        CheckConstraint(
            "(rejected_at IS NULL AND suspended_at IS NULL AND withdrawn_at IS NULL) OR btrim(reason) <> ''",
            name="refusal_is_explained",
        ),
        Index("ix_certificates_provider_id", "provider_id"),
        Index("ix_certificates_subcontractor_id", "subcontractor_id"),
        Index("ix_certificates_scheme_valid_until", "scheme", "valid_until"),
        Index("ix_certificates_missing_since", "missing_since", postgresql_where=text("missing_since IS NOT NULL")),
        # A published list adds a certificate once, however often it is taken over.
        Index(
            "uq_certificates_listed", "provider_id", "scheme", "number", "valid_until", unique=True,
            postgresql_where=text("list_id IS NOT NULL AND subcontractor_id IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[UUID] = id_column()
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"))
    subcontractor_id: Mapped[UUID | None]
    scheme: Mapped[str] = mapped_column(ForeignKey("certificate_schemes.code"))
    version: Mapped[str | None] = mapped_column(Text)
    level: Mapped[int | None]
    number: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text, default="", server_default="")
    activities: Mapped[list[int]] = mapped_column(ARRAY(Integer), default=list, server_default="{}")
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    declared_at: Mapped[datetime] = moment(now=True)
    verified_at: Mapped[datetime | None] = moment()
    suspended_at: Mapped[datetime | None] = moment()
    withdrawn_at: Mapped[datetime | None] = moment()
    rejected_at: Mapped[datetime | None] = moment()
    reason: Mapped[str | None] = mapped_column(Text)
    list_id: Mapped[UUID | None] = mapped_column(ForeignKey("certificate_lists.id"))
    missing_since: Mapped[date | None]


class CertificateList(Model):
    """A published list of certified or qualified companies, as sent, and how it is read.

    `list_id` of a certificate is the last list taken over that names it, `missing_since` the day of a newer one that
    does not. `mapping`: field → column from 0.
    """

    __tablename__ = "certificate_lists"
    __table_args__ = (
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_is_one"),
        CheckConstraint("jsonb_typeof(rows) = 'array' AND jsonb_typeof(mapping) = 'object'", name="rows_and_mapping"),
        Index("ix_certificate_lists_scheme", "scheme"),
    )

    id: Mapped[UUID] = id_column()
    scheme: Mapped[str] = mapped_column(ForeignKey("certificate_schemes.code"))
    file_name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    listed_on: Mapped[date]
    rows: Mapped[list[list[str]]] = mapped_column(JSONB)
    mapping: Mapped[dict[str, int]] = mapped_column(JSONB)
    default_version: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime] = moment(now=True)
    sent_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    taken_over_at: Mapped[datetime | None] = moment()
    counts: Mapped[dict[str, int] | None] = mapped_column(JSONB)


class CertificateListMapping(Model):
    """What the columns of a scheme's lists were called the last time: field → folded title."""

    __tablename__ = "certificate_list_mappings"

    scheme: Mapped[str] = mapped_column(ForeignKey("certificate_schemes.code"), primary_key=True)
    titles: Mapped[dict[str, str]] = mapped_column(JSONB)
    default_version: Mapped[str | None] = mapped_column(Text)


class CertificateSite(Model):
    """A hosting site that a certificate names; both are the same provider's."""

    __tablename__ = "certificate_sites"
    __table_args__ = (
        ForeignKeyConstraint(["certificate_id", "provider_id"], ["certificates.id", "certificates.provider_id"]),
        ForeignKeyConstraint(["site_id", "provider_id"], ["hosting_sites.id", "hosting_sites.provider_id"]),
    )

    certificate_id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(primary_key=True)
    provider_id: Mapped[UUID]


class CertificateEvidence(Model):
    """A file that proves a certificate. Whoever may see it is decided by queries.may_see_evidence, never by the file."""

    __tablename__ = "certificate_evidence"
    __table_args__ = (Index("ix_certificate_evidence_certificate_id", "certificate_id"),)

    file_id: Mapped[UUID] = mapped_column(ForeignKey("stored_files.id"), primary_key=True)
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.id"))


class CertificateReminder(Model):
    """A threshold before a certificate's end that its provider was told of, or that came too late to be told."""

    __tablename__ = "certificate_reminders"
    __table_args__ = (CheckConstraint("days IN (90, 30, 7, 0)", name="days_known"),)

    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.id"), primary_key=True)
    days: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    told_at: Mapped[datetime] = moment()
