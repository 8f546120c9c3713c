"""How much of a commitment one member may hand to another on the same contract, by consent of both; totals never change."""
from dataclasses import dataclass

from marketplace.platform.errors import RuleBroken


@dataclass(frozen=True)
class Commitment:
    """What a member is committed to on a contract and what it ordered of it, in the lot's unit.

    `offered` is what it already offers to others and nobody accepted yet.
    """

    committed: int
    called_off: int = 0
    offered: int = 0

    @property
    def remaining(self) -> int:
        """What it committed to and did not order yet; 0 for whoever ordered more."""
        return max(0, self.committed - self.called_off)

    @property
    def transferable(self) -> int:
        """What it may still offer."""
        return max(0, self.remaining - self.offered)


def check_offer(giver: Commitment, quantity: int, *, same_member: bool) -> None:
    """Refuse to offer to oneself, nothing, or more than is left unused.

    RuleBroken `transfer_to_oneself`, `transfer_beyond_commitment` with `available`.
    """
    if same_member:
        raise RuleBroken("transfer_to_oneself", "Choisissez un autre membre : cet engagement est déjà le sien.", field="to")
    if quantity < 1 or quantity > giver.transferable:
        raise RuleBroken(
            "transfer_beyond_commitment",
            "Vous pouvez céder de 1 à {available} unités : le reste est commandé, ou déjà proposé à un autre membre.",
            field="quantity", available=giver.transferable, asked=quantity,
        )  # fmt: skip


def transfer(giver: Commitment, taker: Commitment, quantity: int) -> tuple[int, int]:
    """What both are committed to once the taker accepts: (giver, taker); their sum is what it was.

    Looked at again at that moment: the giver may have ordered since. RuleBroken `transfer_beyond_commitment`.
    """
    check_offer(Commitment(giver.committed, giver.called_off), quantity, same_member=False)
    return giver.committed - quantity, taker.committed + quantity
