"""How much is ordered from what was asked: the fill rule with tolerance, and who gives or loses the difference."""
from collections.abc import Sequence


def packs_filled(quantity: int, tolerance: int, multiple: int) -> int:
    """Whole packs ordered for `quantity` firmly wanted units and `tolerance` units accepted on top.

    A pack begun by wanted units may be completed from tolerances; no pack is filled by tolerance alone (domain §4, the
    published truth table: (0,5)→0, (4,4)→1, (5,3)→2 for packs of four; Foodsoft's rule).
    """
    full, begun = divmod(quantity, multiple)
    return full + (1 if begun and begun + tolerance >= multiple else 0)


def ordered_quantity(quantity: int, tolerance: int, multiple: int, maximum: int | None = None) -> int:
    """Units ordered: the filled packs, or the lower pack when they would pass the maximum (None: no maximum)."""
    filled = packs_filled(quantity, tolerance, multiple) * multiple
    if maximum is None or filled <= maximum:
        return filled
    return maximum // multiple * multiple


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """Whole shares of `total` pro rata to the weights, by largest remainder; ties go to whom comes first.

    Exact in integers. ValueError when there is something to share and nobody to share it.
    """
    whole = sum(weights)
    if total == 0:
        return [0] * len(weights)
    if whole == 0:
        raise ValueError("nothing to share by")
    given = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=remainders.__getitem__, reverse=True)  # stable: ties keep their order
    for place in by_remainder[: total - sum(given)]:
        given[place] += 1
    return given


def allot(ordered: int, wanted: Sequence[tuple[int, int]]) -> list[int]:
    """Each member's part of the `ordered` units, in order of time; `wanted` are (quantity, tolerance).

    What comes from tolerances is taken pro rata to tolerance; a remainder below a pack is cut pro rata to quantity
    (domain §4b.6d). The parts add up to `ordered`. ValueError when even all tolerances do not reach it.
    """
    quantities = [quantity for quantity, _ in wanted]
    difference = ordered - sum(quantities)
    if difference == 0:
        return quantities
    if difference < 0:
        cuts = shares(-difference, quantities)
        return [quantity - cut for quantity, cut in zip(quantities, cuts, strict=True)]
    tolerances = [tolerance for _, tolerance in wanted]
    if difference > sum(tolerances):
        raise ValueError("more is ordered than anybody accepted")
    extra = shares(difference, tolerances)
    return [quantity + more for quantity, more in zip(quantities, extra, strict=True)]
