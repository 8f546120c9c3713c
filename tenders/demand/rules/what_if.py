"""What a pool would be with another quantity of one site: joining it, leaving it, or asking for more or less."""
from dataclasses import dataclass, replace
from uuid import UUID

from tenders.demand.rules.placing import Ground, Placed, Wish, fit
from tenders.demand.rules.pool import NOTHING, Contribution


@dataclass(frozen=True)
class Supposition:
    """A difference to a pool that nobody made: `delta`, brought through a grappe (None: alone) named `grappe_name`.

    `placed` is the need as it would be, `before` as it is; None without one.
    """

    placed: Placed | None
    delta: Contribution
    grappe_id: UUID | None = None
    grappe_name: str | None = None
    before: Placed | None = None


def suppose(
    ground: Ground, before: Placed | None, quantity: int, firmness: str | None, *, counted: int, maximum: int | None
) -> Supposition:
    """The need with this quantity (0: withdrawn), as if signed; beyond the lot's maximum it would wait.

    Without `firmness`: that of the need as it stands, firm when there is none. Its tolerance is kept.
    """
    former = before.contribution if before else NOTHING
    if quantity == 0:
        return Supposition(None, -former, before=before)
    wish = replace(before.wish, quantity=quantity) if before else Wish(quantity, "firm")
    wish = replace(wish, firmness=firmness or wish.firmness)
    placed = Placed(wish, "not_counted" if wish.firmness == "indicative" else "counted")
    placed = fit(ground, placed, before, counted=counted, maximum=maximum, accept_waitlist=True)
    return Supposition(placed, placed.contribution - former, before=before)
