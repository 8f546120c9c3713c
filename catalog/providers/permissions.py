"""Who may do what with provider profiles: everybody signed in reads, providers edit their own, the operator decides."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

WRITERS = frozenset({"admin", "signatory", "contributor"})
PROVIDERS = frozenset({"provider"})
OPERATORS = frozenset({"operator"})

PERMISSIONS = (
    Permission("provider.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("provider.write", "own", WRITERS, kinds=PROVIDERS),
    Permission("provider.decide", "operator", OPERATORS),
)
