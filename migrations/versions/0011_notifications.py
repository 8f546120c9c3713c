"""In-app notifications and the preference for mail."""
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE notifications (
    id UUID NOT NULL,
    telling_id UUID NOT NULL,
    user_id UUID NOT NULL,
    template TEXT NOT NULL,
    values JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    read_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_notifications PRIMARY KEY (id),
    -- One telling reaches a person once, however often the dispatcher tries.
    CONSTRAINT uq_notifications_telling_id_user_id UNIQUE (telling_id, user_id),
    CONSTRAINT fk_notifications_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_notifications_user_id_created_at_id ON notifications (user_id, created_at, id);

CREATE INDEX ix_notifications_unread ON notifications (user_id) WHERE read_at IS NULL;

CREATE TABLE notification_preferences (
    user_id UUID NOT NULL,
    by_email BOOLEAN NOT NULL,
    CONSTRAINT pk_notification_preferences PRIMARY KEY (user_id),
    CONSTRAINT fk_notification_preferences_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE notification_preferences, notifications")
