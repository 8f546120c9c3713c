"""What the search reads: one row per provider and per published offer, written again whenever their facts change."""
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Identity, Index, Integer, Numeric, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, BIT, JSONB, TSVECTOR
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
        # A suspension ends by itself: these are judged on the day they are asked for.
        Index("ix_provider_listings_suspended", "provider_id", postgresql_where=text("suspended_until IS NOT NULL")),
    )

    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"), primary_key=True)
    is_verified: Mapped[bool]
    suspended_until: Mapped[date | None]
    region_set: Mapped[int] = mapped_column(ForeignKey("listing_sets.id"))
    period_starts: Mapped[list[date]] = mapped_column(ARRAY(Date))
    period_sets: Mapped[list[int]] = mapped_column(ARRAY(Integer))


class ListingChange(Model):
    """A provider whose listings changed after the last gathering: until the next one it is judged row by row.

    Only ever added to, so that two writers never wait for one another; a gathering deletes what it has seen.
    """

    __tablename__ = "listing_changes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"))


class ListingBits(Model):
    """A column of bits: bit `number` says whether that listing has the value `key` of a facet, on the gathering's day.

    `every`: all that are shown at all; its key is the gathering's day. A quantity has one column for each binary digit.
    """

    __tablename__ = "listing_bits"

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    bits: Mapped[str] = mapped_column(BIT(varying=True))


class GatheredProvider(Model):
    """What the columns hold of a provider: its listings' numbers, and the days on which what it proves is the same.

    No foreign key: a gathering must not wait for somebody who holds a provider's row.
    """

    __tablename__ = "gathered_providers"
    __table_args__ = (
        # Who is no longer as gathered is found without looking at those who are.
        Index("ix_gathered_providers_holds_from", "holds_from"),
        Index("ix_gathered_providers_holds_until", "holds_until"),
        Index("ix_gathered_providers_hidden", "provider_id", postgresql_where=text("NOT is_visible")),
    )

    provider_id: Mapped[UUID] = mapped_column(primary_key=True)
    numbers: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    is_visible: Mapped[bool]
    holds_from: Mapped[date | None]
    holds_until: Mapped[date | None]


class OfferListing(Model):
    """A published offer as the search reads it.

    Of q units one period costs `base_amounts[i] + q × unit_amounts[i]`, i = width_bucket(q, thresholds): both kinds of
    pricing read the same way (rules/prices.py). `usual_period` is the category's, `usual_unit` whether the offer counts as
    its category does: quantities and prices are compared in these. `capacity` is the tighter of the offer's own and the
    provider's in the category. `document`: the folded words, weighed by their place. `number` never changes: it is the
    listing's bit in `listing_bits`.
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
            postgresql_include=[
                "provider_id", "offer_id", "number", "delivery_modes", "usual_unit", "minimum_quantity", "capacity",
            ],
        ),
        Index(
            "ix_offer_listings_provider_id", "provider_id",
            postgresql_include=["category_code", "delivery_modes", "usual_unit", "minimum_quantity", "capacity"],
        ),
        Index("ix_offer_listings_sort_name_offer_id", "sort_name", "offer_id", postgresql_include=["number"]),
        Index("ix_offer_listings_document", "document", postgresql_using="gin"),
    )  # fmt: skip

    offer_id: Mapped[UUID] = mapped_column(ForeignKey("offers.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Identity(), unique=True)
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
