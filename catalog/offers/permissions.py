"""Who may do what with offers: everybody signed in reads what is published, providers write and publish their own."""
from catalog.providers.permissions import PROVIDERS, WRITERS
from marketplace.platform.permissions import EVERY_ROLE, Permission

PERMISSIONS = (
    Permission("offer.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("offer.write", "own", WRITERS, kinds=PROVIDERS),
    # A published price binds the provider towards whoever relies on it.
    Permission("offer.publish", "own", frozenset({"admin", "signatory"}), kinds=PROVIDERS),
)
