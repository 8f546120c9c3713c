"""Amendments of contracts, the thresholds of the law as data, formulas that amendments replace, ledgers raised by one."""
from uuid import uuid4

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE contracts
    ADD COLUMN amended_grid JSONB,
    ADD COLUMN amendments INTEGER DEFAULT '0' NOT NULL,
    ADD COLUMN amendments_in_force INTEGER DEFAULT '0' NOT NULL,
    ADD CONSTRAINT ck_contracts_amended_grid_is_one CHECK (jsonb_typeof(amended_grid) = 'object'),
    ADD CONSTRAINT ck_contracts_in_force_once_signed CHECK (amendments_in_force BETWEEN 0 AND amendments);

ALTER TABLE contract_revisions DROP CONSTRAINT fk_contract_revisions_contract_id_contract_formulas;
ALTER TABLE contract_formulas
    ADD COLUMN number INTEGER DEFAULT '1' NOT NULL,
    ADD COLUMN since DATE,
    ADD COLUMN carried NUMERIC(10, 4) DEFAULT '1' NOT NULL,
    DROP CONSTRAINT pk_contract_formulas,
    ADD CONSTRAINT pk_contract_formulas PRIMARY KEY (contract_id, number),
    ADD CONSTRAINT ck_contract_formulas_follows_another CHECK (number >= 1 AND carried > 0);
ALTER TABLE contract_revisions
    ADD COLUMN formula_number INTEGER DEFAULT '1' NOT NULL,
    ADD CONSTRAINT fk_contract_revisions_contract_formulas FOREIGN KEY(contract_id, formula_number)
        REFERENCES contract_formulas (contract_id, number);

CREATE TABLE contract_amendments (
    id UUID NOT NULL,
    contract_id UUID NOT NULL,
    kind TEXT NOT NULL,
    changes JSONB NOT NULL,
    value_change NUMERIC(38, 2) NOT NULL,
    reason TEXT NOT NULL,
    legal_basis TEXT NOT NULL,
    wanted_on DATE,
    drafted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    drafted_by UUID,
    number INTEGER,
    effective_on DATE,
    signed_on DATE,
    signed_file_id UUID,
    signed_at TIMESTAMP WITH TIME ZONE,
    signed_by UUID,
    assessment JSONB,
    acknowledgement TEXT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawn_by UUID,
    CONSTRAINT pk_contract_amendments PRIMARY KEY (id),
    CONSTRAINT uq_contract_amendments_contract_id_number UNIQUE (contract_id, number),
    CONSTRAINT ck_contract_amendments_kind_known CHECK (kind IN ({kinds})),
    CONSTRAINT ck_contract_amendments_legal_basis_known CHECK (legal_basis IN ({bases})),
    CONSTRAINT ck_contract_amendments_changes_something CHECK (jsonb_typeof(changes) = 'object' AND changes <> '{{}}'),
    CONSTRAINT ck_contract_amendments_reason_written CHECK (btrim(reason) <> ''),
    CONSTRAINT ck_contract_amendments_number_from_one CHECK (number >= 1),
    CONSTRAINT ck_contract_amendments_signed_complete
        CHECK (num_nonnulls(number, signed_at, signed_on, signed_file_id, effective_on, assessment) IN (0, 6)),
    CONSTRAINT ck_contract_amendments_signed_or_withdrawn CHECK (signed_at IS NULL OR withdrawn_at IS NULL),
    CONSTRAINT ck_contract_amendments_warnings_acknowledged
        CHECK (assessment IS NULL OR assessment -> 'warnings' = '[]' OR COALESCE(btrim(acknowledgement), '') <> ''),
    CONSTRAINT fk_contract_amendments_contract_id_contracts FOREIGN KEY(contract_id) REFERENCES contracts (id),
    CONSTRAINT fk_contract_amendments_drafted_by_users FOREIGN KEY(drafted_by) REFERENCES users (id),
    CONSTRAINT fk_contract_amendments_signed_file_id_stored_files FOREIGN KEY(signed_file_id) REFERENCES stored_files (id),
    CONSTRAINT fk_contract_amendments_signed_by_users FOREIGN KEY(signed_by) REFERENCES users (id),
    CONSTRAINT fk_contract_amendments_withdrawn_by_users FOREIGN KEY(withdrawn_by) REFERENCES users (id)
);
CREATE INDEX ix_contract_amendments_contract_id_drafted_at ON contract_amendments (contract_id, drafted_at);

