"""What is known of each stored file; its bytes are on disk, under its owner and its id."""
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.database import Model, id_column, moment
from marketplace.platform.files.rules import LARGEST_FILE, WORDS

_TYPES = ", ".join(f"'{content_type}'" for content_type in WORDS)


class StoredFile(Model):
    """A file of an organisation. Whoever may read the row that names it may read it; its hash opens nothing."""

    __tablename__ = "stored_files"
    __table_args__ = (
        CheckConstraint(f"content_type IN ({_TYPES})", name="content_type_accepted"),
        CheckConstraint(f"size BETWEEN 1 AND {LARGEST_FILE}", name="size_accepted"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_is_one"),
        Index("ix_stored_files_owner_id", "owner_id"),
    )

    id: Mapped[UUID] = id_column()
    owner_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(Text)
    content_type: Mapped[str] = mapped_column(Text)
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(Text)
    stored_at: Mapped[datetime] = moment(now=True)
    stored_by: Mapped[UUID | None]
