"""Who may approve an order inside the member's organisation: a limit in euros per role, and never one's own beyond it."""
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final
from uuid import UUID

from marketplace.platform.errors import RuleBroken

APPROVING_ROLES: Final = ("signatory", "admin", "buyer", "contributor")
"""Roles that an organisation may give a limit to, from the highest."""
DEFAULT_LIMITS: Final[Mapping[str, Decimal | None]] = {
    "signatory": None, "admin": Decimal(0), "buyer": Decimal(0), "contributor": Decimal(0),
}  # fmt: skip
"""Until an organisation decides: whoever signs for it approves any amount, nobody else any. None: no limit; 0: nothing."""

Limits = Mapping[str, Decimal | None]
NO_LIMIT: Final = Decimal("Infinity")


def limits_of(decided: Limits) -> Limits:
    """An organisation's limits: what it decided over the defaults."""
    return {**DEFAULT_LIMITS, **decided}


def limit_of(roles: Iterable[str], limits: Limits) -> Decimal | None:
    """The most that somebody with these roles approves at once, euros excluding VAT: the highest of its roles' limits.

    None: without limit. 0: nothing.
    """
    own = [limits[role] for role in roles if role in limits]
    if None in own:
        return None
    return max((limit for limit in own if limit is not None), default=Decimal(0))


def is_within(amount: Decimal, limit: Decimal | None) -> bool:
    """Whether a limit reaches an amount. A limit of 0 approves nothing, an order that costs nothing neither."""
    return limit is None or (limit > 0 and amount <= limit)


def waits_for_another(person_id: UUID | None, placed_by: UUID, first_approved_by: UUID | None = None) -> bool:
    """Whether an order that waits is one's own and beyond one's limit when it was placed.

    Placed within one's own limit an order is approved at once; what waits was beyond it, so its author never approves
    it, whatever became of the limit since. Except what a holder refused and the next one takes at a higher price
    (`first_approved_by`: who approved the order it takes over): its author had the first one sent alone, and only the
    price is new.
    """
    return person_id == placed_by and first_approved_by != placed_by


def check_approver(
    amount: Decimal, limit: Decimal | None, *, approver_id: UUID | None, placed_by: UUID,
    first_approved_by: UUID | None = None,
) -> None:  # fmt: skip
    """Refuse whoever placed the order beyond its limit, and whose limit is too low; the amount is today's.

    RuleBroken `approval_by_another`, `approval_beyond_limit`.
    """
    if waits_for_another(approver_id, placed_by, first_approved_by):
        raise RuleBroken(
            "approval_by_another",
            "Vous avez passé cette commande au-delà de votre plafond : une autre personne habilitée doit l'approuver.",
        )
    if not is_within(amount, limit):
        raise RuleBroken(
            "approval_beyond_limit",
            "Cette commande de {amount} € HT dépasse votre plafond de {limit} € HT : transmettez-la à une personne dont le "
            "plafond est plus élevé.",
            amount=amount, limit=limit,
        )  # fmt: skip


def check_limits(limits: Limits) -> None:
    """Refuse limits nobody could work under: somebody must be able to approve any order.

    RuleBroken `limits_leave_nobody`.
    """
    if all(limit is not None for limit in limits_of(limits).values()):
        raise RuleBroken(
            "limits_leave_nobody",
            "Laissez un rôle au moins sans plafond : sinon une commande plus élevée que tous les plafonds resterait bloquée.",
        )
