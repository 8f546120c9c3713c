"""The platform's own tables: audit (append-only, sealed by a job), outbox, throttle, and the mailbox used without SMTP."""
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

AUDIT = """
CREATE TABLE audit_events (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor_user_id UUID,
    organisation_id UUID,
    action TEXT NOT NULL,
    subject_type TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    before JSONB,
    after JSONB,
    personal_digest TEXT,
    CONSTRAINT pk_audit_events PRIMARY KEY (id)
);

CREATE INDEX ix_audit_events_subject_type_subject_id ON audit_events (subject_type, subject_id);

CREATE INDEX ix_audit_events_organisation_id ON audit_events (organisation_id);

CREATE TABLE audit_personal (
    event_id BIGINT NOT NULL,
    salt TEXT NOT NULL,
    personal JSONB NOT NULL,
    CONSTRAINT pk_audit_personal PRIMARY KEY (event_id),
    CONSTRAINT fk_audit_personal_event_id_audit_events FOREIGN KEY(event_id) REFERENCES audit_events (id)
);

CREATE TABLE audit_unsealed (
    event_id BIGINT NOT NULL,
    CONSTRAINT pk_audit_unsealed PRIMARY KEY (event_id)
);

CREATE TABLE audit_seals (
    seq BIGINT NOT NULL,
    ids INT8MULTIRANGE NOT NULL,
    rows INTEGER NOT NULL,
    rows_hash TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    sealed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_audit_seals PRIMARY KEY (seq)
);
"""

# Append-only: what was recorded or sealed cannot be changed nor removed, whoever asks (architecture §6).
REFUSE_FUNCTION = """
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'the audit is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$body$
"""
# Queued in the event's own transaction: a transaction that commits late is queued when it commits, never skipped.
QUEUE_FUNCTION = """
CREATE FUNCTION audit_queue_for_sealing() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO audit_unsealed (event_id) VALUES (NEW.id);
    RETURN NULL;
END
$body$
"""
TRIGGERS = """
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

CREATE TRIGGER audit_seals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

CREATE TRIGGER audit_events_queued AFTER INSERT ON audit_events
    FOR EACH ROW EXECUTE FUNCTION audit_queue_for_sealing();
"""

OUTBOX = """
CREATE TABLE outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    payload JSONB NOT NULL,
    dedupe_key TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_attempt_at TIMESTAMP WITH TIME ZONE NOT NULL,
    attempts INTEGER DEFAULT '0' NOT NULL,
    last_error TEXT,
    done_at TIMESTAMP WITH TIME ZONE,
    given_up_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_outbox PRIMARY KEY (id),
    CONSTRAINT ck_outbox_ends_once CHECK (done_at IS NULL OR given_up_at IS NULL)
);

CREATE UNIQUE INDEX uq_outbox_dedupe_key ON outbox (dedupe_key) WHERE dedupe_key IS NOT NULL;

CREATE INDEX ix_outbox_waiting ON outbox (next_attempt_at, id) WHERE done_at IS NULL AND given_up_at IS NULL;
"""

THROTTLE_AND_MAILBOX = """
CREATE TABLE throttle (
    key TEXT NOT NULL,
    window_start TIMESTAMP WITH TIME ZONE NOT NULL,
    window_end TIMESTAMP WITH TIME ZONE NOT NULL,
    count INTEGER NOT NULL,
    CONSTRAINT pk_throttle PRIMARY KEY (key)
);

CREATE INDEX ix_throttle_window_end ON throttle (window_end);

CREATE TABLE mailbox (
    id UUID NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_mailbox PRIMARY KEY (id)
);

CREATE INDEX ix_mailbox_recipient ON mailbox (recipient);
"""


def upgrade() -> None:
    for statements in (AUDIT, REFUSE_FUNCTION, QUEUE_FUNCTION, TRIGGERS, OUTBOX, THROTTLE_AND_MAILBOX):
        op.execute(statements)


def downgrade() -> None:
    op.execute("DROP TABLE mailbox, throttle, outbox, audit_seals, audit_unsealed, audit_personal, audit_events")
    op.execute("DROP FUNCTION audit_queue_for_sealing, audit_refuse_change")
