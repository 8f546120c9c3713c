"""Exchanges between buyers and providers with what was said in them, and providers that look for a partner."""
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE contact_threads (
    id UUID NOT NULL,
    provider_id UUID NOT NULL,
    asker_organisation_id UUID NOT NULL,
    offer_id UUID,
    subject TEXT NOT NULL,
    mode TEXT NOT NULL,
    proposed_on DATE[] NOT NULL,
    proposed_by TEXT DEFAULT 'asker' NOT NULL,
    waits_for TEXT,
    agreed_on DATE,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    touched_at TIMESTAMP WITH TIME ZONE NOT NULL,
    declined_at TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    status TEXT GENERATED ALWAYS AS (CASE WHEN closed_at IS NOT NULL THEN 'closed' WHEN declined_at IS NOT NULL THEN 'declined' WHEN agreed_on IS NOT NULL THEN 'agreed' WHEN waits_for = 'asker' THEN 'answered' ELSE 'asked' END) STORED NOT NULL,
    CONSTRAINT pk_contact_threads PRIMARY KEY (id),
    CONSTRAINT fk_contact_threads_provider_id_providers FOREIGN KEY(provider_id) REFERENCES providers (id),
    CONSTRAINT fk_contact_threads_asker_organisation_id_organisations
        FOREIGN KEY(asker_organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_contact_threads_offer_id_offers FOREIGN KEY(offer_id) REFERENCES offers (id),
    CONSTRAINT ck_contact_threads_mode_known CHECK (mode IN ('on_site', 'remote')),
    CONSTRAINT ck_contact_threads_waits_for_known CHECK (waits_for IN ('asker', 'provider')),
    CONSTRAINT ck_contact_threads_proposed_by_known CHECK (proposed_by IN ('asker', 'provider')),
    CONSTRAINT ck_contact_threads_some_days_proposed CHECK (cardinality(proposed_on) BETWEEN 1 AND 5),
    -- A day is agreed among those that were proposed, and then nobody waits for anybody.
    CONSTRAINT ck_contact_threads_agreed_as_proposed
        CHECK (agreed_on IS NULL OR (agreed_on = ANY (proposed_on) AND waits_for IS NULL)),
    CONSTRAINT ck_contact_threads_declined_or_agreed
        CHECK (declined_at IS NULL OR (agreed_on IS NULL AND waits_for IS NULL)),
    CONSTRAINT ck_contact_threads_closed_waits_for_nobody CHECK (closed_at IS NULL OR waits_for IS NULL),
    CONSTRAINT ck_contact_threads_somebody_answers
        CHECK (waits_for IS NOT NULL OR num_nonnulls(agreed_on, declined_at, closed_at) > 0)
);
CREATE INDEX ix_contact_threads_provider_id ON contact_threads (provider_id);
CREATE INDEX ix_contact_threads_asker_organisation_id ON contact_threads (asker_organisation_id);

CREATE TABLE contact_messages (
    id UUID NOT NULL,
    thread_id UUID NOT NULL,
    side TEXT NOT NULL,
    act TEXT NOT NULL,
    author_id UUID,
    body TEXT DEFAULT '' NOT NULL,
    days DATE[] DEFAULT '{}' NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_contact_messages PRIMARY KEY (id),
    CONSTRAINT fk_contact_messages_thread_id_contact_threads FOREIGN KEY(thread_id) REFERENCES contact_threads (id),
    CONSTRAINT fk_contact_messages_author_id_users FOREIGN KEY(author_id) REFERENCES users (id),
    CONSTRAINT ck_contact_messages_act_known CHECK (act IN ('ask', 'write', 'propose', 'accept', 'decline', 'close')),
    CONSTRAINT ck_contact_messages_side_known CHECK (side IN ('asker', 'provider'))
);
CREATE INDEX ix_contact_messages_thread_id ON contact_messages (thread_id);

CREATE TABLE partner_searches (
    provider_id UUID NOT NULL,
    activities INTEGER[] NOT NULL,
    note TEXT DEFAULT '' NOT NULL,
    listed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_partner_searches PRIMARY KEY (provider_id),
    CONSTRAINT fk_partner_searches_provider_id_providers FOREIGN KEY(provider_id) REFERENCES providers (id),
    CONSTRAINT ck_partner_searches_some_activity CHECK (cardinality(activities) > 0)
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE partner_searches, contact_messages, contact_threads")
