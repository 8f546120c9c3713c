"""What mergers tell people, and whom."""
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.notifications.services import Telling, tell, tell_many
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_, Sentence
from tenders.demand.mergers.queries import Target
from tenders.vehicles.models import Lot

register(
    "merger_to_choose",
    N_("Choisir où réunir les besoins de « {lot} »"),
    N_(
        "Le minimum de « {lot} » n'est pas atteint et {count} regroupements peuvent accueillir ses besoins. Choisissez "
        "celui qui est proposé au vote avant le {until} ; sinon la suite publiée du lot s'applique."
    ),
    link="/lots/{lot_id}/reunion",
)
register(
    "merger_vote_opened",
    N_("Voter avant le {until} : rejoindre un autre regroupement sur « {lot} » ?"),
    N_(
        "Le minimum de « {lot} » n'est pas atteint. Il vous est proposé de rejoindre {target}. Votez avant le {until}. "
        "Sans majorité de oui, ou sans assez de votants, la suite publiée du lot s'applique."
    ),
    link="/lots/{lot_id}/reunion",
)
register(
    "merger_decided",
    N_("Résultat du vote sur « {lot} »"),
    N_("{detail}"),
    link="/lots/{lot_id}/reunion",
)
register(
    "merger_moved",
    N_("Votre besoin a rejoint {target}"),
    N_(
        "Votre besoin de « {lot} » est maintenant compté dans {target}, aux mêmes quantité, durée et plafond de prix. "
        "Une signature donnée reste valable dans ces limites."
    ),
    link="/lots/{where}",
)


def choose(session: Session, lot: Lot, until: datetime, count: int) -> None:
    """Step: to the centre, which has several targets."""
    values = {"lot": lot.title, "lot_id": str(lot.id), "until": until, "count": count}
    tell(session, template="merger_to_choose", values=values, organisation_ids=[lot.vehicle.organisation_id])


def vote(session: Session, lot: Lot, target: Target, until: datetime, organisation_ids: Iterable[UUID]) -> None:
    """Step: to those who vote; administrators and signatories of their own organisation do."""
    values = {"lot": lot.title, "lot_id": str(lot.id), "target": target.label, "until": until}
    tell_many(
        session,
        [
            Telling("merger_vote_opened", values, organisation_ids=[organisation_id], roles=("admin", "signatory"))
            for organisation_id in sorted(organisation_ids)
        ],
    )


def decided(
    session: Session, lot: Lot, detail: Sentence, organisation_ids: Iterable[UUID], moved: Iterable[UUID], target: Target | None
) -> None:
    """Step: the result to everybody on the roll and to the centre; to those whose needs `moved`, where they are now."""
    values = {"lot": lot.title, "lot_id": str(lot.id), "detail": detail}
    everybody = sorted({*organisation_ids, lot.vehicle.organisation_id})
    tellings = [Telling("merger_decided", values, organisation_ids=[each]) for each in everybody]
    if target is not None:
        where = {"lot": lot.title, "target": target.label, "where": str(target.lot_id or lot.id)}
        tellings += [Telling("merger_moved", where, organisation_ids=[each]) for each in sorted(set(moved))]
    tell_many(session, tellings)
