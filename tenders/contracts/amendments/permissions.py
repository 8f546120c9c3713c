"""Who may do what with amendments: the centre's buyers prepare, its signatories bind; the platform enters thresholds."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

_BUYERS = frozenset({"admin", "buyer"})
_WHO_BIND = frozenset({"admin", "buyer", "signatory"})
_CENTRES = frozenset({"purchasing_centre"})

PERMISSIONS = (
    Permission("amendment.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("amendment.prepare", "centre", _BUYERS, kinds=_CENTRES),
    Permission("amendment.sign", "centre", _WHO_BIND, kinds=_CENTRES),
    Permission("threshold.enter", "operator", frozenset({"operator"})),
)
