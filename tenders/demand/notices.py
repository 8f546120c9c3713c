"""Who is told what by demand; every function is a step that writes outbox rows in the act's transaction."""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.notifications.services import Telling, tell, tell_many
from marketplace.platform.errors import N_, Sentence
from marketplace.platform.money import incl_vat
from tenders.demand import messages
from tenders.demand.models import Need
from tenders.demand.rules.closing import Decision
from tenders.demand.rules.exposure import Exposure
from tenders.demand.rules.placing import Ground
from tenders.demand.words import amount_of, unit_of
from tenders.vehicles.models import Lot

messages.register_all()

MET = Sentence("closing_met", N_("minimum atteint"))
CLOSED = Sentence("closing_done", N_("besoins clos"))
NOT_MET = Sentence("closing_not_met", N_("minimum non atteint"))
ORDERED = N_("{ordered} {unit} commandés.")
TESTED = N_("{tested} {unit} pour un minimum de {minimum}.")
MAY_PLACE_AGAIN = Sentence("may_place_again", N_("Vous pouvez le replacer à titre individuel jusqu'à la clôture."))
NOTHING_TO_DO = Sentence("nothing_to_do", N_("Vous n'avez rien à faire."))


def to_sign(ground: Ground, organisation_id: UUID, establishment: tuple[UUID, str], quantity: int) -> Telling:
    """For the signatories of the establishment's organisation."""
    values = {**_about(ground, establishment, quantity), "until": ground.needs_close_at}
    return Telling("need_to_sign", values, organisation_ids=[organisation_id], roles=("signatory",))


def signed(
    ground: Ground, organisation_id: UUID, establishment: tuple[UUID, str], quantity: int, shown: Exposure
) -> Telling:
    """The receipt of an engagement, for the establishment's organisation."""
    values = {
        **_about(ground, establishment, quantity), "until": ground.needs_close_at, "months": shown.months,
        "excl_vat": amount_of(shown.at_most_excl_vat), "incl_vat": amount_of(shown.at_most_incl_vat),
    }  # fmt: skip
    return Telling("need_signed", values, organisation_ids=[organisation_id])


@dataclass(frozen=True)
class Entered:
    """What an import entered for one organisation in one state: how many needs, units, and euros at most (if signed)."""

    organisation_id: UUID
    count: int
    quantity: int
    at_most_excl_vat: Decimal


def imported_to_sign(ground: Ground, entered: Entered) -> Telling:
    """For the signatories: one telling for everything an import left to sign."""
    return Telling(
        "needs_imported_to_sign", _imported(ground, entered), organisation_ids=[entered.organisation_id],
        roles=("signatory",),
    )  # fmt: skip


def imported_signed(ground: Ground, entered: Entered) -> Telling:
    """The receipt of everything an import engaged, for the organisation."""
    values = _imported(ground, entered) | {
        "months": ground.term_months, "excl_vat": amount_of(entered.at_most_excl_vat),
        "incl_vat": amount_of(incl_vat(entered.at_most_excl_vat)),
    }  # fmt: skip
    return Telling("needs_imported_signed", values, organisation_ids=[entered.organisation_id])


def _imported(ground: Ground, entered: Entered) -> dict[str, Any]:
    return {
        "lot": ground.label, "lot_id": str(ground.lot_id), "count": entered.count, "quantity": entered.quantity,
        "unit": unit_of(ground.unit, entered.quantity), "until": ground.needs_close_at,
    }  # fmt: skip


def returned(session: Session, ground: Ground, proposer_id: UUID, establishment: tuple[UUID, str], quantity: int) -> None:
    """To whoever proposed the need that the signatory sends back."""
    values = {**_about(ground, establishment, quantity), "until": ground.needs_close_at}
    tell(session, template="need_returned", values=values, user_ids=[proposer_id])


