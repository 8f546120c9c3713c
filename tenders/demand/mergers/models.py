"""Votes on mergers: what was proposed, who may vote with how much, and what was decided."""
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.database import Model, id_column, moment, sql_list
from tenders.demand.mergers.rules import CHOICES, OUTCOMES, SCOPES


class Merger(Model):
    """A merger put to the vote after a round that missed its minimum. While it runs the lot's needs stay as they are.

    `target_lot_id` or `target_grappe_id` is NULL until the centre chose; `proposed_by` NULL: the only target there was.
    `bodies` are the rules each body votes by, frozen when the vote opens; `results` the counts when it ended.
    `next_check_at` is when the worker looks at it: the last day to choose, then the end of the vote.
    """

    __tablename__ = "mergers"
    __table_args__ = (
        UniqueConstraint("lot_id", "round"),
        CheckConstraint(f"scope IN ({sql_list(SCOPES)})", name="scope_known"),
        CheckConstraint(f"outcome IN ({sql_list(OUTCOMES)})", name="outcome_known"),
        CheckConstraint("num_nonnulls(target_lot_id, target_grappe_id) = num_nonnulls(votes_close_at)",
                        name="vote_has_one_target"),
        CheckConstraint("target_lot_id <> lot_id", name="target_is_another_lot"),
        CheckConstraint("(decided_at IS NULL) = (outcome IS NULL)", name="decided_with_outcome"),
        # Decided, nobody looks at it again; undecided, the worker will.
        CheckConstraint("(decided_at IS NULL) = (next_check_at IS NOT NULL)", name="checked_until_decided"),
        # One vote at a time on a lot.
        Index("uq_mergers_running", "lot_id", unique=True, postgresql_where=text("decided_at IS NULL")),
        Index("ix_mergers_next_check_at", "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")),
    )  # fmt: skip

    id: Mapped[UUID] = id_column()
    # Through the totals rows, not lots: the check of a foreign key locks the row (tenders/demand/writing.py).
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot_totals.lot_id"))
    round: Mapped[int]
    scope: Mapped[str] = mapped_column(Text)
    target_lot_id: Mapped[UUID | None] = mapped_column(ForeignKey("lot_totals.lot_id"))
    target_grappe_id: Mapped[UUID | None]
    proposed_at: Mapped[datetime] = moment(now=True)
    proposed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    votes_close_at: Mapped[datetime | None] = moment()
    next_check_at: Mapped[datetime | None] = moment()
    bodies: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default="[]")
    decided_at: Mapped[datetime | None] = moment()
    outcome: Mapped[str | None] = mapped_column(Text)
    results: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default="[]")


class MergerVote(Model):
    """One establishment on the roll, with the units it weighs; `choice` NULL until it votes. The last choice counts.

    `grappe_id` is the body it votes in (NULL: those without a grappe), `is_host` whether that body receives the others.
    """

    __tablename__ = "merger_votes"
    __table_args__ = (
        CheckConstraint(f"choice IN ({sql_list(CHOICES)})", name="choice_known"),
        CheckConstraint("(choice IS NULL) = (voted_at IS NULL) AND (choice IS NULL) = (voted_by IS NULL)",
                        name="vote_is_somebodys"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("ix_merger_votes_organisation_id", "organisation_id"),
    )  # fmt: skip

    merger_id: Mapped[UUID] = mapped_column(ForeignKey("mergers.id"), primary_key=True)
    establishment_id: Mapped[UUID] = mapped_column(ForeignKey("establishments.id"), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    grappe_id: Mapped[UUID | None]
    is_host: Mapped[bool]
    quantity: Mapped[int] = mapped_column(BigInteger)
    choice: Mapped[str | None] = mapped_column(Text)
    voted_at: Mapped[datetime | None] = moment()
    voted_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
