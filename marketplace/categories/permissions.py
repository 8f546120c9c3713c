"""Who may read the shared vocabulary (everybody signed in) and revise it (the platform's operator)."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

PERMISSIONS = (
    Permission("category.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("category.revise", "operator", frozenset({"operator"})),
)
