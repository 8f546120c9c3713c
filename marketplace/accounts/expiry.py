"""Which ended sessions are forgotten: their rows serve nobody a month after the end."""
from datetime import datetime, timedelta

from sqlalchemy import delete, or_

from marketplace.accounts.models import UserSession
from marketplace.platform.database import rows_changed, transaction

KEPT_FOR = timedelta(days=30)


def forget_ended_sessions(now: datetime) -> int:
    """Use case: delete sessions expired or revoked more than 30 days ago; how many."""
    limit = now - KEPT_FOR
    with transaction() as session:
        ended = or_(UserSession.expires_at < limit, UserSession.revoked_at < limit)
        return rows_changed(session, delete(UserSession).where(ended))
