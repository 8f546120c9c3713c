"""Where a provider stands with the platform, and what a profile, a refusal or a suspension must say."""
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final

from marketplace.platform.errors import RuleBroken

DECISIONS: Final = ("verify", "refuse")
STANDINGS: Final = ("waiting", "verified", "refused", "suspended")
MOST_DECLARED: Final = 50
"""Running subcontractors, and running sites, of one provider."""


@dataclass(frozen=True)
class Standing:
    """What the platform decided about a provider. `suspended_until` is the last Paris day of a suspension."""

    is_verified: bool
    is_refused: bool = False
    suspended_until: date | None = None

    def is_suspended_on(self, day: date) -> bool:
        """A suspension ends by itself, the day after its last."""
        return self.suspended_until is not None and day <= self.suspended_until

    def on(self, day: date) -> str:
        """One of STANDINGS on a Paris day."""
        if self.is_suspended_on(day):
            return "suspended"
        if self.is_verified:
            return "verified"
        return "refused" if self.is_refused else "waiting"


def check_regions(regions: Collection[str], known: Collection[str]) -> None:
    """Refuse a region code that INSEE does not know."""
    unknown = sorted(set(regions) - set(known))
    if unknown:
        raise RuleBroken(
            "region_unknown",
            "Région inconnue : {unknown}. Donnez des codes INSEE, par exemple 84.",
            field="regions", unknown=", ".join(unknown),
        )  # fmt: skip


def check_number_declared(running: int) -> None:
    """Refuse one more subcontractor, or one more site, when this many run already."""
    if running >= MOST_DECLARED:
        raise RuleBroken("declared_too_many", "{most} au plus : retirez d'abord ce qui n'a plus cours.", most=MOST_DECLARED)


def check_refusal(decision: str, reason: str | None) -> None:
    """A refusal says why."""
    if decision == "refuse" and not (reason or "").strip():
        raise RuleBroken(
            "provider_reason_missing", "Écrivez la raison du refus : le prestataire la lira et saura quoi corriger.",
            field="reason",
        )  # fmt: skip


def check_suspension(until: date, reason: str, today: date) -> None:
    """A suspension has a reason and ends on a day to come."""
    if not reason.strip():
        raise RuleBroken("provider_reason_missing", "Écrivez la raison de la suspension.", field="reason")
    if until < today:
        raise RuleBroken(
            "suspension_already_over", "La suspension finirait dans le passé : choisissez un jour à venir.", field="until"
        )
