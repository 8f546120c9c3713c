"""Reads about notifications: a person sees its own and nobody else's."""
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.notifications.models import Notification, NotificationPreference
from marketplace.platform.errors import NotFound
from marketplace.platform.permissions import Actor


def select_notifications(actor: Actor, *, unread: bool = False) -> Select:
    """The caller's own notifications, all or only the unread ones."""
    statement = select(Notification).where(Notification.user_id == actor.user_id)
    return statement.where(Notification.read_at.is_(None)) if unread else statement


def get_notification(session: Session, actor: Actor, notification_id: UUID, *, lock: bool = False) -> Notification:
    """One of the caller's own notifications; NotFound otherwise."""
    statement = select_notifications(actor).where(Notification.id == notification_id)
    found = session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if found is None:
        raise NotFound("notification")
    return found


def count_unread(session: Session, actor: Actor) -> int:
    """How many notifications the caller has not read."""
    if actor.user_id is None:
        return 0
    return session.execute(
        select(func.count()).where(Notification.user_id == actor.user_id, Notification.read_at.is_(None))
    ).scalar_one()


def wants_mail(session: Session, user_id: UUID) -> bool:
    """Whether a person wants mail beside the list on the site: yes unless said otherwise."""
    chosen = session.execute(
        select(NotificationPreference.by_email).where(NotificationPreference.user_id == user_id)
    ).scalar_one_or_none()
    return chosen is not False


def list_enabled(session: Session, user_ids: Collection[UUID]) -> list[UUID]:
    """Those of the ids that are users who can still sign in, in id order."""
    if not user_ids:
        return []
    return list(
        session.scalars(select(User.id).where(User.id.in_(user_ids), User.disabled_at.is_(None)).order_by(User.id))
    )


def list_mailable(session: Session, telling_id: UUID) -> list[UUID]:
    """Ids of the notifications of one telling whose reader wants mail."""
    wanted = func.coalesce(NotificationPreference.by_email, literal(True))
    return list(
        session.scalars(
            select(Notification.id)
            .outerjoin(NotificationPreference, NotificationPreference.user_id == Notification.user_id)
            .where(Notification.telling_id == telling_id, wanted)
            .order_by(Notification.id)
        )
    )


def find_mail(session: Session, notification_id: UUID) -> tuple[Notification, User] | None:
    """A notification and its reader, for the mail; None when either went away since."""
    found = session.execute(
        select(Notification, User)
        .join(User, User.id == Notification.user_id)
        .where(Notification.id == notification_id, User.disabled_at.is_(None))
    ).one_or_none()
    return None if found is None else (found[0], found[1])
