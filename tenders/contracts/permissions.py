"""Who may do what with contracts: the centre's buyers write, its signatories bind; parties and members read."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

_BUYERS = frozenset({"admin", "buyer"})
_WHO_BIND = frozenset({"admin", "buyer", "signatory"})
_CENTRES = frozenset({"purchasing_centre"})

PERMISSIONS = (
    Permission("contract.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("contract.conclude", "centre", _BUYERS, kinds=_CENTRES),
    Permission("contract.sign", "centre", _WHO_BIND, kinds=_CENTRES),
    Permission("contract.activate", "centre", _WHO_BIND, kinds=_CENTRES),
    Permission("contract.suspend", "centre", _BUYERS, kinds=_CENTRES),
    Permission("contract.terminate", "centre", _WHO_BIND, kinds=_CENTRES),
)
