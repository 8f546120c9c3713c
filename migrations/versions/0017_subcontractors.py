"""Subcontractors with certificates of their own, hosting sites named on HDS certificates, and where they may lie."""
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE subcontractors (
    id UUID NOT NULL,
    provider_id UUID NOT NULL,
    name TEXT NOT NULL,
    siren TEXT,
    country TEXT NOT NULL,
    declared_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_subcontractors PRIMARY KEY (id),
    CONSTRAINT uq_subcontractors_id_provider_id UNIQUE (id, provider_id),
    CONSTRAINT fk_subcontractors_provider_id_providers FOREIGN KEY(provider_id) REFERENCES providers (id)
);
CREATE INDEX ix_subcontractors_provider_id ON subcontractors (provider_id);

CREATE TABLE hosting_sites (
    id UUID NOT NULL,
    provider_id UUID NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    country TEXT NOT NULL,
    declared_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_hosting_sites PRIMARY KEY (id),
    CONSTRAINT uq_hosting_sites_id_provider_id UNIQUE (id, provider_id),
    CONSTRAINT fk_hosting_sites_provider_id_providers FOREIGN KEY(provider_id) REFERENCES providers (id)
);
CREATE INDEX ix_hosting_sites_provider_id ON hosting_sites (provider_id);

ALTER TABLE certificates
    ADD COLUMN subcontractor_id UUID,
    ADD CONSTRAINT uq_certificates_id_provider_id UNIQUE (id, provider_id),
    -- A subcontractor's certificate counts for the provider that declared this subcontractor, and for no other.
    ADD CONSTRAINT fk_certificates_subcontractor_id_provider_id_subcontractors
        FOREIGN KEY(subcontractor_id, provider_id) REFERENCES subcontractors (id, provider_id);
CREATE INDEX ix_certificates_subcontractor_id ON certificates (subcontractor_id);

CREATE TABLE certificate_sites (
    certificate_id UUID NOT NULL,
    site_id UUID NOT NULL,
    provider_id UUID NOT NULL,
    CONSTRAINT pk_certificate_sites PRIMARY KEY (certificate_id, site_id),
    -- Certificate and site are the same provider's.
    CONSTRAINT fk_certificate_sites_certificate_id_provider_id_certificates
        FOREIGN KEY(certificate_id, provider_id) REFERENCES certificates (id, provider_id),
    CONSTRAINT fk_certificate_sites_site_id_provider_id_hosting_sites
        FOREIGN KEY(site_id, provider_id) REFERENCES hosting_sites (id, provider_id)
);

ALTER TABLE certificate_schemes ADD COLUMN names_sites BOOLEAN DEFAULT 'false' NOT NULL;
ALTER TABLE certificate_versions ADD COLUMN hosting_in_eea BOOLEAN DEFAULT 'false' NOT NULL;
-- HDS certifies places; its referential v2 only those of the European Economic Area (domain §5).
UPDATE certificate_schemes SET names_sites = true WHERE code = 'hds';
UPDATE certificate_versions SET hosting_in_eea = true WHERE scheme = 'hds' AND version = 'v2';
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("ALTER TABLE certificate_versions DROP COLUMN hosting_in_eea")
    op.execute("ALTER TABLE certificate_schemes DROP COLUMN names_sites")
    op.execute("DROP TABLE certificate_sites")
    op.execute("ALTER TABLE certificates DROP COLUMN subcontractor_id, DROP CONSTRAINT uq_certificates_id_provider_id")
    op.execute("DROP TABLE hosting_sites, subcontractors")
