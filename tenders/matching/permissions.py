"""Who sees who can answer a lot (ux.md): its members and its centre all rows, a provider its own row alone."""
from marketplace.platform.permissions import EVERY_ROLE, Permission

PERMISSIONS = (
    Permission("match.read", "own", EVERY_ROLE, scope="read", kinds=frozenset({"care_operator"})),
    Permission("match.read", "centre", EVERY_ROLE, scope="read", kinds=frozenset({"purchasing_centre"})),
    # What a pool would be is told for establishments one represents (domain §4b.15), whatever the role: it only reads.
    Permission("pool.suppose", "own", EVERY_ROLE, scope="read", kinds=frozenset({"care_operator"})),
    Permission("match.read", "provider", EVERY_ROLE, scope="read", kinds=frozenset({"provider"})),
)
