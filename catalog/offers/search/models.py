"""What the search reads: one row per provider and per published offer, written again whenever their facts change."""
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Identity, Index, Integer, Numeric, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.database import Model


class ListingSet(Model):
    """A set of words that many listings share: the regions served, or what is proved on a day. Never changed.

    Listings name their set by its number, so that counting by region or by certificate counts sets first.
    """

    __tablename__ = "listing_sets"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    members: Mapped[list[str]] = mapped_column(ARRAY(Text), unique=True)


class ProviderListing(Model):
    """A provider as the search reads it: what it proves is kept as periods, so that no day needs a nightly job.

    `period_sets[width_bucket(day, period_starts)]` is the set of what it proves on a day; none before the first.
    """

    __tablename__ = "provider_listings"
    __table_args__ = (
        CheckConstraint("cardinality(period_starts) = cardinality(period_sets)", name="a_set_for_each_period"),
    )

    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"), primary_key=True)
    is_verified: Mapped[bool]
    suspended_until: Mapped[date | None]
    region_set: Mapped[int] = mapped_column(ForeignKey("listing_sets.id"))
    period_starts: Mapped[list[date]] = mapped_column(ARRAY(Date))
    period_sets: Mapped[list[int]] = mapped_column(ARRAY(Integer))


class OfferListing(Model):
    """A published offer as the search reads it.

    Of q units one period costs `base_amounts[i] + q × unit_amounts[i]`, i = width_bucket(q, thresholds): both kinds of
    pricing read the same way (rules/prices.py). `usual_period` is the category's, `usual_unit` whether the offer counts as
    its category does: quantities and prices are compared in these. `capacity` is the tighter of the offer's own and the
    provider's in the category. `document`: the folded words, weighed by their place.
    """

    __tablename__ = "offer_listings"
    __table_args__ = (
        CheckConstraint(
            "cardinality(thresholds) = cardinality(base_amounts) AND cardinality(thresholds) = cardinality(unit_amounts)",
            name="an_amount_for_each_threshold",
        ),
        # Both carry what the figures need: a category, or a provider, is counted without touching the rows.
        Index(
            "ix_offer_listings_category_code", "category_code",
            postgresql_include=["provider_id", "offer_id", "delivery_modes", "usual_unit", "minimum_quantity", "capacity"],
        ),
        Index(
            "ix_offer_listings_provider_id", "provider_id",
            postgresql_include=["category_code", "delivery_modes", "usual_unit", "minimum_quantity", "capacity"],
        ),
        Index("ix_offer_listings_sort_name_offer_id", "sort_name", "offer_id"),
        Index("ix_offer_listings_document", "document", postgresql_using="gin"),
    )  # fmt: skip

    offer_id: Mapped[UUID] = mapped_column(ForeignKey("offers.id"), primary_key=True)
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("provider_listings.provider_id"))
    category_code: Mapped[str] = mapped_column(ForeignKey("service_categories.code"))
    unit: Mapped[str] = mapped_column(Text)
    price_period: Mapped[str] = mapped_column(Text)
    usual_period: Mapped[str] = mapped_column(Text)
    usual_unit: Mapped[bool]
    prices_public: Mapped[bool]
    delivery_modes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    minimum_quantity: Mapped[int] = mapped_column(BigInteger)
    capacity: Mapped[int | None] = mapped_column(BigInteger)
    mobilisation_amount: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    regional_uplifts: Mapped[dict[str, str]] = mapped_column(JSONB)
    thresholds: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    base_amounts: Mapped[list[Decimal]] = mapped_column(ARRAY(Numeric))
    unit_amounts: Mapped[list[Decimal]] = mapped_column(ARRAY(Numeric))
    sort_name: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(TSVECTOR)


class SearchTrigram(Model):
    """Three letters of a word that some listing holds or held: how a mistyped word finds those it resembles."""

    __tablename__ = "search_trigrams"

    trigram: Mapped[str] = mapped_column(Text, primary_key=True)
    word: Mapped[str] = mapped_column(Text, primary_key=True)
