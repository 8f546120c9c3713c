"""Accepting proposals: one lot per purchase on a vehicle in preparation, invitations now, needs to sign when it opens."""
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.categories.models import ServiceCategory
from marketplace.establishments.models import Establishment
from marketplace.notifications.services import Telling, tell_many
from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import N_, BadInput, NotFound, RuleBroken, Sentence
from marketplace.platform.permissions import Actor, require
from tenders.composition.studies import queries
from tenders.composition.studies.messages import FOUND_A_GRAPPE, JOIN_A_GRAPPE, NOTHING_MORE
from tenders.composition.studies.models import Study, StudyPlace, StudyPurchase
from tenders.composition.studies.rules.snapshot import requirements_of
from tenders.demand.proposing import Proposal, propose_needs
from tenders.demand.words import price_of, unit_of
from tenders.vehicles import queries as vehicles
from tenders.vehicles.events import LotOpened
from tenders.vehicles.models import Lot, Vehicle
from tenders.vehicles.services import write_lot

POLICY: Final = ["extend", "release"]
"""What happens to an accepted purchase that misses its bracket: one extension, then everybody is free again."""


@dataclass(frozen=True)
class Accepted:
    """The lots written, by the number of their purchase, and how many establishments are invited."""

    lots: Mapping[int, UUID]
    invited: int


def accept_purchases(
    actor: Actor, study_id: UUID, numbers: Collection[int], *, vehicle_id: UUID, needs_close_at: datetime
) -> Accepted:
    """Make each chosen purchase a lot of a vehicle in preparation, and invite its members.

    The lot's contractual minimum is the start of the bracket that the proposal reaches: below, its price does not hold.
    Members' needs are written, to be signed, when the vehicle opens. All or nothing. RuleBroken `study_not_done`,
    `purchase_already_accepted`, `vehicle_not_draft`, `vehicle_wants_grappes`, those of a lot; BadInput; NotFound.
    """
    with transaction() as session:
        study = queries.get_study(session, actor, study_id)
        vehicle = vehicles.get_vehicle(session, actor, vehicle_id)
        require(actor, "study.accept", centre=vehicle.organisation_id)
        session.refresh(study, with_for_update=True)
        vehicle = vehicles.lock_vehicle(session, vehicle_id)
        purchases = _chosen(session, study, numbers)
        _check(vehicle, needs_close_at)
        categories = {row.code: row for row in session.scalars(select(ServiceCategory))}
        lots: dict[int, UUID] = {}
        invited: set[UUID] = set()
        for purchase in purchases:
            body = _lot_body(session, study, vehicle, purchase, categories[purchase.category_code], needs_close_at)
            lot = write_lot(session, actor, vehicle, body)
            purchase.lot_id, purchase.accepted_at, purchase.accepted_by = lot.id, clock.now(), actor.user_id
            lots[purchase.number] = lot.id
            invited |= _invite(session, study, vehicle, purchase, lot)
        session.flush()
        audit.record(
            session, actor, "study.accepted", "study", study.id, organisation_id=vehicle.organisation_id,
            after={"vehicle_id": vehicle_id, "lots": {str(number): str(lot_id) for number, lot_id in lots.items()}},
        )  # fmt: skip
        return Accepted(lots, len(invited))


def _chosen(session: Session, study: Study, numbers: Collection[int]) -> Sequence[StudyPurchase]:
    if study.status != "done":
        raise RuleBroken("study_not_done", "Cette étude n'a pas encore de résultat : attendez qu'elle soit terminée.")
    if not numbers:
        raise BadInput({"purchases": [N_("Choisissez au moins un achat groupé à accepter.")]})
    statement = (
        select(StudyPurchase)
        .where(StudyPurchase.study_id == study.id, StudyPurchase.number.in_(numbers))
        .order_by(StudyPurchase.number)
    )
    found = session.scalars(statement, execution_options={"populate_existing": True}).all()
    if len(found) != len(set(numbers)):
        raise NotFound("purchase")
    for purchase in found:
        if purchase.lot_id is not None:
            raise RuleBroken(
                "purchase_already_accepted",
                "L'achat groupé {number} est déjà devenu un lot : retirez-le de votre choix, ou supprimez d'abord ce lot.",
                number=purchase.number,
            )
    return found


def _check(vehicle: Vehicle, needs_close_at: datetime) -> None:
    if vehicle.status != "draft":
        raise RuleBroken(
            "vehicle_not_draft",
            "Ce marché n'est plus en préparation : ce qui est publié ne change plus. Préparez-en un autre.",
        )
    if not vehicle.allows_individual_needs:
        raise RuleBroken(
            "vehicle_wants_grappes",
            "Ce marché ne prend que des besoins réunis dans une grappe, et une étude propose des établissements : choisissez "
            "un marché qui accepte les besoins individuels.",
        )
    if needs_close_at <= clock.now():
        raise BadInput({"needs_close_at": [N_("La clôture du recueil est dans le passé : donnez une date à venir.")]})


