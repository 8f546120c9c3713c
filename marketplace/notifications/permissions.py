"""Who may do what with notifications: everybody, with its own."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

PERMISSIONS = (
    Permission("notification.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("notification.manage", "signed_in", EVERY_ROLE),
)
