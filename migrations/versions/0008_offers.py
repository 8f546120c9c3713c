"""Offers and their price grids; a published offer and its grid never change."""
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE offers (
    id UUID NOT NULL,
    provider_id UUID NOT NULL,
    category_code TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    unit TEXT NOT NULL,
    price_period TEXT NOT NULL,
    pricing TEXT NOT NULL,
    mobilisation_amount NUMERIC(18, 2) DEFAULT '0' NOT NULL,
    minimum_quantity BIGINT DEFAULT '1' NOT NULL,
    capacity BIGINT,
    regional_uplifts JSONB DEFAULT '{}' NOT NULL,
    delivery_modes TEXT[] DEFAULT '{}' NOT NULL,
    visibility TEXT DEFAULT 'buyers' NOT NULL,
    supersedes_id UUID,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE,
    superseded_at TIMESTAMP WITH TIME ZONE,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    status TEXT GENERATED ALWAYS AS (CASE WHEN withdrawn_at IS NOT NULL THEN 'withdrawn' WHEN superseded_at IS NOT NULL THEN 'superseded' WHEN published_at IS NOT NULL THEN 'published' ELSE 'draft' END) STORED NOT NULL,
    version INTEGER DEFAULT '1' NOT NULL,
    CONSTRAINT pk_offers PRIMARY KEY (id),
    CONSTRAINT ck_offers_unit_known CHECK (unit IN ('endpoint', 'user', 'day', 'domain', 'exercise', 'tb', 'vm', 'site', 'plan', 'retainer')),
    CONSTRAINT ck_offers_price_period_known CHECK (price_period IN ('once', 'month', 'year')),
    CONSTRAINT ck_offers_pricing_known CHECK (pricing IN ('all_units', 'incremental')),
    CONSTRAINT ck_offers_visibility_known CHECK (visibility IN ('buyers', 'public')),
    CONSTRAINT ck_offers_delivery_modes_known CHECK (delivery_modes <@ ARRAY['on_site', 'remote']::text[]),
    CONSTRAINT ck_offers_mobilisation_not_negative CHECK (mobilisation_amount >= 0),
    CONSTRAINT ck_offers_minimum_at_least_one CHECK (minimum_quantity >= 1),
    CONSTRAINT ck_offers_capacity_holds_the_minimum CHECK (capacity >= minimum_quantity),
    CONSTRAINT ck_offers_regional_uplifts_is_object CHECK (jsonb_typeof(regional_uplifts) = 'object'),
    -- Nothing that was never published can be replaced or withdrawn: a draft is deleted.
    CONSTRAINT ck_offers_ends_after_published CHECK (published_at IS NOT NULL OR (superseded_at IS NULL AND withdrawn_at IS NULL)),
    CONSTRAINT ck_offers_not_its_own_successor CHECK (supersedes_id <> id),
    CONSTRAINT fk_offers_provider_id_providers FOREIGN KEY(provider_id) REFERENCES providers (id),
    CONSTRAINT fk_offers_category_code_service_categories FOREIGN KEY(category_code) REFERENCES service_categories (code),
    CONSTRAINT fk_offers_supersedes_id_offers FOREIGN KEY(supersedes_id) REFERENCES offers (id)
);

CREATE INDEX ix_offers_category_code_id ON offers (category_code, id);
CREATE INDEX ix_offers_provider_id ON offers (provider_id);
CREATE INDEX ix_offers_supersedes_id ON offers (supersedes_id);
CREATE TABLE offer_brackets (
    offer_id UUID NOT NULL,
    from_quantity BIGINT NOT NULL,
    to_quantity BIGINT,
    next_quantity BIGINT GENERATED ALWAYS AS (to_quantity + 1) STORED,
    unit_price NUMERIC(18, 4) NOT NULL,
    CONSTRAINT pk_offer_brackets PRIMARY KEY (offer_id, from_quantity),
    CONSTRAINT ck_offer_brackets_from_one CHECK (from_quantity >= 1),
    CONSTRAINT ck_offer_brackets_not_backwards CHECK (to_quantity >= from_quantity),
    CONSTRAINT ck_offer_brackets_unit_price_not_negative CHECK (unit_price >= 0),
    -- No gap, no overlap: each end points at the start that follows it, no two ends at the same start, one end open.
    CONSTRAINT uq_offer_brackets_one_chain UNIQUE NULLS NOT DISTINCT (offer_id, next_quantity) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fk_offer_brackets_without_gap FOREIGN KEY(offer_id, next_quantity) REFERENCES offer_brackets (offer_id, from_quantity) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fk_offer_brackets_offer_id_offers FOREIGN KEY(offer_id) REFERENCES offers (id)
);
"""
# What relied on a published offer (a match, an award, a contract) must find it as it was.
PUBLISHED_OFFER_IS_FROZEN = """
CREATE FUNCTION refuse_change_of_published_offer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change CONSTANT text[] := ARRAY['superseded_at', 'withdrawn_at', 'status', 'version'];
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - may_change <> to_jsonb(OLD) - may_change THEN
        RAISE EXCEPTION 'a published offer never changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'published_offer_is_frozen';
    END IF;
    RETURN NEW;
END
$$
"""
PUBLISHED_GRID_IS_FROZEN = """
CREATE FUNCTION refuse_change_of_published_grid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM offers WHERE id IN (OLD.offer_id, NEW.offer_id) AND published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the grid of a published offer never changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'published_offer_is_frozen';
    END IF;
    RETURN COALESCE(NEW, OLD);
END
$$
"""
# A published offer prices every quantity from the first unit on.
PUBLISHED_OFFER_HAS_A_GRID = """
CREATE FUNCTION refuse_publication_without_grid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM offer_brackets WHERE offer_id = NEW.id AND from_quantity = 1) THEN
        RAISE EXCEPTION 'a published offer has a price from the first unit on'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'published_offer_has_a_grid';
    END IF;
    RETURN NEW;
END
$$
"""
DEMAND_A_GRID = """
CREATE TRIGGER published_offer_has_a_grid BEFORE INSERT OR UPDATE OF published_at ON offers
    FOR EACH ROW WHEN (NEW.published_at IS NOT NULL) EXECUTE FUNCTION refuse_publication_without_grid()
"""
FREEZE_OFFER = """
CREATE TRIGGER published_offer_is_frozen BEFORE UPDATE OR DELETE ON offers
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION refuse_change_of_published_offer()
"""
FREEZE_GRID = """
CREATE TRIGGER published_grid_is_frozen BEFORE INSERT OR UPDATE OR DELETE ON offer_brackets
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_published_grid()
"""


def upgrade() -> None:
    op.execute(TABLES)
    frozen = (PUBLISHED_OFFER_IS_FROZEN, FREEZE_OFFER, PUBLISHED_GRID_IS_FROZEN, FREEZE_GRID)
    for statement in (*frozen, PUBLISHED_OFFER_HAS_A_GRID, DEMAND_A_GRID):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    op.execute("DROP TABLE offer_brackets, offers")
    op.execute(
        "DROP FUNCTION refuse_change_of_published_offer, refuse_change_of_published_grid, refuse_publication_without_grid"
    )
