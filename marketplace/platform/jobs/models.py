"""When each periodic job last ran: what tells a dead worker from a quiet one."""
from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.database import Model, moment


class JobRun(Model):
    """The last run of a periodic job, and how often it failed in a row."""

    __tablename__ = "job_runs"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    ended_at: Mapped[datetime] = moment()
    succeeded_at: Mapped[datetime | None] = moment()
    failures: Mapped[int] = mapped_column(server_default="0", default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
