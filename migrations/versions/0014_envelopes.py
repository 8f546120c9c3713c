"""Ledgers of envelopes and their alerts; reminders, weekly summaries and calendars of the dashboard."""
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE envelopes (
    lot_id UUID NOT NULL,
    vehicle_id UUID NOT NULL,
    unit_amount NUMERIC(24, 4),
    minimum BIGINT,
    maximum BIGINT,
    maximum_amount NUMERIC(38, 2),
    committed BIGINT DEFAULT '0' NOT NULL,
    called_off BIGINT DEFAULT '0' NOT NULL,
    released BIGINT DEFAULT '0' NOT NULL,
    adjusted BIGINT DEFAULT '0' NOT NULL,
    engaged_amount NUMERIC(38, 2) DEFAULT '0' NOT NULL,
    called_off_amount NUMERIC(38, 2) DEFAULT '0' NOT NULL,
    entries BIGINT DEFAULT '0' NOT NULL,
    CONSTRAINT pk_envelopes PRIMARY KEY (lot_id),
    -- At its maximum an agreement has exhausted its effects: commitments and orders stop.
    CONSTRAINT ck_envelopes_within_maximum CHECK (GREATEST(committed + released + adjusted, called_off) <= maximum),
    CONSTRAINT ck_envelopes_within_maximum_amount CHECK (GREATEST(engaged_amount, called_off_amount) <= maximum_amount),
    CONSTRAINT ck_envelopes_not_negative CHECK (LEAST(committed + released + adjusted, called_off) >= 0),
    CONSTRAINT fk_envelopes_lot_id_lots FOREIGN KEY(lot_id) REFERENCES lots (id),
    CONSTRAINT fk_envelopes_vehicle_id_vehicles FOREIGN KEY(vehicle_id) REFERENCES vehicles (id)
);
CREATE INDEX ix_envelopes_vehicle_id ON envelopes (vehicle_id);

CREATE TABLE envelope_entries (
    lot_id UUID NOT NULL,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    amount NUMERIC(38, 2),
    reason TEXT NOT NULL,
    note TEXT,
    booked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    booked_by UUID,
    CONSTRAINT pk_envelope_entries PRIMARY KEY (lot_id, number),
    CONSTRAINT ck_envelope_entries_kind_known CHECK (kind IN ('minimum', 'maximum', 'committed', 'called_off', 'released', 'adjusted')),
    CONSTRAINT ck_envelope_entries_reason_known CHECK (reason IN ('lot_opened', 'lot_closed', 'ordered', 'lot_cancelled', 'vehicle_ended', 'correction')),
    -- A commitment adds, a release takes away; only a maximum may be nothing at all.
    CONSTRAINT ck_envelope_entries_sign_of_kind CHECK (CASE kind WHEN 'committed' THEN quantity > 0 WHEN 'released' THEN quantity < 0 WHEN 'maximum' THEN true ELSE quantity <> 0 END),
    -- Who corrects says why.
    CONSTRAINT ck_envelope_entries_correction_explained CHECK ((reason = 'correction') = (note IS NOT NULL) AND btrim(note) <> ''),
    CONSTRAINT fk_envelope_entries_lot_id_envelopes FOREIGN KEY(lot_id) REFERENCES envelopes (lot_id),
    CONSTRAINT fk_envelope_entries_booked_by_users FOREIGN KEY(booked_by) REFERENCES users (id)
);

-- The primary key is "each threshold once".
CREATE TABLE envelope_alerts (
    lot_id UUID NOT NULL,
    threshold INTEGER NOT NULL,
    used BIGINT NOT NULL,
    raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_envelope_alerts PRIMARY KEY (lot_id, threshold),
    CONSTRAINT ck_envelope_alerts_threshold_known CHECK (threshold IN (70, 85, 95, 100)),
    CONSTRAINT fk_envelope_alerts_lot_id_envelopes FOREIGN KEY(lot_id) REFERENCES envelopes (lot_id)
);

-- The primary key is "once a day".
CREATE TABLE lot_reminders (
    lot_id UUID NOT NULL,
    sent_on DATE NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sent_by UUID NOT NULL,
    establishments INTEGER NOT NULL,
    CONSTRAINT pk_lot_reminders PRIMARY KEY (lot_id, sent_on),
    CONSTRAINT ck_lot_reminders_somebody_reminded CHECK (establishments > 0),
    CONSTRAINT fk_lot_reminders_lot_id_lots FOREIGN KEY(lot_id) REFERENCES lots (id),
    CONSTRAINT fk_lot_reminders_sent_by_users FOREIGN KEY(sent_by) REFERENCES users (id)
);

