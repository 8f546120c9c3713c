"""Who may do what with invoices: both parties read, the issuer issues and credits, the buyer receives its supplier's own."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

_PARTIES = frozenset({"care_operator", "provider", "purchasing_centre"})
_SELLERS = frozenset({"provider", "purchasing_centre"})
_CARE = frozenset({"care_operator"})
_ISSUE = frozenset({"admin", "signatory", "buyer", "contributor"})
_PAY = frozenset({"admin", "signatory", "buyer"})

PERMISSIONS = (
    Permission("invoice.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("invoice.draw", "own", _ISSUE, kinds=_SELLERS),
    Permission("invoice.credit", "own", _ISSUE, kinds=_SELLERS),
    Permission("invoice.record_payment", "own", _ISSUE, kinds=_SELLERS),
    Permission("invoice.receive", "own", _ISSUE, kinds=_CARE),
    # To accept an invoice is to let it be paid: the same roles as those who certify.
    Permission("invoice.judge", "own", _PAY, kinds=_CARE),
    Permission("invoicing.describe", "own", frozenset({"admin", "buyer", "signatory"}), kinds=_PARTIES),
    Permission("invoicing.mandate", "own", frozenset({"signatory"}), scope="sign", kinds=_SELLERS),
)
