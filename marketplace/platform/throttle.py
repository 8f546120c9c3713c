"""How often something may be tried: a counter per key and window, kept in the database and so shared by all processes."""
import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Index, Text, delete, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform import clock
from marketplace.platform.database import Model, moment, rows_changed, transaction
from marketplace.platform.errors import TooMany


class Throttle(Model):
    """Tries under one key since its window opened. The key is a hash: addresses and accounts are not kept."""

    __tablename__ = "throttle"
    __table_args__ = (Index("ix_throttle_window_end", "window_end"),)

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    window_start: Mapped[datetime] = moment()
    window_end: Mapped[datetime] = moment()
    count: Mapped[int]


# One statement: two processes at once count two. A window that has ended starts again at one.
_HIT = text("""
    INSERT INTO throttle AS t (key, window_start, window_end, count) VALUES (:key, :now, :window_end, 1)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN t.window_end <= excluded.window_start THEN 1 ELSE t.count + 1 END,
        window_start = CASE WHEN t.window_end <= excluded.window_start THEN excluded.window_start ELSE t.window_start END,
        window_end = CASE WHEN t.window_end <= excluded.window_start THEN excluded.window_end ELSE t.window_end END
    RETURNING count, window_end
""")


def hit(key: str, *, limit: int, window: timedelta) -> None:
    """Use case: count one try under `key`; TooMany (429, `retry_after` in seconds) beyond `limit` within `window`.

    Commits on its own, so that the try counts even when what follows fails: call it outside any transaction.
    """
    now = clock.now()
    with transaction() as session:
        count, window_end = session.execute(
            _HIT, {"key": hashlib.sha256(key.encode()).hexdigest(), "now": now, "window_end": now + window}
        ).one()
    if count > limit:
        raise TooMany(max(1, -int((now - window_end).total_seconds() // 1)))


def sweep(now: datetime) -> int:
    """Use case: forget windows that have ended; how many."""
    with transaction() as session:
        return rows_changed(session, delete(Throttle).where(Throttle.window_end <= now))
