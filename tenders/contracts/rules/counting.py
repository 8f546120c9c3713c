"""What a contract's envelope still allows: units and euros, never beyond the maximum, allowance on the total."""
from decimal import Decimal

from marketplace.platform.errors import RuleBroken


def check_call_off(
    remaining: int | None, maximum_amount: Decimal | None, ordered_amount: Decimal, quantity: int, amount: Decimal
) -> None:
    """Refuse what would go beyond a contract's maximum. None: no such bound; giving back (negative) always passes.

    RuleBroken `envelope_exhausted` with `available` (units) as for a lot's ledger; `envelope_amount_exhausted` in euros.
    """
    if remaining is not None and quantity > max(0, remaining):
        raise RuleBroken(
            "envelope_exhausted",
            "Commande impossible : il reste {available} unités sur ce contrat, {asked} sont demandées. Réduisez la quantité.",
            available=max(0, remaining), asked=quantity,
        )  # fmt: skip
    if maximum_amount is not None and amount > 0 and ordered_amount + amount > maximum_amount:
        raise RuleBroken(
            "envelope_amount_exhausted",
            "Commande impossible : il reste {available} € HT sur ce contrat, cette commande en demande {asked}. Réduisez-la.",
            available=max(Decimal(0), maximum_amount - ordered_amount), asked=amount,
        )  # fmt: skip
