"""Users, organisations, memberships, browser sessions and API tokens."""
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE users (
    id UUID NOT NULL,
    email TEXT NOT NULL,
    full_name TEXT NOT NULL,
    password_hash TEXT,
    locale TEXT DEFAULT 'fr' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    disabled_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT ck_users_email_is_lower_case CHECK (email = lower(email)),
    CONSTRAINT uq_users_email UNIQUE (email)
);

CREATE TABLE organisations (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    siren TEXT,
    finess_ej TEXT,
    vat_number TEXT,
    legal_status TEXT,
    head_organisation_id UUID,
    delegated_roles TEXT[] DEFAULT '{buyer,contributor,viewer}' NOT NULL,
    purchasing_regime TEXT,
    purchasing_regime_reason TEXT,
    purchasing_regime_on DATE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version INTEGER DEFAULT '1' NOT NULL,
    CONSTRAINT pk_organisations PRIMARY KEY (id),
    CONSTRAINT ck_organisations_kind_known CHECK (kind IN ('care_operator', 'provider', 'purchasing_centre', 'authority', 'platform')),
    CONSTRAINT ck_organisations_purchasing_regime_known CHECK (purchasing_regime IN ('public_code', 'voluntary', 'private')),
    CONSTRAINT ck_organisations_purchasing_regime_is_explained CHECK ((purchasing_regime IS NULL) = (purchasing_regime_reason IS NULL) AND (purchasing_regime IS NULL) = (purchasing_regime_on IS NULL)),
    CONSTRAINT ck_organisations_not_its_own_head CHECK (head_organisation_id <> id),
    CONSTRAINT ck_organisations_delegated_roles_known CHECK (delegated_roles <@ ARRAY['admin', 'signatory', 'buyer', 'contributor', 'viewer', 'operator']::text[]),
    CONSTRAINT uq_organisations_finess_ej UNIQUE (finess_ej),
    CONSTRAINT fk_organisations_head_organisation_id_organisations FOREIGN KEY(head_organisation_id) REFERENCES organisations (id)
);

CREATE INDEX ix_organisations_head_organisation_id ON organisations (head_organisation_id);

CREATE INDEX ix_organisations_siren ON organisations (siren);

CREATE TABLE memberships (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    roles TEXT[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_memberships PRIMARY KEY (id),
    CONSTRAINT ck_memberships_roles_known CHECK (cardinality(roles) > 0 AND roles <@ ARRAY['admin', 'signatory', 'buyer', 'contributor', 'viewer', 'operator']::text[]),
    CONSTRAINT fk_memberships_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT fk_memberships_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id)
);

CREATE INDEX ix_memberships_organisation_id ON memberships (organisation_id);

CREATE UNIQUE INDEX uq_memberships_running ON memberships (user_id, organisation_id) WHERE ended_at IS NULL;

CREATE TABLE user_sessions (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    key_hash TEXT NOT NULL,
    browser TEXT DEFAULT '' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_user_sessions PRIMARY KEY (id),
    CONSTRAINT fk_user_sessions_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT uq_user_sessions_key_hash UNIQUE (key_hash)
);

CREATE INDEX ix_user_sessions_user_id ON user_sessions (user_id);

CREATE TABLE api_tokens (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    name TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    hint TEXT NOT NULL,
    scopes TEXT[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    last_used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_api_tokens PRIMARY KEY (id),
    CONSTRAINT ck_api_tokens_scopes_known CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'write', 'sign']::text[]),
    CONSTRAINT ck_api_tokens_expires_after_creation CHECK (expires_at > created_at),
    CONSTRAINT fk_api_tokens_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT uq_api_tokens_token_hash UNIQUE (token_hash)
);

CREATE INDEX ix_api_tokens_user_id ON api_tokens (user_id);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE api_tokens, user_sessions, memberships, organisations, users")
