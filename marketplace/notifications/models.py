"""In-app notifications, one row per reader, and each reader's preference for mail."""
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.database import Model, id_column, moment


class Notification(Model):
    """Something told to one person: a template code and its values, worded in the reader's language when read."""

    __tablename__ = "notifications"
    __table_args__ = (
        # One telling reaches a person once, however often the dispatcher tries.
        UniqueConstraint("telling_id", "user_id"),
        Index("ix_notifications_user_id_created_at_id", "user_id", "created_at", "id"),
        Index("ix_notifications_unread", "user_id", postgresql_where=text("read_at IS NULL")),
    )

    id: Mapped[UUID] = id_column()
    telling_id: Mapped[UUID]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    template: Mapped[str] = mapped_column(Text)
    values: Mapped[dict[str, Any]] = mapped_column("values", JSONB)
    created_at: Mapped[datetime] = moment()
    read_at: Mapped[datetime | None] = moment()


class NotificationPreference(Model):
    """Whether a person also wants mail; no row means yes."""

    __tablename__ = "notification_preferences"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    by_email: Mapped[bool]