def _lot_body(
    session: Session, study: Study, vehicle: Vehicle, purchase: StudyPurchase, category: ServiceCategory,
    needs_close_at: datetime,
) -> dict[str, Any]:  # fmt: skip
    """The purchase as a lot (formats/core-api.md); its requirements are all those of its members."""
    maximum = {"basis": "quantity", "value": Decimal(purchase.capacity)}
    taken = {lot.code for lot in vehicle.lots}
    code = next(one for one in (f"{category.code[:12]}-{n}" for n in range(purchase.number, 10**6)) if one not in taken)
    return {
        "code": code, "title": None, "category": category.code,
        "kind": "support" if category.code == "support_maintenance" else "service", "unit": category.unit,
        "price_period": category.price_period, "term_months": study.asked.term_months, "order_multiple": 1,
        "reference_unit_price": purchase.reference_unit_price,
        "minimum": {"kind": "contractual", "basis": "quantity", "scope": "lot", "value": Decimal(purchase.bracket_from)},
        "maximum": maximum, "requirements": requirements_of(_marks(session, study.id, purchase.number)),
        "needs_close_at": needs_close_at, "minimum_policy": list(POLICY), "takes_firm_needs": True, "extension_days": 15,
    }  # fmt: skip


_MARKS = text("""
SELECT DISTINCT mark
FROM studies s
CROSS JOIN LATERAL jsonb_array_elements(s.document -> 'establishments') WITH ORDINALITY AS e(site, nth)
CROSS JOIN LATERAL jsonb_array_elements_text(e.site -> 'requires') AS mark
JOIN study_places p ON p.study_id = s.id AND p.position = e.nth - 1
WHERE s.id = :study_id AND p.purchase = :purchase
""")


def _marks(session: Session, study_id: UUID, purchase: int) -> list[str]:
    return list(session.scalars(_MARKS, {"study_id": study_id, "purchase": purchase}))


def _members(session: Session, study_id: UUID, purchase: int) -> list[tuple[StudyPlace, str]]:
    statement = (
        select(StudyPlace, Establishment.name)
        .join(Establishment, Establishment.id == StudyPlace.establishment_id)
        .where(StudyPlace.study_id == study_id, StudyPlace.purchase == purchase)
        .order_by(StudyPlace.establishment_id)
    )
    return [(place, name) for place, name in session.execute(statement)]


_GRAPPE_NAMES = text("SELECT id, name FROM grappes WHERE id = ANY(CAST(:ids AS uuid[])) AND status = 'active'")


def _invite(session: Session, study: Study, vehicle: Vehicle, purchase: StudyPurchase, lot: Lot) -> set[UUID]:
    members = _members(session, study.id, purchase.number)
    centre = session.get_one(Organisation, vehicle.organisation_id)
    grappes = Counter(place.grappe_id for place, _ in members if place.grappe_id is not None)
    names = {row.id: row.name for row in session.execute(_GRAPPE_NAMES, {"ids": list(grappes)})}
    largest = next((names[one] for one, _ in grappes.most_common() if one in names), None)
    alone = sum(place.grappe_id is None for place, _ in members)
    tellings = []
    for place, name in members:
        values = {
            "centre": centre.name, "lot": lot.title, "vehicle": vehicle.name, "others": len(members) - 1,
            "quantity": place.quantity, "unit": unit_of(lot.unit, place.quantity), "establishment": name,
            "establishment_id": str(place.establishment_id), "category": purchase.category_code,
            "unit_price": price_of(purchase.reference_unit_price), "grappe": _of_grappe(place, largest, alone - 1),
        }  # fmt: skip
        tellings.append(Telling("study_invitation", values, organisation_ids=[place.organisation_id]))
    tell_many(session, tellings)
    return {place.establishment_id for place, _ in members}


def _of_grappe(place: StudyPlace, grappe: str | None, others: int) -> Sentence:
    """A grappe is proposed only to who has none in the category (domain §4b.10); founding or joining stays its own act."""
    if place.grappe_id is not None or (grappe is None and others < 1):
        return Sentence("nothing_more", NOTHING_MORE)
    if grappe is not None:
        return Sentence("join_a_grappe", JOIN_A_GRAPPE, {"grappe": grappe})
    return Sentence("found_a_grappe", FOUND_A_GRAPPE, {"others": others})


def propose_accepted(session: Session, event: LotOpened) -> None:
    """Step, when a lot opens: if it comes from a study, its members' needs are written, each awaiting its signature."""
    purchase = session.scalars(select(StudyPurchase).where(StudyPurchase.lot_id == event.lot_id)).one_or_none()
    if purchase is None:
        return
    members = _members(session, purchase.study_id, purchase.number)
    proposals = [
        Proposal(place.establishment_id, name, place.organisation_id, place.quantity) for place, name in members
    ]
    propose_needs(session, session.get_one(Lot, event.lot_id), proposals, purchase.accepted_by)


