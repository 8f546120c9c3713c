"""Who may do what with studies: a purchasing centre on its own vehicles, a coordinator for its own grappe."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

_BUYERS = frozenset({"admin", "buyer"})
_CENTRES = frozenset({"purchasing_centre"})
_CARE = frozenset({"care_operator"})

PERMISSIONS = (
    Permission("study.list", "signed_in", EVERY_ROLE, scope="read", kinds=_CENTRES | _CARE),
    Permission("study.read", "centre", EVERY_ROLE, scope="read", kinds=_CENTRES),
    Permission("study.read", "coordinator", EVERY_ROLE, scope="read", kinds=_CARE),
    Permission("study.ask", "centre", _BUYERS, kinds=_CENTRES),
    Permission("study.ask", "coordinator", _BUYERS | {"signatory"}, kinds=_CARE),
    Permission("study.accept", "centre", _BUYERS, kinds=_CENTRES),
    Permission("stand_alone_price.read", "own", EVERY_ROLE, scope="read", kinds=_CARE),
    Permission("stand_alone_price.state", "own", _BUYERS | {"signatory", "contributor"}, kinds=_CARE),
    Permission("group_purchase.seek", "own", EVERY_ROLE, scope="read", kinds=_CARE),
)
