"""Use cases on studies: ask one, ask again after somebody joined or left, share it, cancel it; state what one pays alone."""
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.categories.models import ServiceCategory
from marketplace.establishments.models import Establishment
from marketplace.grappes.models import Grappe
from marketplace.notifications.services import tell
from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import N_, BadInput, NotAllowed, NotFound, RuleBroken
from marketplace.platform.facts import pack
from marketplace.platform.permissions import Actor, require
from tenders.composition.studies import messages, queries
from tenders.composition.studies.live import freeze
from tenders.composition.studies.models import StandAlonePrice, Study, StudyPlace
from tenders.composition.studies.rules.parameters import Parameters, check_parameters
from tenders.composition.studies.rules.snapshot import LiveNeed, Snapshot

messages.register_all()


def ask_study(
    actor: Actor, asked: Parameters, *, title: str = "", organisation_id: UUID | None = None,
    grappe_id: UUID | None = None,
) -> Study:  # fmt: skip
    """Freeze live needs, offers and certificates, and put the question to the optimiser.

    By a purchasing centre on its own open lots, or by a grappe's coordinator on what the grappe brings to any lot.
    BadInput on the parameters; RuleBroken `nothing_to_study`; NotAllowed; NotFound.
    """
    check_parameters(asked)
    with transaction() as session:
        owner_id = _owner(session, actor, organisation_id, grappe_id)
        _check_categories(session, asked)
        return _ask(session, actor, asked, title, owner_id, grappe_id)


def ask_again(actor: Actor, study_id: UUID) -> Study:
    """The same question on the needs of now; where nothing moved, the earlier answer is kept (re-optimised around it).

    RuleBroken `study_not_done`, `nothing_to_study`.
    """
    with transaction() as session:
        earlier = _own(session, actor, study_id)
        _check_still_coordinates(session, actor, earlier)
        if earlier.status != "done":
            raise _not_done()
        return _ask(
            session, actor, earlier.asked, earlier.title, earlier.organisation_id, earlier.grappe_id, follows=earlier.id
        )


def cancel_study(actor: Actor, study_id: UUID) -> Study:
    """Give a study up: at once while it waits, within a second once it runs. Cancelling twice changes nothing.

    RuleBroken `study_over` when it has ended.
    """
    with transaction() as session:
        study = _own(session, actor, study_id)
        session.refresh(study, with_for_update=True)
        if study.status in ("done", "failed"):
            raise RuleBroken("study_over", "Cette étude est terminée : il n'y a plus rien à annuler.")
        if study.cancelled_at is None and study.cancel_asked_at is None:
            study.cancel_asked_at = clock.now()
            if study.started_at is None:
                study.cancelled_at = clock.now()
            audit.record(session, actor, "study.cancelled", "study", study.id, organisation_id=study.organisation_id)
            session.flush()
        return study


def share_study(actor: Actor, study_id: UUID, centre_id: UUID) -> Study:
    """A coordinator shows its grappe's study to a purchasing centre, which may accept it. RuleBroken `study_not_done`."""
    with transaction() as session:
        study = _own(session, actor, study_id)
        if study.status != "done":
            raise _not_done()
        _check_still_coordinates(session, actor, study)
        centre = session.get(Organisation, centre_id)
        if centre is None or centre.kind != "purchasing_centre":
            raise NotFound("organisation")
        study.shared_with_id = centre_id
        tell(session, template="study_shared", values={"title": study.title, "study_id": str(study.id)},
             organisation_ids=[centre_id])  # fmt: skip
        audit.record(
            session, actor, "study.shared", "study", study.id, organisation_id=study.organisation_id,
            after={"centre_id": centre_id},
        )  # fmt: skip
        return study


def state_price(actor: Actor, establishment_id: UUID, category: str, unit_price: Decimal) -> StandAlonePrice:
    """Say what an establishment pays alone: euros excluding VAT per unit and period of the category; replaces.

    BadInput when it is not above zero or the category is unknown; NotFound.
    """
    with transaction() as session:
        site = _own_site(session, actor, establishment_id)
        require(actor, "stand_alone_price.state", own=site.organisation_id)
        if session.get(ServiceCategory, category) is None:
            raise NotFound("category")
        if unit_price <= 0 or unit_price >= 10**9:
            raise BadInput({"unit_price": [N_("Donnez un prix HT par unité et par période, supérieur à zéro.")]})
        values = {"unit_price": unit_price, "stated_at": clock.now(), "stated_by": actor.user_id}
        keys = {"establishment_id": establishment_id, "category_code": category}
        statement = insert(StandAlonePrice).values(**keys, **values)
        session.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=values))
        audit.record(
            session, actor, "stand_alone_price.stated", "establishment", establishment_id,
            organisation_id=site.organisation_id, after={"category": category, "unit_price": unit_price},
        )  # fmt: skip
        return session.get_one(StandAlonePrice, (establishment_id, category), populate_existing=True)


