"""What a holder may ask in a mini-competition: never more than its contract, bringing into service included.

The contract's frozen price has its mobilisation in it (domain §4b.8), so an offer is held against it the same way: its
unit price and its own mobilisation spread over the order.
"""
from decimal import Decimal

from marketplace.platform.errors import RuleBroken
from marketplace.platform.money import round_unit_price


def whole_price(unit_price: Decimal, mobilisation: Decimal, quantity: int, periods: int) -> Decimal:
    """Euros excluding VAT per unit and period, mobilisation included, four decimals: what is ranked and ordered."""
    return round_unit_price(unit_price + mobilisation / (quantity * periods))


def check_offered_price(offered: Decimal, ceiling: Decimal) -> None:
    """A holder may ask less than its contract, never more. RuleBroken `offer_above_contract`."""
    if offered > ceiling:
        raise RuleBroken(
            "offer_above_contract",
            "Votre marché fixe le prix à {ceiling} € HT par unité au plus, mise en service comprise ; vous proposez {offered} "
            "€. Baissez votre prix ou déclinez.",
            field="unit_price", ceiling=ceiling, offered=offered,
        )  # fmt: skip
