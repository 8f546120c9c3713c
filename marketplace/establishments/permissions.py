"""Who may read the directory, change a site's profile and IT estate, and run the reference data."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

PERMISSIONS = (
    Permission("establishment.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("establishment.read_estate", "own", EVERY_ROLE, scope="read"),
    Permission("establishment.read_estate", "operator", frozenset({"operator"}), scope="read"),
    Permission("establishment.change", "own", frozenset({"admin", "buyer"})),
    Permission("establishment.import", "operator", frozenset({"operator"})),
    Permission("establishment.reference_data", "operator", frozenset({"operator"})),
)
