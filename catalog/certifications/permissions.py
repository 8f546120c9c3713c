"""Who may do what with certificates: everybody signed in reads, providers declare their own, the operator decides."""
from catalog.providers.permissions import OPERATORS, PROVIDERS, WRITERS
from marketplace.platform.permissions import EVERY_ROLE, Permission

PERMISSIONS = (
    Permission("certificate.read", "signed_in", EVERY_ROLE, scope="read"),
    Permission("certificate.declare", "own", WRITERS, kinds=PROVIDERS),
    Permission("certificate.decide", "operator", OPERATORS),
    Permission("certificate_scheme.write", "operator", OPERATORS),
    Permission("certificate_list.import", "operator", OPERATORS),
)
