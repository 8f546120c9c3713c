"""The price grid as a contract freezes it, and what follows from it for each member (domain §4b.8)."""
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog.offers.rules import Bracket, PriceGrid


def freeze(grid: PriceGrid) -> list[dict[str, Any]]:
    """The brackets as stored: quantities as numbers, prices as decimal strings."""
    return [
        {"from_quantity": b.from_quantity, "to_quantity": b.to_quantity, "unit_price": f"{b.unit_price:f}"}
        for b in grid.brackets
    ]


def thaw(
    pricing: str, brackets: list[dict[str, Any]], mobilisation_amount: Decimal, uplifts: Mapping[str, str]
) -> PriceGrid:
    """The grid as the price rules read it, from what `freeze` stored."""
    read = tuple(Bracket(b["from_quantity"], b["to_quantity"], Decimal(b["unit_price"])) for b in brackets)
    return PriceGrid(pricing, read, mobilisation_amount, {region: Decimal(text) for region, text in uplifts.items()})
