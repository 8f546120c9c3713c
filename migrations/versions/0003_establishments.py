"""Establishments with their profile and IT estate, activity bands, accepted FINESS numbers, names given by imports."""
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE establishments (
    id UUID NOT NULL,
    finess TEXT NOT NULL,
    organisation_id UUID NOT NULL,
    name TEXT NOT NULL,
    name_complement TEXT,
    finess_category TEXT,
    category_label TEXT,
    sector TEXT,
    legal_status TEXT,
    espic BOOLEAN DEFAULT 'false' NOT NULL,
    siret TEXT,
    siren TEXT,
    region TEXT,
    department TEXT,
    insee_code TEXT,
    town TEXT,
    postcode TEXT,
    opened_on DATE,
    closed_on DATE,
    mco_stays INTEGER,
    mco_beds INTEGER,
    smr_beds INTEGER,
    psychiatry_beds INTEGER,
    home_places INTEGER,
    staff NUMERIC(9, 2),
    staff_declared_on DATE,
    size_band TEXT,
    activity_level TEXT,
    essential_operator BOOLEAN DEFAULT 'false' NOT NULL,
    endpoints INTEGER,
    servers INTEGER,
    users_count INTEGER,
    sites_count INTEGER,
    domains_count INTEGER,
    backup_tb INTEGER,
    vms_count INTEGER,
    search_name TEXT NOT NULL,
    search_town TEXT DEFAULT '' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version INTEGER DEFAULT '1' NOT NULL,
    CONSTRAINT pk_establishments PRIMARY KEY (id),
    -- The key (Luhn) is checked in rules.py: the operator may accept a number that fails it.
    CONSTRAINT ck_establishments_finess_shape CHECK (finess ~ '^[0-9][0-9A-Z][0-9]{7}$'),
    CONSTRAINT ck_establishments_siren_shape CHECK (siren ~ '^[0-9]{9}$'),
    CONSTRAINT ck_establishments_siret_shape CHECK (siret ~ '^[0-9]{14}$'),
    CONSTRAINT ck_establishments_sector_known CHECK (sector IN ('public', 'private_for_profit', 'private_nonprofit')),
    CONSTRAINT ck_establishments_size_band_known CHECK (size_band IN ('under_50', '50_249', '250_plus')),
    CONSTRAINT ck_establishments_activity_level_known CHECK (activity_level IN ('low', 'medium', 'high')),
    -- ESPIC is a quality of the non-profit sector (domain §3).
    CONSTRAINT ck_establishments_espic_is_nonprofit CHECK (NOT espic OR sector IS NOT DISTINCT FROM 'private_nonprofit'),
    CONSTRAINT ck_establishments_staff_not_negative CHECK (staff >= 0),
    CONSTRAINT ck_establishments_activity_not_negative CHECK (LEAST(mco_stays, mco_beds, smr_beds, psychiatry_beds, home_places) >= 0),
    CONSTRAINT ck_establishments_estate_not_negative CHECK (LEAST(endpoints, servers, users_count, sites_count, domains_count, backup_tb, vms_count) >= 0),
    CONSTRAINT uq_establishments_finess UNIQUE (finess),
    CONSTRAINT fk_establishments_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id)
);

CREATE INDEX ix_establishments_name_id ON establishments (name, id);

CREATE INDEX ix_establishments_organisation_id ON establishments (organisation_id);

CREATE INDEX ix_establishments_region_department ON establishments (region, department);

CREATE TABLE activity_bands (
    finess_category TEXT NOT NULL,
    label TEXT NOT NULL,
    measure TEXT NOT NULL,
    medium_from INTEGER NOT NULL,
    high_from INTEGER NOT NULL,
    version INTEGER DEFAULT '1' NOT NULL,
    CONSTRAINT pk_activity_bands PRIMARY KEY (finess_category),
    CONSTRAINT ck_activity_bands_measure_known CHECK (measure IN ('mco_stays', 'mco_beds', 'smr_beds', 'psychiatry_beds', 'home_places')),
    CONSTRAINT ck_activity_bands_thresholds_in_order CHECK (medium_from >= 1 AND high_from > medium_from)
);

CREATE TABLE accepted_finess (
    finess TEXT NOT NULL,
    reason TEXT NOT NULL,
    accepted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_accepted_finess PRIMARY KEY (finess),
    CONSTRAINT ck_accepted_finess_finess_shape CHECK (finess ~ '^[0-9][0-9A-Z][0-9]{7}$'),
    CONSTRAINT ck_accepted_finess_reason_written CHECK (btrim(reason) <> '')
);

CREATE TABLE imported_operators (
    organisation_id UUID NOT NULL,
    name TEXT NOT NULL,
    is_borrowed BOOLEAN NOT NULL,
    CONSTRAINT pk_imported_operators PRIMARY KEY (organisation_id),
    CONSTRAINT fk_imported_operators_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id)
);
"""

# Starting values, near the thirds of the figures published for 2023; the operator edits them (domain §4b.13).
BANDS = """
INSERT INTO activity_bands (finess_category, label, measure, medium_from, high_from) VALUES
    ('101', 'Centre hospitalier régional', 'mco_stays', 2500, 20000),
    ('106', 'Centre hospitalier, ex-hôpital local', 'smr_beds', 20, 30),
    ('109', 'Établissement privé de soins médicaux et de réadaptation', 'smr_beds', 60, 90),
    ('114', 'Hôpital des armées', 'mco_stays', 2500, 8000),
    ('127', 'Hospitalisation à domicile', 'home_places', 60, 100),
    ('128', 'Établissement de soins chirurgicaux', 'mco_stays', 1000, 2500),
    ('129', 'Établissement de soins médicaux', 'mco_stays', 500, 1200),
    ('131', 'Centre de lutte contre le cancer', 'mco_stays', 4000, 6000),
    ('161', 'Maison de santé pour maladies mentales', 'psychiatry_beds', 70, 100),
    ('292', 'Centre hospitalier spécialisé en psychiatrie', 'psychiatry_beds', 165, 260),
    ('355', 'Centre hospitalier', 'mco_stays', 2000, 9500),
    ('365', 'Établissement de soins pluridisciplinaire', 'mco_stays', 3000, 7000),
    ('430', 'Centre de postcure pour malades mentaux', 'psychiatry_beds', 30, 55),
    ('697', 'Groupement de coopération sanitaire, établissement de santé', 'mco_stays', 1700, 3300)
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(BANDS)


def downgrade() -> None:
    op.execute("DROP TABLE imported_operators, accepted_finess, activity_bands, establishments")
