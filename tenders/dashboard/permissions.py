"""Who may open the pages that look at everything: each sees what its rows allow; the control room is a centre's."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

_CENTRE = frozenset({"purchasing_centre"})

PERMISSIONS = (
    Permission("dashboard.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("calendar.manage", "signed_in", EVERY_ROLE),
    Permission("control_room.read", "centre", EVERY_ROLE, scope="read", kinds=_CENTRE),
    Permission("lot.remind", "centre", frozenset({"admin", "buyer"}), kinds=_CENTRE),
)
