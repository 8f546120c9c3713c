"""Purchasing vehicles and their lots."""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_vehicles()
    create_lots()


def create_vehicles() -> None:
    op.create_table(
        "vehicles",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("technique", sa.Text, nullable=False),
        sa.Column("regime", sa.Text, nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=False),
        sa.Column("maximum_required", sa.Boolean, nullable=False),
        sa.Column("maximum_duration_months", sa.Integer),
        sa.Column("duration_reason", sa.Text),
        sa.Column("standstill_days", sa.Integer, nullable=False),
        sa.Column("standstill_days_on_paper", sa.Integer, nullable=False),
        sa.Column("publishes_results", sa.Boolean, nullable=False),
        sa.Column("allows_late_joining", sa.Boolean, nullable=False),
        sa.Column("allows_price_only_award", sa.Boolean, nullable=False),
        sa.Column("allows_individual_needs", sa.Boolean, nullable=False, server_default="true"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True)),
        sa.Column("cancelled_at", sa.DateTime(timezone=True)),
        sa.Column("cancellation_reason", sa.Text),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("id", name="pk_vehicles"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_vehicles_organisation_id_organisations"
        ),
        sa.CheckConstraint(
            "technique IN ('framework_call_offs', 'framework_mini_competitions', 'framework_mixed', "
            "'dynamic_purchasing_system', 'resale', 'listing', 'order_group')",
            name=op.f("ck_vehicles_technique_known"),
        ),
        sa.CheckConstraint(
            "regime IN ('public_code', 'voluntary', 'private')", name=op.f("ck_vehicles_regime_known")
        ),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_vehicles_ends_after_it_starts")),
        # Public code: a framework without a maximum is void since 2022-01-01.
        sa.CheckConstraint(
            "regime <> 'public_code' OR maximum_required", name=op.f("ck_vehicles_public_code_requires_maximum")
        ),
        sa.CheckConstraint("maximum_duration_months > 0", name=op.f("ck_vehicles_maximum_duration_positive")),
        sa.CheckConstraint(
            "standstill_days >= 0 AND standstill_days_on_paper >= 0", name=op.f("ck_vehicles_standstill_not_negative")
        ),
        # Longer than the regime allows only with a written reason.
        sa.CheckConstraint("btrim(duration_reason) <> ''", name=op.f("ck_vehicles_duration_reason_written")),
        sa.CheckConstraint(
            "(cancelled_at IS NULL) = (cancellation_reason IS NULL)", name=op.f("ck_vehicles_cancellation_is_explained")
        ),
    )
    op.create_index("ix_vehicles_organisation_id", "vehicles", ["organisation_id"])


