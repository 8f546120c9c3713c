"""Studies of who should buy together: what was asked and frozen, what was found, what establishments pay alone."""
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE studies (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    grappe_id UUID,
    shared_with_id UUID,
    follows_id UUID,
    title TEXT NOT NULL,
    parameters JSONB NOT NULL,
    document JSONB NOT NULL,
    set_aside JSONB DEFAULT '[]' NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    asked_by UUID NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    beat_at TIMESTAMP WITH TIME ZONE,
    attempts INTEGER DEFAULT '0' NOT NULL,
    cancel_asked_at TIMESTAMP WITH TIME ZONE,
    cancelled_at TIMESTAMP WITH TIME ZONE,
    failed_at TIMESTAMP WITH TIME ZONE,
    failure TEXT,
    finished_at TIMESTAMP WITH TIME ZONE,
    progress JSONB DEFAULT '[]' NOT NULL,
    cost NUMERIC(38, 2),
    bound NUMERIC(38, 2),
    gap NUMERIC(9, 6),
    saving NUMERIC(38, 2),
    sensitivity JSONB DEFAULT '[]' NOT NULL,
    complaint JSONB,
    status TEXT GENERATED ALWAYS AS (CASE WHEN cancelled_at IS NOT NULL THEN 'cancelled' WHEN failed_at IS NOT NULL THEN 'failed' WHEN finished_at IS NOT NULL THEN 'done' WHEN started_at IS NOT NULL THEN 'running' ELSE 'queued' END) STORED NOT NULL,
    CONSTRAINT pk_studies PRIMARY KEY (id),
    CONSTRAINT ck_studies_parameters_is_object CHECK (jsonb_typeof(parameters) = 'object'),
    CONSTRAINT ck_studies_answer_is_whole CHECK ((finished_at IS NULL) = (cost IS NULL) AND (cost IS NULL) = (bound IS NULL) AND (cost IS NULL) = (gap IS NULL) AND bound <= cost AND gap >= 0),
    CONSTRAINT ck_studies_failure_is_explained CHECK ((failed_at IS NULL) = (failure IS NULL)),
    CONSTRAINT ck_studies_ends_once CHECK (num_nonnulls(cancelled_at, failed_at, finished_at) <= 1),
    CONSTRAINT fk_studies_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_studies_grappe_id_grappes FOREIGN KEY(grappe_id) REFERENCES grappes (id),
    CONSTRAINT fk_studies_shared_with_id_organisations FOREIGN KEY(shared_with_id) REFERENCES organisations (id),
    CONSTRAINT fk_studies_follows_id_studies FOREIGN KEY(follows_id) REFERENCES studies (id),
    CONSTRAINT fk_studies_asked_by_users FOREIGN KEY(asked_by) REFERENCES users (id)
);
CREATE INDEX ix_studies_organisation_id ON studies (organisation_id, id);
CREATE INDEX ix_studies_shared_with_id ON studies (shared_with_id) WHERE shared_with_id IS NOT NULL;
CREATE INDEX ix_studies_waiting ON studies (id) WHERE cancelled_at IS NULL AND failed_at IS NULL AND finished_at IS NULL;
CREATE TABLE study_purchases (
    study_id UUID NOT NULL,
    number INTEGER NOT NULL,
    offer_id UUID NOT NULL,
    category_code TEXT NOT NULL,
    members INTEGER NOT NULL,
    quantity BIGINT NOT NULL,
    bracket_from BIGINT NOT NULL,
    bracket_to BIGINT NOT NULL,
    unit_price NUMERIC(18, 4) NOT NULL,
    reference_unit_price NUMERIC(18, 4) NOT NULL,
    minimum BIGINT NOT NULL,
    capacity BIGINT NOT NULL,
    mobilisation NUMERIC(18, 2) NOT NULL,
    amount NUMERIC(38, 2) NOT NULL,
    stated_amount NUMERIC(38, 2) NOT NULL,
    alone_amount NUMERIC(38, 2) NOT NULL,
    next_from BIGINT,
    next_unit_price NUMERIC(18, 4),
    lot_id UUID,
    accepted_at TIMESTAMP WITH TIME ZONE,
    accepted_by UUID,
    CONSTRAINT pk_study_purchases PRIMARY KEY (study_id, number),
    CONSTRAINT ck_study_purchases_within_its_bracket CHECK (quantity BETWEEN bracket_from AND bracket_to),
    CONSTRAINT ck_study_purchases_has_members CHECK (members > 0),
    CONSTRAINT fk_study_purchases_study_id_studies FOREIGN KEY(study_id) REFERENCES studies (id),
    CONSTRAINT fk_study_purchases_offer_id_offers FOREIGN KEY(offer_id) REFERENCES offers (id),
    CONSTRAINT fk_study_purchases_category_code_service_categories FOREIGN KEY(category_code) REFERENCES service_categories (code),
    CONSTRAINT fk_study_purchases_lot_id_lots FOREIGN KEY(lot_id) REFERENCES lots (id) ON DELETE SET NULL,
    CONSTRAINT fk_study_purchases_accepted_by_users FOREIGN KEY(accepted_by) REFERENCES users (id)
);
CREATE UNIQUE INDEX uq_study_purchases_lot_id ON study_purchases (lot_id) WHERE lot_id IS NOT NULL;
CREATE TABLE study_places (
    study_id UUID NOT NULL,
    establishment_id UUID NOT NULL,
    category_code TEXT NOT NULL,
    position INTEGER,
    organisation_id UUID NOT NULL,
    grappe_id UUID,
    region TEXT,
    quantity BIGINT NOT NULL,
    alone_unit_price NUMERIC(18, 4),
    purchase INTEGER,
    amount NUMERIC(38, 2),
    alone_amount NUMERIC(38, 2),
    outside JSONB,
    CONSTRAINT pk_study_places PRIMARY KEY (study_id, establishment_id, category_code),
    CONSTRAINT fk_study_places_study_purchases FOREIGN KEY(study_id, purchase) REFERENCES study_purchases (study_id, number),
    CONSTRAINT ck_study_places_members_pay CHECK ((purchase IS NULL) = (amount IS NULL)),
    CONSTRAINT ck_study_places_inside_or_outside CHECK (purchase IS NULL OR outside IS NULL),
    -- Nobody pays more than alone.
    CONSTRAINT ck_study_places_never_more_than_alone CHECK (amount <= alone_amount),
    CONSTRAINT fk_study_places_study_id_studies FOREIGN KEY(study_id) REFERENCES studies (id),
    CONSTRAINT fk_study_places_establishment_id_establishments FOREIGN KEY(establishment_id) REFERENCES establishments (id),
    CONSTRAINT fk_study_places_category_code_service_categories FOREIGN KEY(category_code) REFERENCES service_categories (code),
    CONSTRAINT fk_study_places_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id),
    CONSTRAINT fk_study_places_grappe_id_grappes FOREIGN KEY(grappe_id) REFERENCES grappes (id)
);
CREATE INDEX ix_study_places_establishment_id ON study_places (establishment_id);
CREATE INDEX ix_study_places_study_id_purchase ON study_places (study_id, purchase);
CREATE TABLE stand_alone_prices (
    establishment_id UUID NOT NULL,
    category_code TEXT NOT NULL,
    unit_price NUMERIC(18, 4) NOT NULL,
    stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    stated_by UUID,
    CONSTRAINT pk_stand_alone_prices PRIMARY KEY (establishment_id, category_code),
    CONSTRAINT ck_stand_alone_prices_unit_price_positive CHECK (unit_price > 0),
    CONSTRAINT fk_stand_alone_prices_establishment_id_establishments FOREIGN KEY(establishment_id) REFERENCES establishments (id),
    CONSTRAINT fk_stand_alone_prices_category_code_service_categories FOREIGN KEY(category_code) REFERENCES service_categories (code),
    CONSTRAINT fk_stand_alone_prices_stated_by_users FOREIGN KEY(stated_by) REFERENCES users (id)
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE stand_alone_prices, study_places, study_purchases, studies")
