"""How many units of a category an IT estate calls for, by profile: rows that the operator edits."""
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE estimate_ratios (
    category_code TEXT NOT NULL,
    size_band TEXT NOT NULL,
    activity_level TEXT NOT NULL,
    basis TEXT NOT NULL,
    ratio NUMERIC(12, 4) NOT NULL,
    version INTEGER DEFAULT '1' NOT NULL,
    CONSTRAINT pk_estimate_ratios PRIMARY KEY (category_code, size_band, activity_level),
    CONSTRAINT ck_estimate_ratios_size_band_known CHECK (size_band IN ('any', 'under_50', '50_249', '250_plus')),
    CONSTRAINT ck_estimate_ratios_activity_level_known CHECK (activity_level IN ('any', 'low', 'medium', 'high')),
    CONSTRAINT ck_estimate_ratios_basis_known CHECK (basis IN ('endpoints', 'servers', 'users_count', 'sites_count', 'domains_count', 'backup_tb', 'vms_count')),
    CONSTRAINT ck_estimate_ratios_ratio_positive CHECK (ratio > 0),
    CONSTRAINT fk_estimate_ratios_category_code_service_categories FOREIGN KEY(category_code) REFERENCES service_categories (code)
);
"""
# Where a category is counted in what the estate counts, one for one; the others have no ratio until the operator says.
ONE_FOR_ONE = """
INSERT INTO estimate_ratios (category_code, size_band, activity_level, basis, ratio)
SELECT code, 'any', 'any', basis, 1
FROM service_categories
JOIN (VALUES ('endpoint', 'endpoints'), ('user', 'users_count'), ('site', 'sites_count'), ('domain', 'domains_count'),
             ('tb', 'backup_tb'), ('vm', 'vms_count')) AS counted (unit, basis) USING (unit)
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(ONE_FOR_ONE)


def downgrade() -> None:
    op.execute("DROP TABLE estimate_ratios")
