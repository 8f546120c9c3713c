"""Who may open the pages that look at everything: anybody signed in; each sees only what its rows allow."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

PERMISSIONS = (Permission("dashboard.read", "signed_in", EVERY_ROLE, scope="read"),)