-- The primary key is "once a week".
CREATE TABLE centre_summaries (
    organisation_id UUID NOT NULL,
    week DATE NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_centre_summaries PRIMARY KEY (organisation_id, week),
    CONSTRAINT fk_centre_summaries_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id)
);

CREATE TABLE calendar_tokens (
    user_id UUID NOT NULL,
    token_hash TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_calendar_tokens PRIMARY KEY (user_id),
    CONSTRAINT uq_calendar_tokens_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_calendar_tokens_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_need_versions_changed_at ON need_versions (changed_at);
"""
# Lots opened before have ledgers too: their bounds, then what their met closing ordered, then what a cancellation or
# the vehicle's end gave back.
LEDGERS = """
INSERT INTO envelopes (lot_id, vehicle_id, unit_amount)
SELECT id, vehicle_id, reference_unit_price * CASE price_period WHEN 'once' THEN 1 WHEN 'month' THEN term_months
           ELSE ceil(term_months / 12.0) END
FROM lots WHERE opened_at IS NOT NULL;

WITH known AS (
    SELECT id AS lot_id, 1 AS place, 'minimum' AS kind, minimum_quantity AS quantity,
           CASE WHEN minimum_basis = 'amount' THEN minimum_value END AS amount, 'lot_opened' AS reason, opened_at AS at
    FROM lots WHERE opened_at IS NOT NULL AND minimum_quantity IS NOT NULL
    UNION ALL
    SELECT id, 2, 'maximum', maximum_quantity, CASE WHEN maximum_basis = 'amount' THEN maximum_value END, 'lot_opened', opened_at
    FROM lots WHERE opened_at IS NOT NULL AND maximum_quantity IS NOT NULL
    UNION ALL
    SELECT c.lot_id, 3, 'committed', c.ordered_quantity, round(c.ordered_quantity * e.unit_amount, 2), 'lot_closed', c.decided_at
    FROM closings c JOIN envelopes e USING (lot_id) WHERE c.outcome = 'met' AND c.ordered_quantity > 0
    UNION ALL
    SELECT c.lot_id, 4, 'released', -c.ordered_quantity, -round(c.ordered_quantity * e.unit_amount, 2),
           CASE WHEN l.cancelled_at IS NOT NULL THEN 'lot_cancelled' ELSE 'vehicle_ended' END,
           COALESCE(l.cancelled_at, v.ends_on + INTERVAL '1 day')
    FROM closings c JOIN envelopes e USING (lot_id) JOIN lots l ON l.id = c.lot_id JOIN vehicles v ON v.id = l.vehicle_id
    WHERE c.outcome = 'met' AND c.ordered_quantity > 0
      AND (l.cancelled_at IS NOT NULL OR v.ends_on < current_date AND NOT EXISTS (
          SELECT FROM lot_totals t WHERE t.lot_id = c.lot_id AND t.members > 0))
)
INSERT INTO envelope_entries (lot_id, number, kind, quantity, amount, reason, booked_at)
SELECT lot_id, row_number() OVER (PARTITION BY lot_id ORDER BY place), kind, quantity, amount, reason, at FROM known;

UPDATE envelopes e SET
    minimum = s.minimum, maximum = s.maximum, maximum_amount = s.maximum_amount, committed = s.committed,
    released = s.released, engaged_amount = s.engaged_amount, entries = s.entries
FROM (
    SELECT lot_id, sum(quantity) FILTER (WHERE kind = 'minimum') AS minimum,
           sum(quantity) FILTER (WHERE kind = 'maximum') AS maximum,
           sum(amount) FILTER (WHERE kind = 'maximum') AS maximum_amount,
           COALESCE(sum(quantity) FILTER (WHERE kind = 'committed'), 0) AS committed,
           COALESCE(sum(quantity) FILTER (WHERE kind = 'released'), 0) AS released,
           COALESCE(sum(amount) FILTER (WHERE kind IN ('committed', 'released')), 0) AS engaged_amount,
           count(*) AS entries
    FROM envelope_entries GROUP BY lot_id
) s WHERE s.lot_id = e.lot_id
"""
APPEND_ONLY = (
    "CREATE TRIGGER envelope_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON envelope_entries "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()"
)


def upgrade() -> None:
    for statement in (TABLES, LEDGERS, APPEND_ONLY):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP INDEX ix_need_versions_changed_at")
    for table in (
        "calendar_tokens", "centre_summaries", "lot_reminders", "envelope_alerts", "envelope_entries", "envelopes"
    ):
        op.execute(f"DROP TABLE {table}")
