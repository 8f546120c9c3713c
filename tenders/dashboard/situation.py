"""Where a lot stands, in sentences: the fact with its figures, then what follows if nothing changes (ux.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marketplace.platform.errors import N_, Sentence
from tenders.demand.words import unit_of


@dataclass(frozen=True)
class LotState:
    """What the sentences need. `unit` is the plural word in the reader's language, `unit_code` the unit of quantities.

    `lacking`: units still lacking to the lot's minimum; None when the minimum is per grappe (`short_grappes` then says
    how many grappes lack something, `alone_short` whether the needs without a grappe do). `conditions_open`: the minimum
    is reached only if conditions hold that do not hold yet. `outcome`: of the last closing (met, not_met, extended) or None.
    """

    status: str
    unit: str
    engaged: int
    establishments: int
    minimum_kind: str
    minimum: int | None
    lacking: int | None
    maximum: int | None
    closes_at: datetime
    policy: Sequence[str] = ()
    round: int = 1
    extension_days: int = 15
    short_grappes: int = 0
    grappes: int = 0
    alone_short: bool = False
    conditions_open: bool = False
    outcome: str | None = None
    ordered: int | None = None
    unit_code: str | None = None
    order_multiple: int = 1

    def word(self, quantity: int | None) -> Sentence | str:
        """The unit's word after a quantity: "1 poste", "300 postes"."""
        return self.unit if self.unit_code is None else unit_of(self.unit_code, 2 if quantity is None else quantity)

    @property
    def is_short(self) -> bool:
        """Whether a minimum, of whatever kind, is not reached yet."""
        if self.lacking is None:
            return bool(self.short_grappes) or self.alone_short or not self.engaged
        return self.lacking > 0


def fact(lot: LotState) -> Sentence:
    """The one thing to know about the lot."""
    if lot.status == "cancelled":
        return Sentence("lot_cancelled", N_("Ce lot est annulé : plus personne n'est engagé et rien ne sera facturé."))
    if lot.outcome is not None and lot.status != "open":
        return _decided(lot)
    values = {
        "unit": lot.word(lot.minimum), "engaged": lot.engaged, "minimum": lot.minimum, "establishments": lot.establishments,
    }  # fmt: skip
    if lot.minimum_kind == "none" or lot.minimum is None:
        template = N_("{engaged} {unit} engagés ; ce lot n'a pas de minimum.")
        return Sentence("no_minimum", template, {**values, "unit": lot.word(lot.engaged)})
    if lot.lacking is None:
        return _per_grappe(lot, values)
    if lot.lacking:
        template = N_("Il manque {lacking} {unit} pour atteindre le minimum de {minimum}.")
        if lot.order_multiple > 1:
            template = N_("Il manque {lacking} {unit} pour atteindre le minimum de {minimum}, par packs de {multiple}.")
        values |= {"lacking": lot.lacking, "unit": lot.word(lot.lacking), "multiple": lot.order_multiple}
        return Sentence("minimum_short", template, values)
    if lot.conditions_open:
        template = N_("Le minimum de {minimum} {unit} est atteint si les conditions de chacun tiennent : {engaged} engagés.")
        return Sentence("minimum_met_on_conditions", template, values)
    return Sentence("minimum_met", N_("Le minimum de {minimum} {unit} est atteint : {engaged} engagés."), values)


def _per_grappe(lot: LotState, values: dict[str, Any]) -> Sentence:
    """Each grappe, and the needs without one together, must reach the minimum."""
    values |= {"short": lot.short_grappes, "grappes": lot.grappes}
    if not lot.engaged:
        template = N_("Aucun besoin n'est encore engagé ; chaque grappe doit atteindre {minimum} {unit}.")
    elif not lot.is_short:
        return Sentence("grappes_met", N_("Chaque grappe a atteint son minimum de {minimum} {unit}."), values)
    elif not lot.short_grappes:
        template = N_("Les besoins sans grappe n'ont pas encore leur minimum de {minimum} {unit}.")
    elif lot.alone_short:
        template = N_("{short} des {grappes} grappes et les besoins sans grappe n'ont pas leur minimum de {minimum} {unit}.")
    elif lot.short_grappes == 1:
        template = N_("1 grappe sur {grappes} n'a pas encore son minimum de {minimum} {unit}.")
    else:
        template = N_("{short} grappes sur {grappes} n'ont pas encore leur minimum de {minimum} {unit}.")
    return Sentence("grappes_short", template, values)


