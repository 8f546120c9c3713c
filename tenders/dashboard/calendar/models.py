"""The secret address of a person's calendar: one at a time, kept as SHA-256, gone when revoked."""
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.database import Model, moment


class CalendarToken(Model):
    """The address in force; another one replaces it, revoking deletes it."""

    __tablename__ = "calendar_tokens"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime] = moment()