CREATE TABLE amendment_thresholds (
    id UUID NOT NULL,
    code TEXT NOT NULL,
    value NUMERIC(18, 4) NOT NULL,
    article TEXT NOT NULL,
    since DATE NOT NULL,
    source TEXT NOT NULL,
    entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    entered_by UUID,
    CONSTRAINT pk_amendment_thresholds PRIMARY KEY (id),
    CONSTRAINT ck_amendment_thresholds_code_known CHECK (code IN ({codes})),
    CONSTRAINT ck_amendment_thresholds_value_positive CHECK (value > 0),
    CONSTRAINT ck_amendment_thresholds_source_written CHECK (btrim(article) <> '' AND btrim(source) <> ''),
    CONSTRAINT fk_amendment_thresholds_entered_by_users FOREIGN KEY(entered_by) REFERENCES users (id)
);
""".format(
    kinds="'prices', 'maximum', 'minimum', 'term', 'members', 'indexation', 'fee', 'other'",
    bases="'review_clause', 'further_services', 'unforeseen', 'not_substantial', 'low_value', 'mutual_agreement', 'hardship'",
    codes="'low_value_percent', 'low_value_percent_works', 'european_amount', 'european_amount_works', 'each_percent'",
)
WRITTEN = "id, contract_id, kind, changes, value_change, reason, legal_basis, wanted_on, drafted_at, drafted_by"
REFUSE_CHANGE = """
CREATE FUNCTION refuse_change_of_amendment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a written amendment does not change'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'amendment_is_written';
END
$$
"""
TRIGGERS = (
    f"CREATE TRIGGER amendment_is_written BEFORE UPDATE OF {WRITTEN} OR DELETE ON contract_amendments "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_amendment()",
    "CREATE TRIGGER amendment_is_settled BEFORE UPDATE ON contract_amendments "
    "FOR EACH ROW WHEN (OLD.signed_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL) "
    "EXECUTE FUNCTION refuse_change_of_amendment()",
    "CREATE TRIGGER amendments_are_kept BEFORE TRUNCATE ON contract_amendments "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_amendment()",
    "CREATE TRIGGER amendment_thresholds_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON amendment_thresholds "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()",
)
CODE = "Code de la commande publique, version en vigueur au 1er janvier 2026"
NOTICE = "Avis relatif aux seuils de procédure (annexe n° 2 du code de la commande publique), seuils 2026-2027"
# code, value, article, from which day, source: the law as published; the platform enters what replaces it
THRESHOLDS = (
    ("low_value_percent", "10", "R2194-8", "2019-04-01", CODE),
    ("low_value_percent_works", "15", "R2194-8", "2019-04-01", CODE),
    ("european_amount", "216000", "R2194-8", "2026-01-01", NOTICE),
    ("european_amount_works", "5404000", "R2194-8", "2026-01-01", NOTICE),
    ("each_percent", "50", "R2194-3", "2019-04-01", CODE),
)
REASONS = (
    "'lot_opened', 'lot_closed', 'ordered', 'lot_cancelled', 'vehicle_ended', 'correction', 'closing_undone', "
    "'left_at_award', 'minimum_missed', 'joined_late'"
)


def _accept(reasons: str) -> None:
    op.execute(
        "ALTER TABLE envelope_entries DROP CONSTRAINT ck_envelope_entries_reason_known, "
        f"ADD CONSTRAINT ck_envelope_entries_reason_known CHECK (reason IN ({reasons}))"
    )


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(REFUSE_CHANGE)
    for trigger in TRIGGERS:
        op.execute(trigger)
    connection = op.get_bind()
    for row in THRESHOLDS:
        connection.exec_driver_sql(
            "INSERT INTO amendment_thresholds (id, code, value, article, since, source, entered_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, now())",
            (uuid4(), *row),
        )
    _accept(f"{REASONS}, 'amended'")


def downgrade() -> None:
    _accept(REASONS)
    op.execute("DROP TABLE amendment_thresholds; DROP TABLE contract_amendments; DROP FUNCTION refuse_change_of_amendment()")
    op.execute("ALTER TABLE contract_revisions DROP CONSTRAINT fk_contract_revisions_contract_formulas")
    op.execute("ALTER TABLE contract_revisions DROP COLUMN formula_number")
    op.execute(
        "ALTER TABLE contract_formulas DROP CONSTRAINT pk_contract_formulas, DROP COLUMN number, DROP COLUMN since, "
        "DROP COLUMN carried, ADD CONSTRAINT pk_contract_formulas PRIMARY KEY (contract_id)"
    )
    op.execute(
        "ALTER TABLE contract_revisions ADD CONSTRAINT fk_contract_revisions_contract_id_contract_formulas "
        "FOREIGN KEY(contract_id) REFERENCES contract_formulas (contract_id)"
    )
    op.execute("ALTER TABLE contracts DROP COLUMN amended_grid, DROP COLUMN amendments, DROP COLUMN amendments_in_force")
