"""Index values, formulas of contracts and their revisions: none of them is ever changed."""
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE contract_indices (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    code TEXT NOT NULL,
    month DATE NOT NULL,
    value NUMERIC(14, 4) NOT NULL,
    source TEXT NOT NULL,
    entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    entered_by UUID,
    CONSTRAINT pk_contract_indices PRIMARY KEY (id),
    CONSTRAINT uq_contract_indices_organisation_id_code_month_entered_at UNIQUE (organisation_id, code, month, entered_at),
    CONSTRAINT ck_contract_indices_value_positive CHECK (value > 0),
    CONSTRAINT ck_contract_indices_month_is_its_first_day CHECK (date_part('day', month) = 1),
    CONSTRAINT ck_contract_indices_source_written CHECK (btrim(source) <> '' AND btrim(code) <> ''),
    CONSTRAINT fk_contract_indices_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_contract_indices_entered_by_users FOREIGN KEY(entered_by) REFERENCES users (id)
);

CREATE TABLE contract_formulas (
    contract_id UUID NOT NULL,
    index_code TEXT NOT NULL,
    base_month DATE NOT NULL,
    base_value NUMERIC(14, 4) NOT NULL,
    fixed_share NUMERIC(5, 4) NOT NULL,
    indexed_share NUMERIC(5, 4) NOT NULL,
    interval_months INTEGER NOT NULL,
    set_at TIMESTAMP WITH TIME ZONE NOT NULL,
    set_by UUID,
    CONSTRAINT pk_contract_formulas PRIMARY KEY (contract_id),
    CONSTRAINT ck_contract_formulas_shares_are_whole
        CHECK (fixed_share >= 0 AND fixed_share < 1 AND fixed_share + indexed_share = 1),
    CONSTRAINT ck_contract_formulas_base_value_positive CHECK (base_value > 0),
    CONSTRAINT ck_contract_formulas_base_month_is_its_first_day CHECK (date_part('day', base_month) = 1),
    CONSTRAINT ck_contract_formulas_interval_accepted CHECK (interval_months BETWEEN 1 AND 120),
    CONSTRAINT fk_contract_formulas_contract_id_contracts FOREIGN KEY(contract_id) REFERENCES contracts (id),
    CONSTRAINT fk_contract_formulas_set_by_users FOREIGN KEY(set_by) REFERENCES users (id)
);

CREATE TABLE contract_revisions (
    contract_id UUID NOT NULL,
    number INTEGER NOT NULL,
    effective_on DATE NOT NULL,
    factor NUMERIC(10, 4) NOT NULL,
    index_id UUID NOT NULL,
    evidence JSONB NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by UUID,
    CONSTRAINT pk_contract_revisions PRIMARY KEY (contract_id, number),
    CONSTRAINT uq_contract_revisions_contract_id_effective_on UNIQUE (contract_id, effective_on),
    CONSTRAINT ck_contract_revisions_factor_positive CHECK (factor > 0),
    CONSTRAINT ck_contract_revisions_evidence_is_object CHECK (jsonb_typeof(evidence) = 'object'),
    CONSTRAINT fk_contract_revisions_contract_id_contract_formulas FOREIGN KEY(contract_id)
        REFERENCES contract_formulas (contract_id),
    CONSTRAINT fk_contract_revisions_index_id_contract_indices FOREIGN KEY(index_id) REFERENCES contract_indices (id),
    CONSTRAINT fk_contract_revisions_decided_by_users FOREIGN KEY(decided_by) REFERENCES users (id)
);
"""
FROZEN = ("contract_indices", "contract_formulas", "contract_revisions")


def upgrade() -> None:
    op.execute(TABLES)
    for table in FROZEN:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()"
        )


def downgrade() -> None:
    for table in reversed(FROZEN):
        op.execute(f"DROP TABLE {table}")
