"""Who may ask a provider for an exchange, answer one, or look for a partner among providers."""
from catalog.providers.permissions import OPERATORS, PROVIDERS, WRITERS
from marketplace.platform.permissions import EVERY_ROLE, Permission

THOSE_WHO_SPEAK = WRITERS | {"buyer"}
ASKERS = frozenset({"care_operator", "purchasing_centre", "provider"})

PERMISSIONS = (
    Permission("contact.read", "own", EVERY_ROLE, scope="read"),
    Permission("contact.ask", "own", THOSE_WHO_SPEAK, kinds=ASKERS),
    Permission("contact.answer", "own", THOSE_WHO_SPEAK),
    Permission("partner.read", "signed_in", EVERY_ROLE, scope="read", kinds=PROVIDERS),
    Permission("partner.read", "operator", OPERATORS, scope="read"),
    Permission("partner.list", "own", WRITERS, kinds=PROVIDERS),
)
