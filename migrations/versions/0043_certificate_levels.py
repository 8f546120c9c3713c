"""Levels at which a scheme certifies, as data: PASSI substantial and high."""
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE certificate_levels (
    scheme TEXT NOT NULL,
    rank INTEGER NOT NULL,
    name_fr TEXT NOT NULL,
    name_en TEXT NOT NULL,
    CONSTRAINT pk_certificate_levels PRIMARY KEY (scheme, rank),
    CONSTRAINT fk_certificate_levels_scheme_certificate_schemes FOREIGN KEY(scheme) REFERENCES certificate_schemes (code),
    CONSTRAINT ck_certificate_levels_rank_positive CHECK (rank > 0)
);
INSERT INTO certificate_levels (scheme, rank, name_fr, name_en) VALUES
    ('passi', 1, 'substantiel', 'substantial'), ('passi', 2, 'élevé', 'high');
ALTER TABLE certificates
    ADD COLUMN level INTEGER,
    ADD CONSTRAINT fk_certificates_scheme_level_certificate_levels
        FOREIGN KEY(scheme, level) REFERENCES certificate_levels (scheme, rank);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("ALTER TABLE certificates DROP COLUMN level")
    op.execute("DROP TABLE certificate_levels")
