"""The closed vocabularies of contracts, in the order a form shows them."""
from typing import Final

ORIGINS: Final = ("listing", "external_award", "tender")
"""A published offer taken as it is; an award made elsewhere, with its signed PDF; a tender run here (later)."""
HOLDER_SELECTIONS: Final = ("single", "cascade", "rotation", "share", "mini_competition")
"""How orders on a lot find their holder: one per lot, chosen with its first contract."""
FEE_KINDS: Final = ("none", "flat_yearly", "percent_of_call_offs", "entry")
FEE_PAYERS: Final = ("provider", "member")
DECISIONS: Final = ("concluded", "activated", "minimum_missed", "suspended", "resumed", "terminated")
