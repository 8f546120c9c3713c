"""The outbox table."""
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.database import Model, moment


class OutboxRow(Model):
    """Something to deliver. It ends either done or given up; until then `next_attempt_at` says when to try."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("done_at IS NULL OR given_up_at IS NULL", name="ends_once"),
        # A row enqueued twice under one key is delivered once.
        Index("uq_outbox_dedupe_key", "dedupe_key", unique=True, postgresql_where=text("dedupe_key IS NOT NULL")),
        # What the dispatcher reads: only rows still to deliver.
        Index(
            "ix_outbox_waiting", "next_attempt_at", "id", postgresql_where=text("done_at IS NULL AND given_up_at IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    dedupe_key: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = moment()
    next_attempt_at: Mapped[datetime] = moment()
    attempts: Mapped[int] = mapped_column(server_default="0", default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None] = moment()
    given_up_at: Mapped[datetime | None] = moment()
