"""Which keyed requests were done, by whom, and what they made."""
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.database import Model, moment


class IdempotencyKey(Model):
    """One request done once. `answer` holds the ids of what it made; NULL only inside the transaction that makes it."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        # The primary key is "once": a second request with the key waits for the first, then finds its answer.
        CheckConstraint("request_hash ~ '^[0-9a-f]{64}$'", name="request_hash_is_one"),
        Index("ix_idempotency_keys_claimed_at", "claimed_at"),
    )

    actor_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    route: Mapped[str] = mapped_column(Text)
    request_hash: Mapped[str] = mapped_column(Text)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    claimed_at: Mapped[datetime] = moment(now=True)
