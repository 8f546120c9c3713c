"""Money: Decimal euros, rounded half-up, never a float."""
from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation

CENT = Decimal("0.01")
TEN_THOUSANDTH = Decimal("0.0001")
DEFAULT_VAT_RATE = Decimal("0.20")
"""Default rate (France, standard rate); a caller with another rate passes it."""


def to_amount(value: str | int | Decimal) -> Decimal:
    """Read an amount in euros from text or a whole number; ValueError when it is not a finite decimal."""
    if isinstance(value, float):
        raise ValueError("a float is never money")
    try:
        amount = Decimal(value)
    except InvalidOperation as bad:
        raise ValueError(f"not an amount: {value!r}") from bad
    if not amount.is_finite():
        raise ValueError(f"not an amount: {value!r}")
    return amount


def round_cents(amount: Decimal) -> Decimal:
    """Euros to two decimals, half-up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def round_unit_price(amount: Decimal) -> Decimal:
    """Euros per unit to four decimals, half-up (domain §4b.8)."""
    return amount.quantize(TEN_THOUSANDTH, ROUND_HALF_UP)


def incl_vat(amount_excl_vat: Decimal, rate: Decimal = DEFAULT_VAT_RATE) -> Decimal:
    """Euros including VAT, to the cent."""
    return round_cents(amount_excl_vat * (1 + rate))


def split_by_largest_remainder(total: int, weights: Sequence[int | Decimal]) -> list[int]:
    """Share whole units pro rata to the weights, adding up to `total`; ties go to the earliest.

    Hamilton's method. All weights zero: everything is shared as if they were equal.
    """
    if total < 0 or any(weight < 0 for weight in weights):
        raise ValueError("shares are taken from non-negative totals and weights")
    if not weights:
        return []
    scale = [Decimal(weight) for weight in weights]
    whole = sum(scale)
    if whole == 0:
        scale, whole = [Decimal(1)] * len(scale), Decimal(len(scale))
    exact = [Decimal(total) * weight / whole for weight in scale]
    shares = [int(part.to_integral_value(ROUND_FLOOR)) for part in exact]
    missing = total - sum(shares)
    order = sorted(range(len(exact)), key=lambda index: (shares[index] - exact[index], index))
    for index in order[:missing]:
        shares[index] += 1
    return shares
