"""Who may do what with indexation: parties and members read; the centre, or the platform for index values, writes."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

_BUYERS = frozenset({"admin", "buyer"})
_CENTRES = frozenset({"purchasing_centre"})

PERMISSIONS = (
    Permission("indexation.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("index.enter", "centre", _BUYERS, kinds=_CENTRES),
    Permission("index.enter", "operator", frozenset({"operator"})),
    Permission("contract.index", "centre", _BUYERS, kinds=_CENTRES),
)
