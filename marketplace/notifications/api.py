"""JSON: my notifications, and whether I also want mail."""
from typing import Any
from uuid import UUID

from marketplace.notifications import queries, services
from marketplace.notifications.reading import Read, read_page, reworded
from marketplace.notifications.schemas import (
    AllReadOut,
    NotificationArgs,
    NotificationOut,
    NotificationsOut,
    PreferencesIn,
    PreferencesOut,
)
from marketplace.platform.api import blueprint, current_actor, guard, require_signed_in
from marketplace.platform.database import db

bp = blueprint("notifications", __name__)


@bp.get("/notifications")
@guard("notification.read")
@bp.arguments(NotificationArgs, location="query")
@bp.response(200, NotificationsOut)
def list_notifications(args: dict[str, Any]) -> dict[str, Any]:
    """The caller's own notifications, newest first."""
    return read_page(db.session(), current_actor(), **args)


@bp.post("/notifications/reading")
@guard("notification.manage")
@bp.response(200, AllReadOut)
def mark_all_read() -> dict[str, int]:
    """Mark everything as read."""
    return {"marked": services.mark_all_read(current_actor())}


@bp.put("/notifications/<uuid:notification_id>/reading")
@guard("notification.manage")
@bp.response(200, NotificationOut)
def mark_read(notification_id: UUID) -> Read:
    """Mark one as read; again changes nothing."""
    return reworded(services.mark_read(current_actor(), notification_id))


@bp.get("/notifications/preferences")
@guard("notification.read")
@bp.response(200, PreferencesOut)
def show_preferences() -> dict[str, bool]:
    """Whether the caller wants mail beside the list on the site."""
    actor = require_signed_in()
    assert actor.user_id is not None
    return {"by_email": queries.wants_mail(db.session(), actor.user_id)}


@bp.put("/notifications/preferences")
@guard("notification.manage")
@bp.arguments(PreferencesIn)
@bp.response(200, PreferencesOut)
def choose_preferences(body: dict[str, Any]) -> dict[str, Any]:
    """Say whether mail is wanted."""
    services.choose_mail(current_actor(), **body)
    return body
