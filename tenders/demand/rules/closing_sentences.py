"""What a closing says to each member: one code and one sentence per case (ux.md, microcopy)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from marketplace.platform.errors import N_, Sentence
from tenders.demand.rules.conditions import Dropped
from tenders.demand.words import price_of, unit_of

if TYPE_CHECKING:
    from tenders.demand.rules.closing import ClosingTerms, PooledNeed

INCLUDED = N_("Retenu : {quantity} {unit}.")
CONDITION_MET = N_("Retenu : vous demandiez au moins {asked} {units} réunis ; il y en a {total}.")
SUBJECT_TO_PRICE = N_("Retenu sous réserve du prix : {price} HT au plus, à vérifier à l'attribution.")
ALSO_SUBJECT_TO_PRICE = N_("Sous réserve du prix : {price} HT au plus, à vérifier à l'attribution.")
COMPLETED = N_("Commande par {multiple} : {extra} {unit} pris sur votre marge en plus, soit {quantity} au total.")
CUT = N_("Commande par {multiple} : {quantity} {unit} au lieu de {asked}, le reste ne complète pas une commande.")
CONDITION_NOT_MET = N_("Non retenu : vous demandiez au moins {asked} {units} réunis ; il y en avait {first}.")
CONDITION_LOST = N_(
    "Non retenu : vous demandiez au moins {asked} {units} réunis ; il y en avait {first}, puis {then} après le départ "
    "d'un établissement dont la condition n'était pas remplie."
)
CONDITION_LOST_TO_MANY = N_(
    "Non retenu : vous demandiez au moins {asked} {units} réunis ; il y en avait {first}, puis {then} après le départ "
    "de {departures} établissements dont la condition n'était pas remplie."
)
SUPPORT_NOT_REACHED = N_(
    "Minimum non atteint : {tested} {unit} sur {minimum}. Le marché support n'est pas lancé ; vous n'êtes plus engagé "
    "et rien ne vous sera facturé."
)
LOT_NOT_REACHED = N_(
    "Minimum non atteint : {tested} {unit} sur {minimum}. Le lot n'est pas lancé ; vous n'êtes plus engagé et rien ne "
    "vous sera facturé."
)
CANCELLED = N_(
    "Minimum non atteint : {tested} {unit} sur {minimum}. Le lot est annulé ; vous n'êtes plus engagé et rien ne vous "
    "sera facturé."
)
EXTENDED_FIRM = N_(
    "Minimum non atteint : {tested} {unit} sur {minimum}. Le recueil est prolongé une fois jusqu'au {until} ; votre "
    "engagement ferme reste compté, vous n'avez rien à faire."
)
EXTENDED_TO_CONFIRM = N_(
    "Le minimum n'est pas atteint et le recueil est prolongé une fois jusqu'au {until}. Confirmez votre besoin d'ici "
    "là, sinon il ne sera pas compté."
)
EXTENDED_WAITING = N_("Le recueil est prolongé une fois jusqu'au {until} ; votre besoin reste en attente.")
MERGING = N_(
    "Minimum non atteint : {tested} {unit} sur {minimum}. Rejoindre un autre regroupement va vous être proposé par un "
    "vote ; jusqu'à son résultat, votre besoin reste en place."
)
MERGING_WAITING = N_(
    "Le minimum n'est pas atteint et une réunion avec un autre regroupement va être soumise au vote ; votre besoin, qui "
    "n'était pas compté, n'en fait pas partie."
)
NOTHING_LEFT = N_("Non retenu : les commandes se font par {multiple} et votre part ne complète pas une commande.")
INDICATIVE_MISSED = N_(
    "Minimum indicatif non atteint : {tested} {unit} sur {minimum}. La clôture n'en dépend pas."
)

BYSTANDERS = {
    "not_counted": Sentence(
        "indicative", N_("Non retenu : votre besoin était indicatif et n'engageait à rien.")
    ),
    "awaiting_signature": Sentence(
        "not_signed", N_("Non retenu : votre besoin ferme n'avait pas été signé avant la clôture.")
    ),
    "waitlisted": Sentence(
        "waitlisted", N_("Non retenu : le maximum du lot était atteint et aucune place ne s'est libérée.")
    ),
    "to_confirm": Sentence(
        "not_confirmed", N_("Non retenu : votre besoin n'a pas été confirmé après la prolongation.")
    ),
}
"""Needs that counted towards nothing, by status."""


def included(terms: ClosingTerms, need: PooledNeed, part: int, total: int) -> tuple[Sentence, ...]:
    """Why this member is in, then what packs changed. `total`: units in the scope once conditions are settled."""
    said = [*_condition(terms, need, total)] or [
        Sentence("included", INCLUDED, {"quantity": part, "unit": unit_of(terms.unit, part)})
    ]
    if part > need.quantity:
        extra = part - need.quantity
        values = {"multiple": terms.order_multiple, "extra": extra, "unit": unit_of(terms.unit, extra), "quantity": part}
        said.append(Sentence("completed_from_tolerance", COMPLETED, values))
    elif part < need.quantity:
        values = {
            "multiple": terms.order_multiple, "quantity": part, "unit": unit_of(terms.unit, part), "asked": need.quantity,
        }  # fmt: skip
        said.append(Sentence("cut_to_pack", CUT, values))
    return tuple(said)


def _condition(terms: ClosingTerms, need: PooledNeed, total: int) -> list[Sentence]:
    said = []
    if need.minimum_pool_quantity is not None:
        asked = need.minimum_pool_quantity
        values = {"asked": asked, "units": unit_of(terms.unit, asked), "total": total}
        said.append(Sentence("condition_met", CONDITION_MET, values))
    if need.maximum_unit_price is not None:
        template = ALSO_SUBJECT_TO_PRICE if said else SUBJECT_TO_PRICE
        said.append(Sentence("subject_to_price", template, {"price": price_of(need.maximum_unit_price)}))
    return said


def condition_not_met(terms: ClosingTerms, dropped: Dropped) -> Sentence:
    """The sums the member saw: at first, and after the departures that brought the pool below its condition."""
    values = {
        "asked": dropped.threshold, "units": unit_of(terms.unit, dropped.threshold),
        "first": dropped.sums_seen[0], "then": dropped.sums_seen[-1], "departures": dropped.departures,
    }  # fmt: skip
    template = CONDITION_NOT_MET
    if dropped.departures:
        template = CONDITION_LOST if dropped.departures == 1 else CONDITION_LOST_TO_MANY
    return Sentence("condition_not_met", template, values)


def minimum_not_reached(terms: ClosingTerms, tested: int, cancelled: bool) -> Sentence:
    """The minimum was missed for good: nobody is bound any more."""
    template = CANCELLED if cancelled else SUPPORT_NOT_REACHED if terms.kind == "support" else LOT_NOT_REACHED
    return Sentence("minimum_not_reached", template, _tested(terms, tested))


def extended(terms: ClosingTerms, need: PooledNeed, tested: int) -> Sentence:
    """The round goes on: what this member has to do, if anything."""
    values = {**_tested(terms, tested), "until": terms.extended_until}
    if need.status in ("awaiting_signature", "waitlisted"):
        return Sentence("extended_waiting", EXTENDED_WAITING, values)
    if need.status == "counted" and need.firmness == "firm":
        return Sentence("extended_firm_kept", EXTENDED_FIRM, values)
    return Sentence("extended_to_confirm", EXTENDED_TO_CONFIRM, values)


def merging(terms: ClosingTerms, need: PooledNeed, tested: int) -> Sentence:
    """The round ends in a vote: who counts stays counted until its result."""
    if need.status != "counted":
        return Sentence("merge_without_you", MERGING_WAITING)
    return Sentence("merge_proposed", MERGING, _tested(terms, tested))


def nothing_left(terms: ClosingTerms) -> Sentence:
    """The remainder below a pack was the whole of this member's need."""
    return Sentence("nothing_left_after_packs", NOTHING_LEFT, {"multiple": terms.order_multiple})


def indicative_minimum_missed(terms: ClosingTerms, tested: int) -> Sentence:
    """To the centre: the published indicative minimum is not reached."""
    return Sentence("indicative_minimum_missed", INDICATIVE_MISSED, _tested(terms, tested))


def _tested(terms: ClosingTerms, tested: int) -> dict[str, object]:
    return {"tested": tested, "unit": unit_of(terms.unit, tested), "minimum": terms.minimum_quantity}
