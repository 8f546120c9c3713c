"""Certification schemes with their versions and activities as rows, and the certificates of providers (domain §5)."""
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE certificate_schemes (
    code TEXT NOT NULL,
    name_fr TEXT NOT NULL,
    name_en TEXT NOT NULL,
    maximum_months INTEGER NOT NULL,
    prerequisite_code TEXT,
    position INTEGER DEFAULT '0' NOT NULL,
    CONSTRAINT pk_certificate_schemes PRIMARY KEY (code),
    CONSTRAINT ck_certificate_schemes_maximum_months_positive CHECK (maximum_months > 0),
    CONSTRAINT ck_certificate_schemes_not_its_own_prerequisite CHECK (prerequisite_code <> code),
    CONSTRAINT fk_certificate_schemes_prerequisite_code_certificate_schemes FOREIGN KEY(prerequisite_code) REFERENCES certificate_schemes (code)
);

CREATE TABLE certificate_versions (
    scheme TEXT NOT NULL,
    version TEXT NOT NULL,
    usable_from DATE,
    void_after DATE,
    CONSTRAINT pk_certificate_versions PRIMARY KEY (scheme, version),
    CONSTRAINT ck_certificate_versions_window_in_order CHECK (void_after > usable_from),
    CONSTRAINT fk_certificate_versions_scheme_certificate_schemes FOREIGN KEY(scheme) REFERENCES certificate_schemes (code)
);

CREATE TABLE certificate_activities (
    scheme TEXT NOT NULL,
    number INTEGER NOT NULL,
    name_fr TEXT NOT NULL,
    name_en TEXT NOT NULL,
    CONSTRAINT pk_certificate_activities PRIMARY KEY (scheme, number),
    CONSTRAINT ck_certificate_activities_number_positive CHECK (number > 0),
    CONSTRAINT fk_certificate_activities_scheme_certificate_schemes FOREIGN KEY(scheme) REFERENCES certificate_schemes (code)
);

CREATE TABLE certificates (
    id UUID NOT NULL,
    provider_id UUID NOT NULL,
    scheme TEXT NOT NULL,
    version TEXT,
    number TEXT NOT NULL,
    body TEXT NOT NULL,
    scope TEXT DEFAULT '' NOT NULL,
    activities INTEGER[] DEFAULT '{}' NOT NULL,
    valid_from DATE NOT NULL,
    valid_until DATE NOT NULL,
    declared_at TIMESTAMP WITH TIME ZONE NOT NULL,
    verified_at TIMESTAMP WITH TIME ZONE,
    suspended_at TIMESTAMP WITH TIME ZONE,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    rejected_at TIMESTAMP WITH TIME ZONE,
    reason TEXT,
    CONSTRAINT pk_certificates PRIMARY KEY (id),
    CONSTRAINT fk_certificates_scheme_version_certificate_versions FOREIGN KEY(scheme, version) REFERENCES certificate_versions (scheme, version),
    CONSTRAINT ck_certificates_ends_after_it_starts CHECK (valid_until > valid_from),
    -- A refused certificate was never verified.
    CONSTRAINT ck_certificates_verified_or_rejected CHECK (verified_at IS NULL OR rejected_at IS NULL),
    -- Only what was verified can be suspended.
    CONSTRAINT ck_certificates_suspended_after_verified CHECK (suspended_at IS NULL OR verified_at IS NOT NULL),
    CONSTRAINT ck_certificates_refusal_is_explained CHECK ((rejected_at IS NULL AND suspended_at IS NULL AND withdrawn_at IS NULL) OR btrim(reason) <> ''),
    CONSTRAINT fk_certificates_provider_id_providers FOREIGN KEY(provider_id) REFERENCES providers (id),
    CONSTRAINT fk_certificates_scheme_certificate_schemes FOREIGN KEY(scheme) REFERENCES certificate_schemes (code)
);

CREATE INDEX ix_certificates_provider_id ON certificates (provider_id);
CREATE INDEX ix_certificates_scheme_valid_until ON certificates (scheme, valid_until);
"""

# code, French name, English name, longest life in months, the scheme it cannot stand without
SCHEMES = (
    ("iso27001", "ISO/IEC 27001", "ISO/IEC 27001", 36, None),
    ("hds", "HDS (hébergeur de données de santé)", "HDS (health data hosting)", 36, "iso27001"),
    ("passi", "PASSI (audit)", "PASSI (audit)", 36, None),
    ("pdis", "PDIS (détection d'incidents)", "PDIS (incident detection)", 36, None),
    ("pris", "PRIS (réponse aux incidents)", "PRIS (incident response)", 36, None),
    ("pams", "PAMS (administration et maintenance)", "PAMS (administration and maintenance)", 36, None),
    ("pacs", "PACS (accompagnement et conseil)", "PACS (advice and support)", 36, None),
    ("secnumcloud", "SecNumCloud", "SecNumCloud", 36, None),
    ("expertcyber", "Label ExpertCyber", "ExpertCyber label", 24, None),
)
# scheme, version, usable from, void after (days included; the windows are editable rows: they moved before)
VERSIONS = (
    ("iso27001", "2013", None, "2025-10-31"),
    ("iso27001", "2022", "2022-10-25", None),
    ("hds", "v1", None, "2026-05-16"),
    ("hds", "v2", "2024-11-17", None),
)
# scheme, number, French name, English name
ACTIVITIES = (
    ("hds", 1, "sites physiques", "physical sites"),
    ("hds", 2, "infrastructure matérielle", "hardware"),
    ("hds", 3, "infrastructure virtuelle", "virtual infrastructure"),
    ("hds", 4, "plateforme d'hébergement d'applications", "application platform"),
    ("hds", 5, "administration et exploitation", "administration and operation"),
    ("hds", 6, "sauvegarde", "backup"),
    ("passi", 1, "architecture", "architecture"),
    ("passi", 2, "configuration", "configuration"),
    ("passi", 3, "code source", "source code"),
    ("passi", 4, "tests d'intrusion", "penetration testing"),
    ("passi", 5, "organisation et sécurité physique", "organisation and physical security"),
)


def upgrade() -> None:
    op.execute(TABLES)
    connection = op.get_bind()
    for place, row in enumerate(SCHEMES, start=1):
        connection.exec_driver_sql("INSERT INTO certificate_schemes VALUES (%s, %s, %s, %s, %s, %s)", (*row, place))
    for row in VERSIONS:
        connection.exec_driver_sql("INSERT INTO certificate_versions VALUES (%s, %s, %s, %s)", row)
    for row in ACTIVITIES:
        connection.exec_driver_sql("INSERT INTO certificate_activities VALUES (%s, %s, %s, %s)", row)


def downgrade() -> None:
    op.execute("DROP TABLE certificates, certificate_activities, certificate_versions, certificate_schemes")
