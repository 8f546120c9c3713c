"""Whether a closing made by mistake can still be taken back, and until when needs are collected again (issue: policies)."""
from collections.abc import Collection, Sequence
from datetime import datetime

from marketplace.platform.errors import N_, BadInput, RuleBroken, Sentence

WRITE_WHY = N_("Écrivez pourquoi cette clôture est annulée : chaque participant le lira.")
GIVE_A_DATE = N_("Donnez une date de clôture à venir : les besoins sont recueillis jusque-là.")
AFTER_THE_VEHICLE = N_("Donnez une date avant la fin du marché.")


def nothing_to_undo() -> RuleBroken:
    """There is no closing that stands, or it left the lot open."""
    return RuleBroken(
        "nothing_to_undo",
        "Il n'y a pas de clôture à annuler : le lot recueille encore des besoins, ou sa clôture a déjà été annulée.",
    )


def check_undoable(
    outcome: str | None, policy_applied: str | None, relying: Sequence[Sentence], merger_outcome: str | None
) -> None:
    """Refuse to take back a closing that ended nothing, one that members voted on since, or one somebody relies on."""
    if outcome is None or policy_applied == "extend":
        raise nothing_to_undo()
    if merger_outcome not in (None, "void"):
        raise RuleBroken(
            "closing_voted_on",
            "Les participants ont voté depuis cette clôture : son résultat vaut, elle ne peut plus être annulée.",
        )
    if relying:
        raise RuleBroken(
            "closing_relied_upon",
            "Cette clôture ne peut plus être annulée : {why}. Annulez d'abord ce qui repose sur elle, ou ouvrez un autre lot.",
            why=relying[0], count=len(relying),
        )  # fmt: skip


def check_claims(missing: Collection[object]) -> None:
    """Refuse when an establishment pools the category elsewhere by now: its volume is in one pool only (§4b.9)."""
    if missing:
        raise RuleBroken(
            "pooled_elsewhere_since",
            "Cette clôture ne peut plus être annulée : {count} établissement(s) qu'elle avait libérés ont placé leur "
            "besoin sur un autre lot depuis. Ouvrez plutôt un autre lot.",
            count=len(missing),
        )


def check_members(gone: Collection[object]) -> None:
    """Refuse when a need came through a grappe that its establishment has left since."""
    if gone:
        raise RuleBroken(
            "member_left_since",
            "Cette clôture ne peut plus être annulée : {count} établissement(s) ont quitté depuis la grappe par laquelle "
            "leur besoin passait. Ouvrez plutôt un autre lot.",
            count=len(gone),
        )


def reopened_until(asked: datetime | None, planned: datetime, now: datetime, vehicle_ends_at: datetime) -> datetime:
    """Until when the lot takes needs again: the planned date while it is to come, else the one given. BadInput."""
    until = asked if asked is not None else planned
    if until <= now:
        raise BadInput({"needs_close_at": [GIVE_A_DATE]})
    if until >= vehicle_ends_at:
        raise BadInput({"needs_close_at": [AFTER_THE_VEHICLE]})
    return until


def written_reason(reason: str | None) -> str:
    """The reason, without blanks around it; BadInput when there is none."""
    kept = (reason or "").strip()
    if not kept:
        raise BadInput({"reason": [WRITE_WHY]})
    return kept
