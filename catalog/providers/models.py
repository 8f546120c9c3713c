"""Who sells: one profile per provider organisation, verified and suspended by the platform operator."""
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from catalog.providers.words import DELIVERY_MODES
from marketplace.platform.database import Model, id_column, moment, sql_list


class Provider(Model):
    """What a provider says of itself, and what the platform found out.

    `name` follows the organisation's; `search_text` is its folded form. `regions` are INSEE codes: a region that is
    not listed is not served. `suspended_until` is the last Paris day of a suspension, which then ends by itself.
    """

    __tablename__ = "providers"
    __table_args__ = (
        CheckConstraint(f"delivery_modes <@ ARRAY[{sql_list(DELIVERY_MODES)}]::text[]", name="delivery_modes_known"),
        # A provider is either accepted or refused by the platform, or waits for its decision.
        CheckConstraint("verified_at IS NULL OR refused_at IS NULL", name="verified_or_refused"),
        # Nobody is refused or suspended without a reason that can be told.
        CheckConstraint("refused_at IS NULL OR btrim(decision_reason) <> ''", name="refusal_is_explained"),
        CheckConstraint(
            "(suspended_until IS NULL) = (suspension_reason IS NULL) AND btrim(suspension_reason) <> ''",
            name="suspension_is_explained",
        ),
        Index("ix_providers_name_id", "name", "id"),
        Index("ix_providers_regions", "regions", postgresql_using="gin"),
    )

    id: Mapped[UUID] = id_column()
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), unique=True)
    name: Mapped[str] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="", server_default="")
    regions: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    delivery_modes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    created_at: Mapped[datetime] = moment(now=True)
    verified_at: Mapped[datetime | None] = moment()
    refused_at: Mapped[datetime | None] = moment()
    decision_reason: Mapped[str | None] = mapped_column(Text)
    suspended_until: Mapped[date | None]
    suspension_reason: Mapped[str | None] = mapped_column(Text)
    contact_name: Mapped[str | None] = mapped_column(Text)
    contact_email: Mapped[str | None] = mapped_column(Text)
    contact_phone: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class ProviderCapacity(Model):
    """How many units a provider can deliver in a category, all its offers together, in the category's unit."""

    __tablename__ = "provider_capacities"
    __table_args__ = (
        # No limit is no row; a provider that can deliver nothing does not publish.
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )

    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"), primary_key=True)
    category_code: Mapped[str] = mapped_column(ForeignKey("service_categories.code"), primary_key=True)
    quantity: Mapped[int] = mapped_column(BigInteger)


class Subcontractor(Model):
    """A company that a provider declares to work with: its certificates count with the provider's while it lasts."""

    __tablename__ = "subcontractors"
    __table_args__ = (
        # What a certificate's composite foreign key points at: a certificate is held for its own provider.
        UniqueConstraint("id", "provider_id"),
        Index("ix_subcontractors_provider_id", "provider_id"),
    )

    id: Mapped[UUID] = id_column()
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"))
    name: Mapped[str] = mapped_column(Text)
    siren: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text)
    declared_at: Mapped[datetime] = moment(now=True)
    ended_at: Mapped[datetime | None] = moment()


class HostingSite(Model):
    """A place where a provider, or a subcontractor for it, hosts data; HDS certificates name theirs."""

    __tablename__ = "hosting_sites"
    __table_args__ = (
        UniqueConstraint("id", "provider_id"),
        Index("ix_hosting_sites_provider_id", "provider_id"),
    )

    id: Mapped[UUID] = id_column()
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"))
    name: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text)
    declared_at: Mapped[datetime] = moment(now=True)
    ended_at: Mapped[datetime | None] = moment()


class SignUp(Model):
    """Somebody who asks to sell here, until the address is confirmed; forgotten when it never is.

    Nothing else exists before the confirmation: neither user nor organisation.
    """

    __tablename__ = "provider_sign_ups"
    __table_args__ = (Index("ix_provider_sign_ups_asked_at", "asked_at"),)

    id: Mapped[UUID] = id_column()
    email: Mapped[str] = mapped_column(Text)
    full_name: Mapped[str] = mapped_column(Text)
    company: Mapped[str] = mapped_column(Text)
    siren: Mapped[str] = mapped_column(Text)
    vat_number: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = moment()
