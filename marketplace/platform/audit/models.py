"""Tables of the audit: events and seals (append-only, held by triggers), the queue to seal, erasable personal values."""
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, BigInteger, ForeignKey, Identity, Index, Text, event
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.platform.database import Model, moment


class AuditEvent(Model):
    """One act. `before` and `after` are ids and facts, never personal values; no actor means the system."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_subject_type_subject_id", "subject_type", "subject_id"),
        Index("ix_audit_events_organisation_id", "organisation_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    occurred_at: Mapped[datetime] = moment()
    actor_user_id: Mapped[UUID | None]
    organisation_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(Text)
    subject_type: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[str] = mapped_column(Text)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    # SHA-256 of the personal values with their salt: proves them while they are kept, says nothing once erased.
    personal_digest: Mapped[str | None] = mapped_column(Text)


class AuditPersonal(Model):
    """Personal values of an event: the one part of the audit that may be erased (GDPR art. 17)."""

    __tablename__ = "audit_personal"

    event_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("audit_events.id"), primary_key=True, autoincrement=False)
    salt: Mapped[str] = mapped_column(Text)
    personal: Mapped[dict[str, Any]] = mapped_column(JSONB)


class AuditUnsealed(Model):
    """Events still to seal: filled by a trigger in the event's own transaction, so a late commit is never missed."""

    __tablename__ = "audit_unsealed"

    event_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class AuditSeal(Model):
    """A sealed batch: which events, their hash, and the chain to the seal before."""

    __tablename__ = "audit_seals"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    ids: Mapped[Any] = mapped_column(INT8MULTIRANGE)
    rows: Mapped[int]
    rows_hash: Mapped[str] = mapped_column(Text)
    prev_hash: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(Text)
    sealed_at: Mapped[datetime] = moment()


REFUSE_FUNCTION = """
CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'the audit is append-only: %% on %% is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$body$
"""
QUEUE_FUNCTION = """
CREATE OR REPLACE FUNCTION audit_queue_for_sealing() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO audit_unsealed (event_id) VALUES (NEW.id);
    RETURN NULL;
END
$body$
"""


def refuse_changes(table: str) -> str:
    """The statement that makes a table append-only: UPDATE, DELETE and TRUNCATE fail, whoever asks."""
    return (
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()"
    )


QUEUE_TRIGGER = (
    "CREATE TRIGGER audit_events_queued AFTER INSERT ON audit_events "
    "FOR EACH ROW EXECUTE FUNCTION audit_queue_for_sealing()"
)

for _statement in (REFUSE_FUNCTION, QUEUE_FUNCTION, refuse_changes("audit_events"), QUEUE_TRIGGER):
    event.listen(AuditEvent.__table__, "after_create", DDL(_statement))
for _statement in (REFUSE_FUNCTION, refuse_changes("audit_seals")):
    event.listen(AuditSeal.__table__, "after_create", DDL(_statement))
