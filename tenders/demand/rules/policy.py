"""What happens when a contractual minimum is missed: the first applicable step of the published list (domain §4b.3)."""
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from marketplace.platform.errors import N_, Sentence

WHEN_NOTHING_APPLIES = "release"
"""Nobody is held to a lot that does not happen: with an empty or exhausted list the members are released."""

ALREADY_EXTENDED = Sentence(
    "already_extended", N_("Le recueil des besoins a déjà été prolongé : il ne l'est qu'une fois.")
)
ALREADY_MERGED = Sentence(
    "merge_already_proposed", N_("La réunion avec un autre regroupement a déjà été proposée : elle ne l'est qu'une fois.")
)
NO_MERGE_TARGET = Sentence(
    "no_merge_target", N_("Aucun autre regroupement ne peut accueillir ces besoins aux mêmes conditions : étape suivante.")
)
SOME_GRAPPES_REACHED = Sentence(
    "some_grappes_reached", N_("Une grappe a atteint son minimum : le lot n'est pas annulé pour elle.")
)


@dataclass(frozen=True)
class Skipped:
    """A step of the list that did not apply, and why."""

    step: str
    why: Sentence


@dataclass(frozen=True)
class PolicyChoice:
    """The step applied and those skipped before it."""

    step: str
    skipped: tuple[Skipped, ...]


def choose_step(
    policy: Sequence[str], used: Collection[str] = (), *, some_group_reached: bool = False, can_merge: bool = False
) -> PolicyChoice:
    """The step for a round that missed its minimum: `extend` and `merge` at most once, and the latter towards somebody.

    `used`: the steps that earlier rounds of the lot applied.
    """
    skipped: list[Skipped] = []
    for step in policy:
        if step == "extend" and step in used:
            skipped.append(Skipped(step, ALREADY_EXTENDED))
        elif step == "merge" and (step in used or not can_merge):
            skipped.append(Skipped(step, ALREADY_MERGED if step in used else NO_MERGE_TARGET))
        elif step == "cancel" and some_group_reached:
            skipped.append(Skipped(step, SOME_GRAPPES_REACHED))
        else:
            return PolicyChoice(step, tuple(skipped))
    return PolicyChoice(WHEN_NOTHING_APPLIES, tuple(skipped))
