"""Service categories and priority domains, with the rows Grappe ships (domain §4 and §4b.16)"""
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The five domains of the CaRE programme.
DOMAINS = (
    ("directories_and_exposure", "Annuaires techniques et exposition sur internet", "Technical directories and internet exposure"),
    ("continuity", "Continuité et reprise d'activité", "Continuity and recovery"),
    ("identity", "Identités et authentification (HospiConnect)", "Identity and authentication (HospiConnect)"),
    ("remote_access", "Accès distants et télémaintenance", "Remote access and remote maintenance"),
    ("workstations_and_detection", "Postes de travail et détection", "Workstations and detection"),
)

# code, French name, English name, unit, usual price period, CPV with check digit, domain
CATEGORIES = (
    ("edr", "Détection et réponse sur les postes (EDR/MDR)", "Endpoint detection and response (EDR/MDR)", "endpoint", "month", "48730000-4", "workstations_and_detection"),
    ("soc", "Centre de supervision de la sécurité (SOC)", "Security operations centre (SOC)", "endpoint", "month", "72250000-2", "workstations_and_detection"),
    ("passi_audit", "Audit de sécurité par un prestataire PASSI", "Security audit by a PASSI provider", "day", "once", "72810000-1", "directories_and_exposure"),
    ("ad_hardening", "Durcissement d'annuaire technique (AD)", "Directory hardening (AD)", "domain", "once", "72246000-1", "directories_and_exposure"),
    ("exposure_audit", "Audit d'exposition sur internet", "Internet exposure audit", "exercise", "once", "72820000-4", "directories_and_exposure"),
    ("backup", "Sauvegarde immuable", "Immutable backup", "tb", "month", "72910000-2", "continuity"),
    ("hds_hosting", "Hébergement de données de santé (HDS)", "Health data hosting (HDS)", "vm", "month", "72514000-1", "continuity"),
    ("mfa", "Authentification forte et unique (MFA/SSO)", "Strong and single sign-on (MFA/SSO)", "user", "month", "48732000-8", "identity"),
    ("crisis_exercise", "Exercice de crise cyber", "Cyber crisis exercise", "exercise", "once", "80510000-2", "continuity"),
    ("awareness", "Sensibilisation des utilisateurs", "User awareness", "user", "year", "80533000-9", "workstations_and_detection"),
    ("incident_response", "Forfait de réponse à incident", "Incident response retainer", "retainer", "year", "72611000-6", "workstations_and_detection"),
    ("pcra", "Plan de continuité et de reprise d'activité (PCRA)", "Continuity and recovery plan (PCRA)", "plan", "once", "72251000-9", "continuity"),
    ("remote_access", "Accès distant sécurisé et bastion", "Secure remote access and bastion", "user", "month", "48514000-4", "remote_access"),
    ("shared_ciso", "RSSI à temps partagé", "Shared CISO", "day", "once", "72220000-3", "directories_and_exposure"),
    ("support_maintenance", "Support et maintenance", "Support and maintenance", "endpoint", "month", "72253200-5", "workstations_and_detection"),
)


def upgrade() -> None:
    domains = op.create_table(
        "priority_domains",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name_fr", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("code", name="pk_priority_domains"),
    )
    categories = op.create_table(
        "service_categories",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name_fr", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("price_period", sa.Text, nullable=False),
        sa.Column("cpv", sa.Text, nullable=False),
        sa.Column("domain_code", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False, server_default="0"),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("code", name="pk_service_categories"),
        sa.ForeignKeyConstraint(
            ["domain_code"], ["priority_domains.code"], name="fk_service_categories_domain_code_priority_domains"
        ),
        # The words of marketplace/categories/units.py.
        sa.CheckConstraint(
            "unit IN ('endpoint', 'user', 'day', 'domain', 'exercise', 'tb', 'vm', 'site', 'plan', 'retainer')",
            name="ck_service_categories_unit_known",
        ),
        sa.CheckConstraint("price_period IN ('once', 'month', 'year')", name="ck_service_categories_price_period_known"),
        # CPV: eight digits, a hyphen, the check digit (regulation (EC) 213/2008).
        sa.CheckConstraint("cpv ~ '^[0-9]{8}-[0-9]$'", name="ck_service_categories_cpv_has_its_check_digit"),
    )
    op.bulk_insert(
        domains,
        [
            {"code": code, "name_fr": name_fr, "name_en": name_en, "position": place}
            for place, (code, name_fr, name_en) in enumerate(DOMAINS, start=1)
        ],
    )
    columns = ("code", "name_fr", "name_en", "unit", "price_period", "cpv", "domain_code")
    op.bulk_insert(
        categories,
        [
            {**dict(zip(columns, row, strict=True)), "position": place}
            for place, row in enumerate(CATEGORIES, start=1)
        ],
    )


def downgrade() -> None:
    op.drop_table("service_categories")
    op.drop_table("priority_domains")
