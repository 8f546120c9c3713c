"""An invoice as its row keeps it: the whole document as JSON values from which the same document comes back."""
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from marketplace.platform.facts import pack, unpack
from tenders.contracts.invoicing.rules.invoice import Address, Corrected, Invoice, Line, Party


def to_content(invoice: Invoice) -> dict[str, Any]:
    """The document as JSON values."""
    packed: dict[str, Any] = pack(asdict(invoice))
    return packed


def from_content(content: Mapping[str, Any]) -> Invoice:
    """What `to_content` was given."""
    values = unpack(dict(content))
    corrects = values.pop("corrects")
    return Invoice(
        **{**values, "issuer": _party(values["issuer"]), "buyer": _party(values["buyer"]),
           "lines": tuple(Line(**line) for line in values["lines"])},
        corrects=None if corrects is None else Corrected(**corrects),
    )  # fmt: skip


def _party(values: Mapping[str, Any]) -> Party:
    address = values["address"]
    return Party(**{**values, "address": Address(**{**address, "lines": tuple(address["lines"])})})
