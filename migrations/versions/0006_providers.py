"""Providers: one profile per provider organisation, with the platform's decisions."""
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE providers (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    name TEXT NOT NULL,
    search_text TEXT NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    regions TEXT[] DEFAULT '{}' NOT NULL,
    delivery_modes TEXT[] DEFAULT '{}' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    verified_at TIMESTAMP WITH TIME ZONE,
    refused_at TIMESTAMP WITH TIME ZONE,
    decision_reason TEXT,
    suspended_until DATE,
    suspension_reason TEXT,
    version INTEGER DEFAULT '1' NOT NULL,
    CONSTRAINT pk_providers PRIMARY KEY (id),
    CONSTRAINT ck_providers_delivery_modes_known CHECK (delivery_modes <@ ARRAY['on_site', 'remote']::text[]),
    -- Accepted or refused by the platform, or waiting for its decision.
    CONSTRAINT ck_providers_verified_or_refused CHECK (verified_at IS NULL OR refused_at IS NULL),
    -- Nobody is refused or suspended without a reason that can be told.
    CONSTRAINT ck_providers_refusal_is_explained CHECK (refused_at IS NULL OR btrim(decision_reason) <> ''),
    CONSTRAINT ck_providers_suspension_is_explained CHECK ((suspended_until IS NULL) = (suspension_reason IS NULL) AND btrim(suspension_reason) <> ''),
    CONSTRAINT uq_providers_organisation_id UNIQUE (organisation_id),
    CONSTRAINT fk_providers_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id)
);

CREATE INDEX ix_providers_name_id ON providers (name, id);
CREATE INDEX ix_providers_regions ON providers USING gin (regions);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE providers")
