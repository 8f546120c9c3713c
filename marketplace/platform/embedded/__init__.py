"""A PostgreSQL that comes with the product: for the demo, the tests and a first look, never for production."""
from marketplace.platform.embedded.places import default_data_folder
from marketplace.platform.embedded.server import EmbeddedPostgres, temporary
from marketplace.platform.embedded.trouble import EmbeddedPostgresError

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "default_data_folder", "temporary"]