def create_lots() -> None:
    op.create_table(
        "lots",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("vehicle_id", sa.Uuid, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("category_code", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("price_period", sa.Text, nullable=False),
        sa.Column("term_months", sa.Integer, nullable=False),
        sa.Column("order_multiple", sa.Integer, nullable=False, server_default="1"),
        sa.Column("reference_unit_price", sa.Numeric(18, 4)),
        sa.Column("minimum_kind", sa.Text, nullable=False, server_default="none"),
        sa.Column("minimum_basis", sa.Text),
        sa.Column("minimum_scope", sa.Text, nullable=False, server_default="lot"),
        sa.Column("minimum_value", sa.Numeric(18, 2)),
        sa.Column("minimum_quantity", sa.BigInteger),
        sa.Column("maximum_basis", sa.Text),
        sa.Column("maximum_value", sa.Numeric(18, 2)),
        sa.Column("maximum_quantity", sa.BigInteger),
        sa.Column("requirements", postgresql.JSONB, nullable=False, server_default="{}"),
        sa.Column("needs_close_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minimum_policy", postgresql.ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("takes_firm_needs", sa.Boolean, nullable=False, server_default="true"),
        sa.Column("extension_days", sa.Integer, nullable=False, server_default="15"),
        sa.Column("round", sa.Integer, nullable=False, server_default="1"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("cancelled_at", sa.DateTime(timezone=True)),
        sa.Column("next_check_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("id", name="pk_lots"),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicles.id"], name="fk_lots_vehicle_id_vehicles"),
        sa.ForeignKeyConstraint(
            ["category_code"], ["service_categories.code"], name="fk_lots_category_code_service_categories"
        ),
        sa.UniqueConstraint("vehicle_id", "code", name="uq_lots_vehicle_id_code"),
        *vocabulary_checks(),
        *bound_checks(),
    )
    # The scheduler reads only lots that wait for it.
    op.create_index(
        "ix_lots_next_check_at", "lots", ["next_check_at"], postgresql_where=sa.text("next_check_at IS NOT NULL")
    )
    op.create_index("ix_lots_category_code", "lots", ["category_code"])
    op.create_index("ix_lots_needs_close_at_id", "lots", ["needs_close_at", "id"])


def vocabulary_checks() -> list[sa.CheckConstraint]:
    checks = {
        "kind_known": "kind IN ('supply', 'service', 'support')",
        "price_period_known": "price_period IN ('once', 'month', 'year')",
        "minimum_kind_known": "minimum_kind IN ('none', 'indicative', 'contractual')",
        "minimum_basis_known": "minimum_basis IN ('quantity', 'amount')",
        "minimum_scope_known": "minimum_scope IN ('lot', 'grappe')",
        "maximum_basis_known": "maximum_basis IN ('quantity', 'amount')",
        "term_positive": "term_months > 0",
        "order_multiple_at_least_one": "order_multiple >= 1",
        "reference_unit_price_positive": "reference_unit_price > 0",
        "extension_days_at_least_one": "extension_days >= 1",
        "round_from_one": "round >= 1",
        "minimum_policy_known": "minimum_policy <@ ARRAY['extend', 'merge', 'release', 'cancel']::text[]"
        " AND cardinality(array_positions(minimum_policy, 'extend')) <= 1",
        "requirements_is_object": "jsonb_typeof(requirements) = 'object'",
        "closed_after_opening": "closed_at IS NULL OR opened_at IS NOT NULL",
    }
    return [sa.CheckConstraint(rule, name=op.f(f"ck_lots_{name}")) for name, rule in checks.items()]


def bound_checks() -> list[sa.CheckConstraint]:
    checks = {
        # A bound says what it is counted in, or it does not exist.
        "minimum_complete": "(minimum_kind = 'none') = (minimum_value IS NULL)"
        " AND (minimum_kind = 'none') = (minimum_basis IS NULL) AND minimum_value > 0",
        "maximum_complete": "(maximum_value IS NULL) = (maximum_basis IS NULL) AND maximum_value >= 0",
        "minimum_within_maximum": "minimum_quantity > 0 AND maximum_quantity >= 0"
        " AND minimum_quantity <= maximum_quantity",
        # Bounds are frozen as quantities when the lot opens: what members sign against never moves.
        "bounds_frozen_when_open": "opened_at IS NULL OR ((minimum_quantity IS NULL) = (minimum_kind = 'none')"
        " AND (maximum_quantity IS NULL) = (maximum_value IS NULL))",
        # A support lot exists only if its minimum volume is reached.
        "support_has_contractual_minimum": "opened_at IS NULL OR kind <> 'support' OR minimum_kind = 'contractual'",
        # A signature shows its exposure: no price, no firm need.
        "priced_when_open": "opened_at IS NULL OR reference_unit_price IS NOT NULL"
        " OR NOT takes_firm_needs AND minimum_basis IS DISTINCT FROM 'amount'"
        " AND maximum_basis IS DISTINCT FROM 'amount'",
    }
    return [sa.CheckConstraint(rule, name=op.f(f"ck_lots_{name}")) for name, rule in checks.items()]


def downgrade() -> None:
    op.drop_table("lots")
    op.drop_table("vehicles")