def _decided(lot: LotState) -> Sentence:
    values = {"unit": lot.word(lot.ordered or 0), "ordered": lot.ordered or 0, "minimum": lot.minimum or 0}
    if lot.outcome == "met":
        return Sentence("closed_met", N_("Recueil clos : {ordered} {unit} retenus, le minimum est atteint."), values)
    return Sentence(
        "closed_not_met",
        N_("Minimum non atteint : {ordered} {unit} sur {minimum}. Plus personne n'est engagé et rien ne sera facturé."),
        values,
    )


_FIRST = {
    "extend": N_("Si rien ne change le {closes_at}, la clôture sera prolongée une fois de {days} jours,"),
    "release": N_("Si rien ne change le {closes_at}, les engagements seront libérés et rien ne sera facturé."),
    "cancel": N_("Si rien ne change le {closes_at}, le lot sera annulé et les engagements tomberont."),
    "merge": N_("Si rien ne change le {closes_at}, les besoins pourront rejoindre un autre lot de la même catégorie."),
}
_THEN = {
    "release": N_("puis les engagements seront libérés."),
    "cancel": N_("puis le lot sera annulé et les engagements tomberont."),
    "merge": N_("puis les besoins pourront rejoindre un autre lot de la même catégorie."),
}


def remaining_policy(lot: LotState) -> list[str]:
    """The steps that may still run when the minimum is missed: `extend` runs at most once (domain §4b.3)."""
    return [step for step in lot.policy if step != "extend" or lot.round == 1]


def consequences(lot: LotState) -> list[Sentence]:
    """What happens at the closing if nothing changes, in order; empty once the lot is decided."""
    if lot.status != "open":
        return []
    values = {"closes_at": lot.closes_at, "days": lot.extension_days, "unit": lot.unit}
    if not lot.is_short and not lot.conditions_open:
        return [Sentence("will_close", N_("Le recueil se termine le {closes_at}."), values)]
    if lot.minimum_kind == "indicative":
        template = N_("Ce minimum est indicatif : le {closes_at}, le lot sera clos même s'il manque.")
        return [Sentence("indicative", template, values)]
    steps = remaining_policy(lot) or ["release"]
    said = [Sentence(f"will_{steps[0]}", _FIRST[steps[0]], values)]
    if steps[0] == "extend":
        then = next((step for step in steps[1:] if step in _THEN), "release")
        said.append(Sentence(f"then_{then}", _THEN[then]))
    return said


def state_pill(lot: LotState) -> tuple[Sentence, str]:
    """The lot's state as a few words and a tone (met, short, info, neutral, stop)."""
    if lot.status == "cancelled":
        return Sentence("cancelled", N_("Annulé")), "stop"
    if lot.status == "draft":
        return Sentence("draft", N_("En préparation")), "neutral"
    if lot.status in ("closed", "ended"):
        if lot.outcome == "met":
            return Sentence("closed_met", N_("Clos, minimum atteint")), "met"
        if lot.outcome is None:
            return Sentence("closed", N_("Clos")), "neutral"
        return Sentence("closed_short", N_("Clos, minimum non atteint")), "stop"
    if lot.minimum_kind == "none":
        return Sentence("open", N_("Recueil ouvert")), "info"
    if lot.is_short:
        return Sentence("short", N_("Minimum non atteint")), "short"
    if lot.conditions_open:
        return Sentence("met_on_conditions", N_("Atteint si les conditions tiennent")), "info"
    return Sentence("met", N_("Minimum atteint")), "met"
