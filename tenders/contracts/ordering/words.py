"""The closed vocabularies of call-offs."""
from typing import Final

RESOLUTIONS: Final = ("goes_on", "given_up")
"""How a dispute ends: the order goes on, or it is given up and its units return to the envelope."""
