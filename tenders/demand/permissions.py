"""Who may do what with needs and pools."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

_CARE = frozenset({"care_operator"})
_AUDIENCES = frozenset({"care_operator", "provider", "purchasing_centre", "authority"})
_PLACES = frozenset({"admin", "signatory", "buyer", "contributor"})

PERMISSIONS = (
    # Not the platform's operator: no business content by default (ux.md, who sees what).
    Permission("pool.read", "signed_in", EVERY_ROLE, scope="read", kinds=_AUDIENCES),
    Permission("need.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("need.place", "own", _PLACES, kinds=_CARE),
    # Only where the charter the member signed gives its coordinator the mandate (domain §4b.11).
    Permission("need.place", "coordinator", _PLACES, kinds=_CARE),
    Permission("estimate.read", "own", EVERY_ROLE, scope="read", kinds=_CARE),
    Permission("estimate.list", "signed_in", EVERY_ROLE, scope="read"),
    Permission("estimate.revise", "operator", frozenset({"operator"})),
    Permission("need.sign", "own", frozenset({"signatory"}), scope="sign", kinds=_CARE),
    Permission("merger.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("merger.vote", "own", frozenset({"admin", "signatory"}), scope="sign", kinds=_CARE),
    # Joining a closed lot commits at once: only who may sign does it.
    Permission("lot.join_late", "own", frozenset({"signatory"}), scope="sign", kinds=_CARE),
    Permission("lot.close", "centre", frozenset({"admin", "buyer"}), kinds=frozenset({"purchasing_centre"})),
    Permission("envelope.read", "centre", EVERY_ROLE, scope="read", kinds=frozenset({"purchasing_centre"})),
    Permission("envelope.adjust", "centre", frozenset({"admin", "buyer"}), kinds=frozenset({"purchasing_centre"})),
)
