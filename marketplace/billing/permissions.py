"""Who may do what with money: payers see and pay what they owe, payees collect, providers choose a plan."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

SIGNERS = frozenset({"admin", "signatory"})
PAYEES = frozenset({"purchasing_centre", "platform"})
PROVIDERS = frozenset({"provider"})

PERMISSIONS = (
    Permission("fee.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("fee.pay", "own", SIGNERS),
    Permission("fee.collect", "own", SIGNERS | {"operator"}, kinds=PAYEES),
    Permission("fee.refund", "own", SIGNERS | {"operator"}, kinds=PAYEES),
    Permission("plan.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("plan.choose", "own", SIGNERS, kinds=PROVIDERS),
    Permission("billing.reconcile", "operator", frozenset({"operator"})),
)
