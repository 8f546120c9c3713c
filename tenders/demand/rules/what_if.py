"""What a pool would be if things were otherwise: another quantity of one's own, others joining or leaving, a grappe
coming along, the collection extended.
"""
from dataclasses import dataclass, replace
from uuid import UUID

from marketplace.platform.errors import RuleBroken
from tenders.demand.rules.placing import Ground, Placed, Wish, fit
from tenders.demand.rules.pool import NOTHING, Asking, Contribution
from tenders.demand.words import unit_of


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


@dataclass(frozen=True)
class Scenario:
    """Everything supposed together.

    `arriving`: conditions of needs that come in from another lot. `together`: a grappe whose needs would count with
    those of another (None: with the needs that have no grappe). `extended`: the round was extended, and nobody who is
    asked again has confirmed yet.
    """

    parts: tuple[Supposition, ...] = ()
    arriving: tuple[Asking, ...] = ()
    together: tuple[UUID, UUID | None] | None = None
    extended: bool = False


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


def suppose_engaged(ground: Ground, before: Placed, *, counted: int, maximum: int | None) -> Supposition:
    """A need of somebody else that does not count yet, as if it did: signed, confirmed, or made firm."""
    firmness = "firm" if before.wish.firmness == "indicative" else before.wish.firmness
    placed = Placed(replace(before.wish, firmness=firmness), "counted")
    placed = fit(ground, placed, before, counted=counted, maximum=maximum, accept_waitlist=True)
    return Supposition(placed, placed.contribution - before.contribution, before=before)


def suppose_gone(before: Placed) -> Supposition:
    """A need of somebody else, withdrawn."""
    return Supposition(None, -before.contribution, before=before)


def suppose_others(quantity: int) -> Supposition:
    """Somebody unknown leaves with so many firm units."""
    return Supposition(None, Contribution(firm=-quantity, members=-1, shown=-1))


def suppose_volume(ground: Ground, volume: Contribution, *, counted: int, maximum: int | None) -> Supposition:
    """A grappe's counted needs coming in from another lot; Conflict `lot_maximum_reached` when they do not fit."""
    if volume.counted:
        whole = Placed(Wish(volume.counted, "firm"), "counted")
        fit(ground, whole, None, counted=counted, maximum=maximum, accept_waitlist=False)
    return Supposition(None, volume)


def asked_again(placed: Placed | None) -> Contribution:
    """What of a need an extension asks again (domain §4b.7): the firm stays firm; `shown` counts the need."""
    if placed is None or placed.wish.firmness == "firm" or placed.contribution == NOTHING:
        return NOTHING
    return replace(placed.contribution, shown=1)


def too_few_others(available: int, asked: int, unit: str) -> RuleBroken:
    """Nobody can leave with more than others engaged firmly."""
    return RuleBroken(
        "fewer_units_pooled",
        "Les autres n'ont engagé que {available} {unit} fermes là où compte ce besoin ; vous en retirez {asked}. Retirez-en "
        "moins.",
        available=available,
        asked=asked,
        unit=unit_of(unit, available),
    )


def may_extend(policy: tuple[str, ...], round_number: int) -> bool:
    """Whether the published extension is still to come: it runs once (domain §4b.3)."""
    return "extend" in policy and round_number == 1


def volume_not_shown() -> RuleBroken:
    """The volume of a grappe that the reader may not know (domain §4b.15)."""
    return RuleBroken(
        "grappe_volume_not_shown",
        "Le volume de cette grappe ne vous est pas communiqué : moins de trois organisations sont derrière, ou elle n'a "
        "pas de besoin sur ce lot. Simulez plutôt une quantité anonyme.",
    )


def lots_not_alike() -> RuleBroken:
    """Volumes add up only in the same unit and category."""
    return RuleBroken(
        "lots_not_alike", "Ces deux lots n'ont pas la même catégorie et la même unité : leurs volumes ne s'ajoutent pas."
    )
