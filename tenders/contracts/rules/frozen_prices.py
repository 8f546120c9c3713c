"""The price grid as a contract freezes it, and what follows from it for each member (domain §4b.8)."""
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog.offers.rules import Bracket, PriceGrid
from marketplace.platform.money import round_cents, round_unit_price


def freeze(grid: PriceGrid) -> list[dict[str, Any]]:
    """The brackets as stored: quantities as numbers, prices as decimal strings."""
    return [
        {"from_quantity": b.from_quantity, "to_quantity": b.to_quantity, "unit_price": f"{b.unit_price:f}"}
        for b in grid.brackets
    ]


def freeze_grid(grid: PriceGrid) -> dict[str, Any]:
    """A whole grid as an amendment stores it: `pricing`, `brackets`, `mobilisation_amount`, `regional_uplifts`."""
    brackets = [{**bracket, "unit_price": f"{round_unit_price(Decimal(bracket['unit_price'])):f}"} for bracket in freeze(grid)]
    uplifts = {region: f"{round_unit_price(uplift):f}" for region, uplift in sorted(grid.regional_uplifts.items())}
    mobilisation = f"{round_cents(grid.mobilisation_amount):f}"
    return {
        "pricing": grid.pricing, "brackets": brackets, "mobilisation_amount": mobilisation, "regional_uplifts": uplifts,
    }  # fmt: skip


def thaw_grid(stored: Mapping[str, Any]) -> PriceGrid:
    """The grid from what `freeze_grid` stored."""
    return thaw(
        stored["pricing"], stored["brackets"], Decimal(stored["mobilisation_amount"]), stored["regional_uplifts"]
    )


def thaw(
    pricing: str, brackets: list[dict[str, Any]], mobilisation_amount: Decimal, uplifts: Mapping[str, str]
) -> PriceGrid:
    """The grid as the price rules read it, from what `freeze` stored."""
    read = tuple(Bracket(b["from_quantity"], b["to_quantity"], Decimal(b["unit_price"])) for b in brackets)
    return PriceGrid(pricing, read, mobilisation_amount, {region: Decimal(text) for region, text in uplifts.items()})
