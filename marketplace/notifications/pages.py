"""HTML: my notifications, and whether I also want mail."""
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.notifications import queries, services
from marketplace.notifications.reading import read_page, reworded
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db

bp = page_blueprint("notifications", __name__)


@bp.get("/notifications")
@guard("notification.read")
def list_notifications() -> str:
    """What I was told, newest first; unread first in words, not in colour alone."""
    actor, session = current_actor(), db.session()
    page = read_page(session, actor, cursor=request.args.get("cursor"))
    wants_mail = actor.user_id is not None and queries.wants_mail(session, actor.user_id)
    unread = queries.count_unread(session, actor)
    return render_template("notifications/list.html", page=page, unread=unread, by_email=wants_mail)


@bp.post("/notifications/<uuid:notification_id>")
@guard("notification.manage")
def open_notification(notification_id: UUID) -> Response:
    """Mark one as read and go where it leads."""
    opened = reworded(services.mark_read(current_actor(), notification_id))
    return redirect(opened.link or url_for(".list_notifications"))


@bp.post("/notifications/lecture")
@guard("notification.manage")
def mark_all_read() -> Response:
    """Mark everything as read."""
    services.mark_all_read(current_actor())
    flash(_("Tout est marqué comme lu."), "success")
    return redirect(url_for(".list_notifications"))


@bp.post("/notifications/preferences")
@guard("notification.manage")
def choose_mail() -> Any:
    """Say whether mail is wanted."""
    wanted = request.form.get("by_email") == "1"
    services.choose_mail(current_actor(), by_email=wanted)
    flash(
        _("Vous recevrez aussi ces messages par courrier électronique.")
        if wanted
        else _("Vous ne recevrez plus ces messages par courrier électronique ; ils restent sur cette page."),
        "success",
    )
    return redirect(url_for(".list_notifications"))
