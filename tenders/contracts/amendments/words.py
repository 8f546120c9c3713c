"""The closed vocabularies of amendments, in the order a form shows them."""
from typing import Final

KINDS: Final = ("prices", "maximum", "minimum", "term", "members", "indexation", "fee", "other")
PUBLIC_BASES: Final = (
    "review_clause", "further_services", "unforeseen", "not_substantial", "low_value",
)  # fmt: skip
"""Code de la commande publique, in its own order: articles R2194-1, R2194-2, R2194-5, R2194-7, R2194-8."""
PRIVATE_BASES: Final = ("mutual_agreement", "hardship")
"""Code civil, for contracts that the public code does not govern: articles 1193 and 1195."""
BASES: Final = (*PUBLIC_BASES, *PRIVATE_BASES)
WORTHS: Final = ("maximum_amount", "maximum_quantity", "pooled_quantity")
"""How a contract's value is found, the first that is known."""
THRESHOLDS: Final = (
    "low_value_percent", "low_value_percent_works", "european_amount", "european_amount_works", "each_percent",
)  # fmt: skip
"""What a low-value change stays under, in per cent of the initial value and in euros; what each further service or
unforeseeable change may reach, in per cent. Their values are data (table `amendment_thresholds`)."""
