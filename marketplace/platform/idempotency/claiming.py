"""The two steps around a keyed use case: claim the key first, remember what was made last, in its own transaction."""
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.platform import clock
from marketplace.platform.database import rows_changed, transaction
from marketplace.platform.errors import Conflict
from marketplace.platform.facts import without_floats
from marketplace.platform.idempotency.keys import RequestKey
from marketplace.platform.idempotency.models import IdempotencyKey
from marketplace.platform.permissions import Actor

KEPT = timedelta(days=30)
_SYSTEM = UUID(int=0)


def claim(session: Session, actor: Actor, key: RequestKey | None) -> Mapping[str, Any] | None:
    """Step, the first of its use case: None when the work is to be done, else what the same request made before.

    Two requests with one key at once: the second waits for the first, then finds its answer; when the first was refused
    its claim went with its transaction and the second does the work. Conflict `idempotency_key_reused` for the same key
    with another body or on another route. Without a key nothing is claimed.
    """
    if key is None:
        return None
    actor_id = actor.user_id or _SYSTEM
    values = {"actor_id": actor_id, "key": key.key, "route": key.route, "request_hash": key.request_hash}
    written = insert(IdempotencyKey).values(**values, claimed_at=clock.now()).on_conflict_do_nothing()
    if session.execute(written.returning(IdempotencyKey.key)).one_or_none() is not None:
        return None
    known = session.scalars(
        select(IdempotencyKey).where(IdempotencyKey.actor_id == actor_id, IdempotencyKey.key == key.key)
    ).one()
    if (known.route, known.request_hash) != (key.route, key.request_hash):
        raise Conflict(
            "idempotency_key_reused",
            "Cette clé d'idempotence a déjà servi à une autre demande, le {at} : prenez-en une nouvelle.",
            at=known.claimed_at,
        )
    return known.answer or {}


def remember(session: Session, actor: Actor, key: RequestKey | None, **answer: Any) -> None:
    """Step, the last of its use case: keep the ids of what was made, for whoever sends the request again."""
    if key is None:
        return
    facts = {name: str(value) if isinstance(value, UUID) else value for name, value in answer.items()}
    session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.actor_id == (actor.user_id or _SYSTEM), IdempotencyKey.key == key.key)
        .values(answer=without_floats(facts))
        .execution_options(synchronize_session=False)
    )


def forget_old_keys(now: datetime) -> int:
    """Use case of the worker: forget keys older than 30 days; how many."""
    with transaction() as session:
        return rows_changed(session, delete(IdempotencyKey).where(IdempotencyKey.claimed_at < now - KEPT))