def forget_price(actor: Actor, establishment_id: UUID, category: str) -> None:
    """Take a stated price back; nothing happens when there is none."""
    with transaction() as session:
        site = _own_site(session, actor, establishment_id)
        require(actor, "stand_alone_price.state", own=site.organisation_id)
        keys = (StandAlonePrice.establishment_id == establishment_id, StandAlonePrice.category_code == category)
        session.execute(delete(StandAlonePrice).where(*keys))
        audit.record(
            session, actor, "stand_alone_price.forgotten", "establishment", establishment_id,
            organisation_id=site.organisation_id, before={"category": category},
        )  # fmt: skip


def _owner(session: Session, actor: Actor, organisation_id: UUID | None, grappe_id: UUID | None) -> UUID:
    """For whom the study is asked: the coordinator's organisation, or the centre."""
    if grappe_id is not None:
        coordinator = session.scalar(
            select(Establishment.organisation_id)
            .join(Grappe, Grappe.coordinator_establishment_id == Establishment.id)
            .where(Grappe.id == grappe_id, Grappe.status == "active")
        )
        if coordinator is None or coordinator not in actor.organisation_ids(kind="care_operator"):
            raise NotFound("grappe")
        require(actor, "study.ask", coordinator=coordinator)
        return coordinator
    centres = actor.organisation_ids(kind="purchasing_centre")
    if organisation_id is None and len(centres) > 1:
        raise BadInput({"organisation_id": [N_("Vous agissez pour plusieurs centrales : dites pour laquelle.")]})
    centre_id = organisation_id or next(iter(centres), None)
    if centre_id is None:
        raise NotAllowed("study.ask")
    require(actor, "study.ask", centre=centre_id)
    return centre_id


def _check_categories(session: Session, asked: Parameters) -> None:
    known = set(session.scalars(select(ServiceCategory.code).where(ServiceCategory.code.in_(asked.categories))))
    if set(asked.categories) - known:
        raise BadInput({"categories": [N_("Catégorie inconnue : choisissez parmi les catégories publiées.")]})


def _ask(
    session: Session, actor: Actor, asked: Parameters, title: str, owner_id: UUID, grappe_id: UUID | None,
    follows: UUID | None = None,
) -> Study:  # fmt: skip
    frozen = freeze(session, actor, asked, centre_id=None if grappe_id else owner_id, grappe_id=grappe_id)
    if not frozen.needs and not frozen.left_out:
        raise RuleBroken(
            "nothing_to_study",
            "Aucun besoin en cours dans ces catégories et ce territoire : élargissez le choix, ou attendez des besoins.",
        )
    study = Study(
        id=new_id(), organisation_id=owner_id, grappe_id=grappe_id, follows_id=follows,
        title=title.strip() or f"{clock.paris(clock.now()):%d/%m/%Y %H:%M}", parameters=asdict(asked),
        document=frozen.document, asked_by=actor.own_id,
        set_aside=[{"offer_id": str(one.offer.offer_id), "why": pack(one.why)} for one in frozen.set_aside],
    )  # fmt: skip
    session.add(study)
    session.flush()
    session.add_all(_places(study.id, frozen))
    audit.record(
        session, actor, "study.asked", "study", study.id, organisation_id=owner_id,
        after={"categories": list(asked.categories), "needs": len(frozen.needs), "left_out": len(frozen.left_out)},
    )  # fmt: skip
    session.flush()
    return study


def _places(study_id: UUID, frozen: Snapshot) -> Sequence[StudyPlace]:
    inside = [_place(study_id, need, position) for position, need in enumerate(frozen.needs)]
    outside = [_place(study_id, one.need, None, pack(one.why)) for one in frozen.left_out]
    return [*inside, *outside]


def _place(study_id: UUID, need: LiveNeed, position: int | None, outside: object = None) -> StudyPlace:
    return StudyPlace(
        study_id=study_id, establishment_id=need.establishment_id, category_code=need.category, position=position,
        organisation_id=need.organisation_id, grappe_id=need.grappe_id, region=need.region, quantity=need.quantity,
        alone_unit_price=need.alone_unit_price, outside=outside,
    )  # fmt: skip


def _own(session: Session, actor: Actor, study_id: UUID) -> Study:
    study = queries.get_study(session, actor, study_id)
    require(actor, "study.ask", **{"coordinator" if study.grappe_id else "centre": study.organisation_id})
    return study


def _check_still_coordinates(session: Session, actor: Actor, study: Study) -> None:
    """Who handed the grappe over since neither asks about its members again nor shows them; NotFound."""
    if study.grappe_id is not None and _owner(session, actor, None, study.grappe_id) != study.organisation_id:
        raise NotFound("grappe")


def _own_site(session: Session, actor: Actor, establishment_id: UUID) -> Establishment:
    site = session.get(Establishment, establishment_id)
    if site is None or site.organisation_id not in actor.organisation_ids(kind="care_operator"):
        raise NotFound("establishment")
    return site


def _not_done() -> RuleBroken:
    return RuleBroken("study_not_done", "Cette étude n'a pas encore de résultat : attendez qu'elle soit terminée.")
