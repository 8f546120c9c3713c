"""The closed vocabularies of call-offs."""
from typing import Final

from marketplace.platform.errors import N_

RESOLUTIONS: Final = ("goes_on", "given_up")
"""How a dispute ends: the order goes on, or it is given up and its units return to the envelope."""

ROLE_NAMES: Final = {
    "signatory": N_("Signataire"), "admin": N_("Administrateur"), "buyer": N_("Acheteur"),
    "contributor": N_("Contributeur"),
}  # fmt: skip
"""Roles that an approval limit may be given to, as pages call them."""
