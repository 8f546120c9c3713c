"""Who may do what with vehicles and lots: everybody signed in reads what is open, the centre's buyers write."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

_BUYERS = frozenset({"admin", "buyer"})
_CENTRES = frozenset({"purchasing_centre"})

PERMISSIONS = (
    Permission("vehicle.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("vehicle.create", "centre", _BUYERS, kinds=_CENTRES),
    Permission("vehicle.edit", "centre", _BUYERS, kinds=_CENTRES),
    Permission("vehicle.open", "centre", _BUYERS, kinds=_CENTRES),
    Permission("vehicle.cancel", "centre", _BUYERS, kinds=_CENTRES),
)
