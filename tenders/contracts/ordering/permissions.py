"""Who may do what with call-offs: the member orders and approves within its limits, the holder answers, the centre watches."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

_CARE = frozenset({"care_operator"})
_PROVIDERS = frozenset({"provider"})
_CENTRES = frozenset({"purchasing_centre"})
_PLACES = frozenset({"admin", "signatory", "buyer", "contributor"})

PERMISSIONS = (
    Permission("call_off.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("call_off.place", "own", _PLACES, kinds=_CARE),
    # Any role may be given a limit: whether it reaches the amount is the organisation's own rule (order_limits).
    Permission("call_off.approve", "own", _PLACES, scope="sign", kinds=_CARE),
    Permission("call_off.cancel", "own", _PLACES, kinds=_CARE),
    # At the term the centre closes what nobody closes: an order left open would hold up everybody's true-up.
    Permission("call_off.cancel", "centre", frozenset({"admin", "buyer"}), kinds=_CENTRES),
    Permission("call_off.dispute", "centre", frozenset({"admin", "buyer"}), kinds=_CENTRES),
    Permission("call_off.limit", "own", frozenset({"admin"}), kinds=_CARE),
    Permission("call_off.certify", "own", frozenset({"admin", "signatory", "buyer"}), kinds=_CARE),
    Permission("call_off.dispute", "own", _PLACES, kinds=_CARE),
    Permission("call_off.resolve", "own", frozenset({"admin", "signatory", "buyer"}), kinds=_CARE),
    Permission("call_off.resolve", "centre", frozenset({"admin", "buyer"}), kinds=_CENTRES),
    Permission("call_off.answer", "provider", frozenset({"admin", "signatory", "contributor"}), kinds=_PROVIDERS),
    Permission("consumption.read", "centre", EVERY_ROLE, scope="read", kinds=_CENTRES),
    # A commitment binds: it is given and taken by those who sign.
    Permission("commitment.transfer", "own", frozenset({"signatory"}), scope="sign", kinds=_CARE),
)
