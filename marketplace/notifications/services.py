"""Telling people: one outbox row in the act's transaction, fanned out to readers and mails by the dispatcher."""
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.accounts import queries as accounts_queries
from marketplace.notifications import queries, templates
from marketplace.notifications.events import OrganisationsOf
from marketplace.notifications.models import Notification, NotificationPreference
from marketplace.platform import clock, events
from marketplace.platform.database import new_id, rows_changed, transaction
from marketplace.platform.errors import NotFound
from marketplace.platform.facts import pack, to_json
from marketplace.platform.outbox.writing import enqueue_many
from marketplace.platform.permissions import Actor, require

TELLING = "notification"
MAILING = "notification_mail"
THOSE_WHO_ACT = ("admin", "signatory", "buyer", "contributor", "operator")
"""Roles told by default when an organisation is told: everybody there but mere viewers."""

Ids = Iterable[UUID]


@dataclass(frozen=True)
class Telling:
    """One thing to tell, and to whom; ids are users, organisations or establishments."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    user_ids: Sequence[UUID] = ()
    organisation_ids: Sequence[UUID] = ()
    establishment_ids: Sequence[UUID] = ()
    roles: Sequence[str] = THOSE_WHO_ACT


def tell(
    session: Session, *, template: str, values: Mapping[str, Any], user_ids: Ids = (), organisation_ids: Ids = (),
    establishment_ids: Ids = (), roles: Sequence[str] = THOSE_WHO_ACT,
) -> None:  # fmt: skip
    """Step: tell people something; one INSERT, whatever their number.

    `template` is a registered code; `values` fill it (numbers, Decimals, days, moments, Sentences keep their type).
    Organisations and establishments stand for the people there who hold one of `roles`, at delivery.
    LookupError for an unknown code, KeyError when a value is missing.
    """
    tell_many(session, [Telling(template, values, list(user_ids), list(organisation_ids), list(establishment_ids), roles)])


def tell_many(session: Session, tellings: Iterable[Telling]) -> None:
    """Step: the same for several different tellings (a closing tells each member its own outcome)."""
    enqueue_many(session, TELLING, [(_payload(telling), None) for telling in tellings])


def outbox_row(telling: Telling) -> tuple[str, dict[str, Any]]:
    """The telling as an outbox row (kind, payload), for a step that writes it together with something else."""
    return TELLING, _payload(telling)


def _payload(telling: Telling) -> dict[str, Any]:
    missing = templates.names_in(templates.get_template(telling.template)) - set(telling.values)
    if missing:
        raise KeyError(f"notification {telling.template!r} needs {', '.join(sorted(missing))}")
    return {
        "id": str(new_id()), "template": telling.template, "values": pack(telling.values), "roles": list(telling.roles),
        "user_ids": [str(each) for each in telling.user_ids],
        "organisation_ids": [str(each) for each in telling.organisation_ids],
        "establishment_ids": [str(each) for each in telling.establishment_ids],
    }  # fmt: skip


_FAN_OUT = text(
    "INSERT INTO notifications (id, telling_id, user_id, template, values, created_at) "
    "VALUES (:id, :telling_id, :user_id, :template, CAST(:values AS jsonb), :now) ON CONFLICT DO NOTHING"
)


def deliver_telling(payload: dict[str, Any]) -> None:
    """Outbox handler: one notification per reader, and one mail to send for each who wants mail. Repeatable."""
    now, values = clock.now(), to_json(payload["values"])
    with transaction() as session:
        readers = _readers(session, payload)
        rows = [
            {"id": new_id(), "telling_id": UUID(payload["id"]), "user_id": reader, "template": payload["template"],
             "values": values, "now": now}
            for reader in readers
        ]  # fmt: skip
        if not rows:
            return
        session.execute(_FAN_OUT, rows)
        by_mail = queries.list_mailable(session, UUID(payload["id"]))
        enqueue_many(session, MAILING, [({"notification_id": each}, f"{MAILING}:{each}") for each in by_mail])


def _readers(session: Session, payload: dict[str, Any]) -> list[UUID]:
    organisations = [UUID(each) for each in payload["organisation_ids"]]
    if payload["establishment_ids"]:
        question = OrganisationsOf(tuple(UUID(each) for each in payload["establishment_ids"]))
        organisations += events.ask(session, question)
    people = {UUID(each) for each in payload["user_ids"]}
    if organisations:
        people |= set(accounts_queries.list_people(session, organisations, tuple(payload["roles"])))
    return queries.list_enabled(session, people)


def mark_read(actor: Actor, notification_id: UUID) -> Notification:
    """Mark one of the caller's own notifications as read; again changes nothing."""
    with transaction() as session:
        require(actor, "notification.manage")
        notification = queries.get_notification(session, actor, notification_id, lock=True)
        notification.read_at = notification.read_at or clock.now()
    return notification


def mark_all_read(actor: Actor) -> int:
    """Mark everything the caller has not read; how many."""
    with transaction() as session:
        require(actor, "notification.manage")
        unread = update(Notification).where(Notification.user_id == _own(actor), Notification.read_at.is_(None))
        return rows_changed(session, unread.values(read_at=clock.now()))


def choose_mail(actor: Actor, *, by_email: bool) -> None:
    """Remember whether the caller wants mail beside the list on the site."""
    with transaction() as session:
        require(actor, "notification.manage")
        statement = insert(NotificationPreference).values(user_id=_own(actor), by_email=by_email)
        session.execute(
            statement.on_conflict_do_update(index_elements=["user_id"], set_={"by_email": statement.excluded.by_email})
        )


def _own(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise NotFound("user")
    return actor.user_id
