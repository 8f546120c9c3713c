"""Who may do what with true-ups: parties and members read, the centre makes them."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

PERMISSIONS = (
    Permission("settlement.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("contract.settle", "centre", frozenset({"admin", "buyer", "signatory"}), kinds=frozenset({"purchasing_centre"})),
)
