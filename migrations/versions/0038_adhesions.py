"""Adhesions to vehicles by a signed convention; vehicles on which ordering waits for it."""
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE vehicles ADD COLUMN requires_convention BOOLEAN DEFAULT 'false' NOT NULL;

CREATE TABLE adhesions (
    id UUID NOT NULL,
    vehicle_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    convention_version INTEGER NOT NULL,
    convention_text TEXT NOT NULL,
    convention_sha256 TEXT NOT NULL,
    signed_file_id UUID,
    signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    signed_by UUID NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by UUID,
    end_reason TEXT,
    CONSTRAINT pk_adhesions PRIMARY KEY (id),
    CONSTRAINT ck_adhesions_convention_sha256_is_one CHECK (convention_sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_adhesions_convention_version_from_one CHECK (convention_version >= 1),
    CONSTRAINT ck_adhesions_end_is_explained CHECK ((ended_at IS NULL) = (end_reason IS NULL) AND btrim(end_reason) <> ''),
    CONSTRAINT ck_adhesions_ends_after_it_starts CHECK (ended_at >= signed_at),
    CONSTRAINT fk_adhesions_vehicle_id_vehicles FOREIGN KEY(vehicle_id) REFERENCES vehicles (id),
    CONSTRAINT fk_adhesions_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_adhesions_signed_file_id_stored_files FOREIGN KEY(signed_file_id) REFERENCES stored_files (id),
    CONSTRAINT fk_adhesions_signed_by_users FOREIGN KEY(signed_by) REFERENCES users (id),
    CONSTRAINT fk_adhesions_ended_by_users FOREIGN KEY(ended_by) REFERENCES users (id)
);
CREATE UNIQUE INDEX uq_adhesions_running ON adhesions (vehicle_id, organisation_id) WHERE ended_at IS NULL;
CREATE INDEX ix_adhesions_organisation_id ON adhesions (organisation_id);
"""
SIGNED = (
    "id, vehicle_id, organisation_id, convention_version, convention_text, convention_sha256, signed_file_id, signed_at, "
    "signed_by"
)


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("""
CREATE FUNCTION refuse_change_of_adhesion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was signed does not change'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'adhesion_is_signed';
END
$$
""")
    op.execute(
        f"CREATE TRIGGER adhesion_is_signed BEFORE UPDATE OF {SIGNED} OR DELETE ON adhesions "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_adhesion()"
    )
    op.execute(
        "CREATE TRIGGER adhesion_is_ended BEFORE UPDATE ON adhesions "
        "FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION refuse_change_of_adhesion()"
    )


def downgrade() -> None:
    op.execute("DROP TABLE adhesions; DROP FUNCTION refuse_change_of_adhesion()")
    op.execute("ALTER TABLE vehicles DROP COLUMN requires_convention")
