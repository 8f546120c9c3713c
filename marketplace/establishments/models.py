"""Which establishments exist, who operates them, their profile and their IT estate."""
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.establishments.legal_statuses import SECTORS
from marketplace.establishments.rules import ACTIVITY_LEVELS, MEASURES, SIZE_BANDS, Profile
from marketplace.platform.database import Model, id_column, moment, sql_list

ESTATE = ("endpoints", "servers", "users_count", "sites_count", "domains_count", "backup_tb", "vms_count")
"""What an establishment declares of its information system: it drives needs, and no import ever touches it."""


def _known(column: str, words: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({sql_list(words)})", name=f"{column}_known")


class Establishment(Model):
    """One site (ET). Identity and activity come from imported files, the IT estate from the establishment itself.

    `staff` counts people, salaried (full-time equivalents) and liberal; `size_band` and `activity_level` follow from it
    and from the activity figures by rules.py, NULL when unknown. `staff_declared_on`: the establishment corrected the
    figure itself, imports leave it. `search_name` is `rules.fold` of name and complement, `search_town` of the town.
    """

    __tablename__ = "establishments"
    __table_args__ = (
        # FINESS is text and keeps its leading zero. identifiers.py checks its key: the operator may accept a wrong one.
        CheckConstraint("finess ~ '^[0-9][0-9A-Z][0-9]{7}$'", name="finess_shape"),
        CheckConstraint("siren ~ '^[0-9]{9}$'", name="siren_shape"),
        CheckConstraint("siret ~ '^[0-9]{14}$'", name="siret_shape"),
        _known("sector", SECTORS),
        _known("size_band", SIZE_BANDS),
        _known("activity_level", ACTIVITY_LEVELS),
        # ESPIC is a quality of the non-profit sector (domain §3).
        CheckConstraint("NOT espic OR sector IS NOT DISTINCT FROM 'private_nonprofit'", name="espic_is_nonprofit"),
        CheckConstraint("staff >= 0", name="staff_not_negative"),
        CheckConstraint(f"LEAST({', '.join(MEASURES)}) >= 0", name="activity_not_negative"),
        CheckConstraint(f"LEAST({', '.join(ESTATE)}) >= 0", name="estate_not_negative"),
        Index("ix_establishments_organisation_id", "organisation_id"),
        Index("ix_establishments_name_id", "name", "id"),
        Index("ix_establishments_region_department", "region", "department"),
    )

    id: Mapped[UUID] = id_column()
    finess: Mapped[str] = mapped_column(Text, unique=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    name: Mapped[str] = mapped_column(Text)
    name_complement: Mapped[str | None] = mapped_column(Text)
    finess_category: Mapped[str | None] = mapped_column(Text)
    category_label: Mapped[str | None] = mapped_column(Text)
    sector: Mapped[str | None] = mapped_column(Text)
    legal_status: Mapped[str | None] = mapped_column(Text)
    espic: Mapped[bool] = mapped_column(default=False, server_default="false")
    siret: Mapped[str | None] = mapped_column(Text)
    siren: Mapped[str | None] = mapped_column(Text)
    region: Mapped[str | None] = mapped_column(Text)
    department: Mapped[str | None] = mapped_column(Text)
    insee_code: Mapped[str | None] = mapped_column(Text)
    town: Mapped[str | None] = mapped_column(Text)
    postcode: Mapped[str | None] = mapped_column(Text)
    opened_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    mco_stays: Mapped[int | None]
    mco_beds: Mapped[int | None]
    smr_beds: Mapped[int | None]
    psychiatry_beds: Mapped[int | None]
    home_places: Mapped[int | None]
    staff: Mapped[Decimal | None] = mapped_column(Numeric(9, 2))
    staff_declared_on: Mapped[date | None]
    size_band: Mapped[str | None] = mapped_column(Text)
    activity_level: Mapped[str | None] = mapped_column(Text)
    essential_operator: Mapped[bool] = mapped_column(default=False, server_default="false")
    endpoints: Mapped[int | None]
    servers: Mapped[int | None]
    users_count: Mapped[int | None]
    sites_count: Mapped[int | None]
    domains_count: Mapped[int | None]
    backup_tb: Mapped[int | None]
    vms_count: Mapped[int | None]
    search_name: Mapped[str] = mapped_column(Text)
    search_town: Mapped[str] = mapped_column(Text, default="", server_default="")
    created_at: Mapped[datetime] = moment(now=True)
    updated_at: Mapped[datetime] = moment(now=True)
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    @property
    def profile(self) -> Profile:
        """Size band and activity level, as stored."""
        return Profile(self.size_band, self.activity_level)


class ActivityBand(Model):
    """From where a type of establishment (FINESS category) counts as medium or high, and by which figure (§4b.13)."""

    __tablename__ = "activity_bands"
    __table_args__ = (
        _known("measure", MEASURES),
        CheckConstraint("medium_from >= 1 AND high_from > medium_from", name="thresholds_in_order"),
    )

    finess_category: Mapped[str] = mapped_column(Text, primary_key=True)
    label: Mapped[str] = mapped_column(Text)
    measure: Mapped[str] = mapped_column(Text)
    medium_from: Mapped[int]
    high_from: Mapped[int]
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class AcceptedFiness(Model):
    """A FINESS number that the operator accepted although its key is wrong, with the reason (domain §3)."""

    __tablename__ = "accepted_finess"
    __table_args__ = (
        CheckConstraint("finess ~ '^[0-9][0-9A-Z][0-9]{7}$'", name="finess_shape"),
        # An exception without a reason could not be defended later.
        CheckConstraint("btrim(reason) <> ''", name="reason_written"),
    )

    finess: Mapped[str] = mapped_column(Text, primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    accepted_at: Mapped[datetime] = moment(now=True)


class ImportedOperator(Model):
    """The name the last import gave an operator, and whether it was borrowed from its largest site.

    An import renames an organisation only while it still bears that name: one corrected by hand stays.
    """

    __tablename__ = "imported_operators"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    is_borrowed: Mapped[bool]
