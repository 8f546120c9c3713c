"""How invoices are numbered: one series per issuer and calendar year, without a gap, credit notes in the same series.

CGI, ann. II, art. 242 nonies A, I 7°: a unique number from a chronological and continuous sequence; a separate series is
allowed for what is drawn elsewhere or by a third party, hence the prefix, which no other tool of the issuer may use.
"""
from collections.abc import Collection

PREFIX = "GR"
DIGITS = 6


def invoice_number(year: int, sequence: int) -> str:
    """The number as printed: GR-2026-000012; unique for its issuer, 35 characters at most by the format."""
    return f"{PREFIX}-{year}-{sequence:0{DIGITS}d}"


def missing_numbers(sequences: Collection[int], last: int) -> list[int]:
    """What a series lacks: every number from 1 to its last that no invoice carries."""
    return sorted(set(range(1, last + 1)) - set(sequences))
