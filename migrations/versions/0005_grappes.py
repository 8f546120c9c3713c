"""Grappes, their charters and memberships, and the pooling claims (domain §4b.9–12)"""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TEXTS = postgresql.ARRAY(sa.Text)


def upgrade() -> None:
    op.create_table(
        "grappes",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("coordinator_establishment_id", sa.Uuid, nullable=False),
        sa.Column("legal_form", sa.Text, nullable=False),
        sa.Column("territory", TEXTS, nullable=False, server_default="{}"),
        sa.Column("quorum", sa.Integer, nullable=False, server_default="2"),
        sa.Column("maximum_members", sa.Integer),
        sa.Column("founded_at", MOMENT, nullable=False),
        sa.Column("activated_at", MOMENT),
        sa.Column("dissolved_at", MOMENT),
        sa.Column("dissolution_reason", sa.Text),
        # Dates are facts: the status is derived from them here, once, for Python and SQL alike.
        sa.Column(
            "status",
            sa.Text,
            sa.Computed(
                "CASE WHEN dissolved_at IS NOT NULL THEN 'dissolved'"
                " WHEN activated_at IS NOT NULL THEN 'active'"
                " ELSE 'forming' END",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("id", name="pk_grappes"),
        sa.ForeignKeyConstraint(
            ["coordinator_establishment_id"],
            ["establishments.id"],
            name="fk_grappes_coordinator_establishment_id_establishments",
        ),
        sa.CheckConstraint(
            "legal_form IN ('none', 'association', 'gie', 'gcs', 'groupement_de_commandes')",
            name="ck_grappes_legal_form_known",
        ),
        # A grappe is a grouping: its quorum is two at least, and its maximum can always hold its quorum.
        sa.CheckConstraint("quorum >= 2", name="ck_grappes_quorum_is_a_grouping"),
        sa.CheckConstraint("maximum_members >= quorum", name="ck_grappes_maximum_holds_the_quorum"),
        sa.CheckConstraint(
            "(dissolved_at IS NULL) = (dissolution_reason IS NULL)", name="ck_grappes_dissolution_has_a_reason"
        ),
    )
    op.create_index("ix_grappes_coordinator_establishment_id", "grappes", ["coordinator_establishment_id"])

    op.create_table(
        "grappe_categories",
        sa.Column("grappe_id", sa.Uuid, nullable=False),
        sa.Column("category_code", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("grappe_id", "category_code", name="pk_grappe_categories"),
        sa.ForeignKeyConstraint(["grappe_id"], ["grappes.id"], name="fk_grappe_categories_grappe_id_grappes"),
        sa.ForeignKeyConstraint(
            ["category_code"],
            ["service_categories.code"],
            name="fk_grappe_categories_category_code_service_categories",
        ),
    )
    op.create_index("ix_grappe_categories_category_code", "grappe_categories", ["category_code"])

    op.create_table(
        "charters",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("grappe_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("parameters", postgresql.JSONB, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_charters"),
        sa.ForeignKeyConstraint(["grappe_id"], ["grappes.id"], name="fk_charters_grappe_id_grappes"),
        sa.UniqueConstraint("grappe_id", "version", name="uq_charters_grappe_id_version"),
        # Lets a membership point at the version and the hash it signed with one composite foreign key.
        sa.UniqueConstraint("id", "grappe_id", "hash", name="uq_charters_id_grappe_id_hash"),
    )

    op.create_table(
        "grappe_memberships",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("grappe_id", sa.Uuid, nullable=False),
        sa.Column("establishment_id", sa.Uuid, nullable=False),
        sa.Column("is_coordinator", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("requested_at", MOMENT),
        sa.Column("invited_at", MOMENT),
        sa.Column("joined_at", MOMENT),
        sa.Column("signed_by", sa.Uuid),
        sa.Column("charter_id", sa.Uuid),
        sa.Column("charter_hash", sa.Text),
        sa.Column("notice_given_at", MOMENT),
        sa.Column("leaves_on", sa.Date),
        sa.Column("ended_at", MOMENT),
        sa.Column("ending", sa.Text),
        sa.Column("end_reason", sa.Text),
        sa.Column(
            "status",
            sa.Text,
            sa.Computed(
                "CASE WHEN ended_at IS NOT NULL THEN ending"
                " WHEN leaves_on IS NOT NULL THEN 'leaving'"
                " WHEN joined_at IS NOT NULL THEN 'member'"
                " WHEN invited_at IS NOT NULL THEN 'invited'"
                " ELSE 'requested' END",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_grappe_memberships"),
        sa.ForeignKeyConstraint(["grappe_id"], ["grappes.id"], name="fk_grappe_memberships_grappe_id_grappes"),
        sa.ForeignKeyConstraint(
            ["establishment_id"],
            ["establishments.id"],
            name="fk_grappe_memberships_establishment_id_establishments",
        ),
        sa.ForeignKeyConstraint(["signed_by"], ["users.id"], name="fk_grappe_memberships_signed_by_users"),
        sa.ForeignKeyConstraint(
            ["charter_id", "grappe_id", "charter_hash"],
            ["charters.id", "charters.grappe_id", "charters.hash"],
            name="fk_grappe_memberships_signed_charter",
        ),
        # Leaving means handing over first: a coordinator has signed and is not on the way out.
        sa.CheckConstraint(
            "NOT is_coordinator OR (joined_at IS NOT NULL AND leaves_on IS NULL)",
            name="ck_grappe_memberships_coordinator_is_a_member",
        ),
        sa.CheckConstraint(
            "invited_at IS NOT NULL OR requested_at IS NOT NULL", name="ck_grappe_memberships_begins_somehow"
        ),
        # Nobody is a member without having signed one exact text (domain §4b.11).
        sa.CheckConstraint(
            "(joined_at IS NULL) = (charter_hash IS NULL) AND (joined_at IS NULL) = (charter_id IS NULL)",
            name="ck_grappe_memberships_member_has_signed",
        ),
        sa.CheckConstraint(
            "leaves_on IS NULL OR joined_at IS NOT NULL", name="ck_grappe_memberships_only_members_leave"
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ending IS NULL) AND"
            " (ending IS NULL OR ending IN ('left', 'excluded', 'declined', 'refused', 'withdrawn'))",
            name="ck_grappe_memberships_ending_known",
        ),
        sa.CheckConstraint(
            "ending <> 'excluded' OR end_reason IS NOT NULL", name="ck_grappe_memberships_exclusion_has_a_reason"
        ),
    )
    # One way at a time: an establishment is never invited twice or a member twice in the same grappe.
    op.create_index(
        "uq_grappe_memberships_running",
        "grappe_memberships",
        ["grappe_id", "establishment_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    # A grappe has one coordinator at a time (domain §2).
    op.create_index(
        "uq_grappe_memberships_coordinator",
        "grappe_memberships",
        ["grappe_id"],
        unique=True,
        postgresql_where=sa.text("is_coordinator AND ended_at IS NULL"),
    )
    op.create_index("ix_grappe_memberships_establishment_id", "grappe_memberships", ["establishment_id"])
    # The scheduler's question: whose notice ends next?
    op.create_index(
        "ix_grappe_memberships_leaves_on",
        "grappe_memberships",
        ["leaves_on"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )

    op.create_table(
        "pooling_claims",
        sa.Column("establishment_id", sa.Uuid, nullable=False),
        sa.Column("category_code", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("subject_label", sa.Text, nullable=False),
        sa.Column("claimed_at", MOMENT, nullable=False),
        # One volume, one pool (domain §4b.9): one grappe and one counted need per establishment and category.
        sa.PrimaryKeyConstraint("establishment_id", "category_code", "kind", name="pk_pooling_claims"),
        sa.ForeignKeyConstraint(
            ["establishment_id"], ["establishments.id"], name="fk_pooling_claims_establishment_id_establishments"
        ),
        sa.ForeignKeyConstraint(
            ["category_code"],
            ["service_categories.code"],
            name="fk_pooling_claims_category_code_service_categories",
        ),
        sa.CheckConstraint("kind IN ('membership', 'need')", name="ck_pooling_claims_kind_known"),
    )
    op.create_index("ix_pooling_claims_kind_subject_id", "pooling_claims", ["kind", "subject_id"])


def downgrade() -> None:
    for table in ("pooling_claims", "grappe_memberships", "charters", "grappe_categories", "grappes"):
        op.drop_table(table)