def promoted(session: Session, lot: Lot, needs: Iterable[Need]) -> None:
    """To each organisation whose need came off the waiting list."""
    tell_many(
        session,
        [_telling("need_promoted", lot, need, {"until": lot.needs_close_at}) for need in needs],
    )


def released(session: Session, lot: Lot, needs: Iterable[Need], why: Sentence, what_next: Sentence = NOTHING_TO_DO) -> None:
    """To each organisation whose need ended with its grappe, or with its lot."""
    tell_many(
        session,
        [_telling("need_released", lot, need, {"why": why, "what_next": what_next}) for need in needs],
    )


def closing(session: Session, lot: Lot, centre_id: UUID, decision: Decision, organisations: dict[UUID, UUID]) -> None:
    """To every member its own decision, and to the centre the whole; `organisations` by establishment."""
    tellings = []
    for member in decision.included:
        tellings.append(_decided(lot, organisations[member.establishment_id], member.sentences))
    for left_out in decision.excluded:
        tellings.append(_decided(lot, organisations[left_out.establishment_id], (left_out.sentence,)))
    summary = {"lot": lot.title, "lot_id": str(lot.id), "outcome": _outcome(lot, decision), "summary": _summary(lot, decision)}
    tellings.append(Telling("closing_summary", summary, organisation_ids=[centre_id]))
    tell_many(session, tellings)


def closing_undone(session: Session, lot: Lot, reason: str, organisation_ids: Iterable[UUID]) -> None:
    """To everybody whose need the closing had decided, and to the centre: the closing is taken back, and why."""
    values = {"lot": lot.title, "lot_id": str(lot.id), "reason": reason, "until": lot.needs_close_at}
    told = sorted({*organisation_ids, lot.vehicle.organisation_id})
    tell_many(session, [Telling("closing_undone", values, organisation_ids=[each]) for each in told])


def _decided(lot: Lot, organisation_id: UUID, sentences: Sequence[Sentence]) -> Telling:
    values = {"lot": lot.title, "lot_id": str(lot.id), "detail": joined(sentences)}
    return Telling("closing_decided", values, organisation_ids=[organisation_id])


def joined(sentences: Sequence[Sentence]) -> Sentence:
    """Several sentences as one, each still to be translated by itself."""
    if len(sentences) == 1:
        return sentences[0]
    names = [f"part_{place}" for place in range(len(sentences))]
    template = " ".join(f"{{{name}}}" for name in names)
    return Sentence(sentences[0].code, template, dict(zip(names, sentences, strict=True)))


def _outcome(lot: Lot, decision: Decision) -> Sentence:
    if decision.outcome == "not_met":
        return NOT_MET
    return MET if lot.minimum_kind == "contractual" else CLOSED


def _summary(lot: Lot, decision: Decision) -> Sentence:
    if decision.outcome == "met":
        ordered = decision.ordered_quantity
        return Sentence("ordered", ORDERED, {"ordered": ordered, "unit": unit_of(lot.unit, ordered)})
    tested = decision.tested_quantity
    values = {"tested": tested, "unit": unit_of(lot.unit, tested), "minimum": lot.minimum_quantity}
    return Sentence("tested", TESTED, values)


def _about(ground: Ground, establishment: tuple[UUID, str], quantity: int) -> dict[str, Any]:
    establishment_id, name = establishment
    return {
        "lot": ground.label, "lot_id": str(ground.lot_id), "establishment": name,
        "establishment_id": str(establishment_id), "quantity": quantity, "unit": unit_of(ground.unit, quantity),
    }  # fmt: skip


def _telling(template: str, lot: Lot, need: Need, more: dict[str, Sentence | datetime]) -> Telling:
    values = {
        "lot": lot.title, "lot_id": str(lot.id), "quantity": need.quantity, "unit": unit_of(lot.unit, need.quantity),
        **more,
    }  # fmt: skip
    return Telling(template, values, organisation_ids=[need.organisation_id])
