"""When a contract may be suspended, taken up again or terminated, and what follows when its minimum was missed."""
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from marketplace.platform.errors import N_, BadInput, RuleBroken
from tenders.contracts.status import OVER

AFTER_CLOSING: Final = ("release", "cancel")
"""Policy steps that can still run once needs are closed: the others are about collecting (docs/decisions/0008)."""


def step_when_missed(policy: Sequence[str]) -> str:
    """The lot's published policy once a contract could not be activated: its first step that still applies, else release.

    Nobody is held to a contract that does not happen.
    """
    return next((step for step in policy if step in AFTER_CLOSING), "release")


def written(reason: str | None) -> str:
    """The reason without blanks around; BadInput when there is none: everybody concerned reads it."""
    text = (reason or "").strip()
    if not text:
        raise BadInput({"reason": [N_("Écrivez la raison : les membres et le titulaire la liront.")]})
    return text


def last_day_of(ends_on: date, terminated_on: date | None) -> date:
    """The last day of a contract: its term's, or the day before its termination takes effect."""
    return ends_on if terminated_on is None else min(ends_on, terminated_on - timedelta(days=1))


def check_suspension(status: str, starts_on: date, until: date | None, today: date) -> None:
    """Refuse to suspend what does not run, in the past, or backwards: BadInput; RuleBroken `contract_not_running`."""
    _check_running(status)
    if starts_on < today:
        raise BadInput({"from": [N_("Une suspension commence aujourd'hui au plus tôt.")]})
    if until is not None and until < starts_on:
        raise BadInput({"until": [N_("La fin vient après le début.")]})


def check_termination(status: str, on: date, today: date, ends_on: date) -> None:
    """Refuse to terminate what is over already, or in the past: BadInput; RuleBroken `contract_is_over`."""
    if status in OVER:
        raise RuleBroken("contract_is_over", "Ce contrat est déjà terminé : il n'y a plus rien à résilier.")
    if on < today:
        raise BadInput({"on": [N_("Une résiliation prend effet aujourd'hui au plus tôt.")]})
    if on > ends_on:
        raise BadInput({"on": [N_("Une résiliation prend effet avant la fin du contrat.")]})


def check_resumption(suspended_from: date | None) -> None:
    """Refuse to take up what is not suspended: RuleBroken `contract_not_suspended`."""
    if suspended_from is None:
        raise RuleBroken("contract_not_suspended", "Ce contrat n'est pas suspendu : les commandes y passent déjà.")


def _check_running(status: str) -> None:
    if status not in ("active", "upcoming", "suspended"):
        raise RuleBroken(
            "contract_not_running",
            "Seul un contrat activé et en cours se suspend : rouvrez sa page pour voir où il en est.",
            contract_status=status,
        )
