"""Who may found, coordinate, join and leave a grappe.

What signs a charter, or ends what was signed, needs an administrator or a signatory and a token that may sign; what
prepares it (inviting, asking, declining, activating at quorum) is a buyer's work too.
"""
from marketplace.platform.permissions import EVERY_ROLE, Permission

_SIGNS = frozenset({"admin", "signatory"})
_PREPARES = frozenset({"admin", "signatory", "buyer"})
_CARE = frozenset({"care_operator"})

PERMISSIONS = (
    Permission("grappe.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("grappe.found", "own", _SIGNS, scope="sign", kinds=_CARE),
    Permission("grappe.amend", "coordinator", _SIGNS, scope="sign"),
    Permission("grappe.invite", "coordinator", _PREPARES),
    Permission("grappe.activate", "coordinator", _PREPARES),
    Permission("grappe.exclude", "coordinator", _SIGNS, scope="sign"),
    Permission("grappe.hand_over", "coordinator", _SIGNS, scope="sign"),
    Permission("grappe.dissolve", "coordinator", _SIGNS, scope="sign"),
    Permission("grappe.request", "own", _PREPARES, kinds=_CARE),
    Permission("grappe.join", "own", _SIGNS, scope="sign", kinds=_CARE),
    Permission("grappe.leave", "own", _SIGNS, scope="sign", kinds=_CARE),
    # One door for both sides: the establishment declines or takes back, the coordinator withdraws or refuses.
    Permission("grappe.end_pending", "own", _PREPARES, kinds=_CARE),
    Permission("grappe.end_pending", "coordinator", _PREPARES),
)
