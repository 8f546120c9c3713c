"""Who may do what with mini-competitions: a member opens and decides, invited holders answer, the centre frames and reads."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

_CARE = frozenset({"care_operator"})
_PROVIDERS = frozenset({"provider"})
_CENTRES = frozenset({"purchasing_centre"})
_WHO_ORDER = frozenset({"admin", "signatory", "buyer", "contributor"})

PERMISSIONS = (
    Permission("competition.read", "signed_in", EVERY_ROLE, scope="read"),
    # Whoever may place an order asks for its price and gives it to the best answer; approval limits count as for any order.
    Permission("competition.open", "own", _WHO_ORDER, kinds=_CARE),
    Permission("competition.decide", "own", _WHO_ORDER, kinds=_CARE),
    Permission("competition.answer", "provider", frozenset({"admin", "signatory", "contributor"}), kinds=_PROVIDERS),
    Permission("competition.frame", "centre", frozenset({"admin", "buyer"}), kinds=_CENTRES),
)
