"""The closed vocabularies of vehicles and lots (formats/core-api.md), in the order a form shows them."""

TECHNIQUES = (
    "framework_call_offs",
    "framework_mini_competitions",
    "framework_mixed",
    "dynamic_purchasing_system",
    "resale",
    "listing",
    "order_group",
)
REGIMES = ("public_code", "voluntary", "private")
LOT_KINDS = ("supply", "service", "support")
PRICE_PERIODS = ("once", "month", "year")
MINIMUM_KINDS = ("none", "indicative", "contractual")
BASES = ("quantity", "amount")
MINIMUM_SCOPES = ("lot", "grappe")
POLICY_STEPS = ("extend", "merge", "release", "cancel")
STATUSES = ("draft", "open", "closed", "cancelled", "ended")
HDS = "hds"
"""The certification scheme whose activities a lot may require one by one (domain §5)."""


ALTERNATIVE_UNITS = {"support_maintenance": ("site",)}
"""Units a category may be counted in beside its own (domain §4: support per endpoint and month, or site and year)."""
