"""Exchanges between an organisation and a provider, what was said in them, and providers that look for a partner."""
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Date, ForeignKey, Index, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from catalog.contacts.rules import ACTS, MODES, MOST_DAYS, SIDES
from marketplace.platform.database import Model, id_column, moment, sql_list

STATUS = (
    "CASE WHEN closed_at IS NOT NULL THEN 'closed'"
    " WHEN declined_at IS NOT NULL THEN 'declined'"
    " WHEN agreed_on IS NOT NULL THEN 'agreed'"
    " WHEN waits_for = 'asker' THEN 'answered'"
    " ELSE 'asked' END"
)
"""As rules.Exchange.status says it."""


class ContactThread(Model):
    """One exchange that an organisation asked a provider for, about an offer or in general.

    `proposed_on` are the days last proposed, by `proposed_by`; `waits_for` is the side that has to answer.
    """

    __tablename__ = "contact_threads"
    __table_args__ = (
        CheckConstraint(f"mode IN ({sql_list(MODES)})", name="mode_known"),
        CheckConstraint(f"waits_for IN ({sql_list(SIDES)})", name="waits_for_known"),
        CheckConstraint(f"proposed_by IN ({sql_list(SIDES)})", name="proposed_by_known"),
        CheckConstraint(f"cardinality(proposed_on) BETWEEN 1 AND {MOST_DAYS}", name="some_days_proposed"),
        # A day is agreed among those that were proposed, and then nobody waits for anybody.
        CheckConstraint(
            "agreed_on IS NULL OR (agreed_on = ANY (proposed_on) AND waits_for IS NULL)", name="agreed_as_proposed"
        ),
        CheckConstraint("declined_at IS NULL OR (agreed_on IS NULL AND waits_for IS NULL)", name="declined_or_agreed"),
        CheckConstraint("closed_at IS NULL OR waits_for IS NULL", name="closed_waits_for_nobody"),
        CheckConstraint(
            "waits_for IS NOT NULL OR num_nonnulls(agreed_on, declined_at, closed_at) > 0", name="somebody_answers"
        ),
        Index("ix_contact_threads_provider_id", "provider_id"),
        Index("ix_contact_threads_asker_organisation_id", "asker_organisation_id"),
    )

    id: Mapped[UUID] = id_column()
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"))
    asker_organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    offer_id: Mapped[UUID | None] = mapped_column(ForeignKey("offers.id"))
    subject: Mapped[str] = mapped_column(Text)
    mode: Mapped[str] = mapped_column(Text)
    proposed_on: Mapped[list[date]] = mapped_column(ARRAY(Date))
    proposed_by: Mapped[str] = mapped_column(Text, default="asker", server_default="asker")
    waits_for: Mapped[str | None] = mapped_column(Text, default="provider")
    agreed_on: Mapped[date | None]
    asked_at: Mapped[datetime] = moment(now=True)
    touched_at: Mapped[datetime] = moment(now=True)
    declined_at: Mapped[datetime | None] = moment()
    closed_at: Mapped[datetime | None] = moment()
    status: Mapped[str] = mapped_column(Text, Computed(STATUS, persisted=True))

    __mapper_args__ = {"eager_defaults": True}


class ContactMessage(Model):
    """One act in an exchange with its words; `days` are those it proposes, or the one it accepts."""

    __tablename__ = "contact_messages"
    __table_args__ = (
        CheckConstraint(f"act IN ({sql_list(ACTS)})", name="act_known"),
        CheckConstraint(f"side IN ({sql_list(SIDES)})", name="side_known"),
        Index("ix_contact_messages_thread_id", "thread_id"),
    )

    id: Mapped[UUID] = id_column()
    thread_id: Mapped[UUID] = mapped_column(ForeignKey("contact_threads.id"))
    side: Mapped[str] = mapped_column(Text)
    act: Mapped[str] = mapped_column(Text)
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    body: Mapped[str] = mapped_column(Text, default="", server_default="")
    days: Mapped[list[date]] = mapped_column(ARRAY(Date), default=list, server_default="{}")
    sent_at: Mapped[datetime] = moment(now=True)


class PartnerSearch(Model):
    """A provider that chose to be found by others because HDS activities are missing to it."""

    __tablename__ = "partner_searches"
    __table_args__ = (CheckConstraint("cardinality(activities) > 0", name="some_activity"),)

    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"), primary_key=True)
    activities: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    listed_at: Mapped[datetime] = moment(now=True)
