"""The demo's organisations and people: platform, centres, authority, group heads, providers, one buyer per operator."""
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marketplace.accounts.models import Membership, Organisation, User
from marketplace.establishments.models import Establishment
from marketplace.platform import clock
from marketplace.platform.database import new_id
from tenders.demo.sites import GROUPS, Site

HEAD_ROLES = ["admin", "signatory", "buyer", "contributor", "viewer"]
FIRST_NAMES = (
    "Alix", "Camille", "Charlie", "Claude", "Dominique", "Eden", "Lou", "Maxence", "Morgan", "Noa", "Sacha", "Yaël",
)  # fmt: skip
CENTRES = ("Centrale d'achat de démonstration Alizé", "Centrale d'achat de démonstration Mistral")
AUTHORITY = "Autorité de santé de démonstration"
PLATFORM = "Grappe (plateforme de démonstration)"
PROVIDERS = (
    "Argile", "Brume", "Cèdre", "Dune", "Écume", "Falaise", "Granit", "Houle", "Îlot", "Jade", "Kaolin", "Lagune",
)  # fmt: skip


@dataclass
class People:
    """Who is there: organisations by role and the person who acts for each organisation."""

    platform: Organisation
    centres: list[Organisation]
    authority: Organisation
    heads: list[Organisation]
    providers: list[Organisation]
    person_of: dict[UUID, User] = field(default_factory=dict)


def _organisation(session: Session, kind: str, name: str) -> Organisation:
    row = Organisation(id=new_id(), kind=kind, name=name, created_at=clock.now())
    session.add(row)
    return row


def _seat(session: Session, people: People, organisation: Organisation, roles: Iterable[str], address: str) -> User:
    number = len(people.person_of)
    name = f"{FIRST_NAMES[number % len(FIRST_NAMES)]} Fictif {number + 1:03d}"
    user = User(id=new_id(), email=f"{address}@demo.test", full_name=name, created_at=clock.now())
    session.add(user)
    session.flush()
    session.add(
        Membership(
            id=new_id(), user_id=user.id, organisation_id=organisation.id, roles=list(roles), created_at=clock.now()
        )
    )
    people.person_of[organisation.id] = user
    return user


def make_people(session: Session, sites: list[Site]) -> People:
    """Step: every organisation that is not a care operator, the group heads, and the people who act."""
    people = People(
        platform=_organisation(session, "platform", PLATFORM),
        centres=[_organisation(session, "purchasing_centre", name) for name in CENTRES],
        authority=_organisation(session, "authority", AUTHORITY),
        heads=[_organisation(session, "care_operator", name) for name in GROUPS],
        providers=[_organisation(session, "provider", f"Prestataire de démonstration {name}") for name in PROVIDERS],
    )
    session.flush()
    _seat(session, people, people.platform, ("admin", "operator"), "plateforme")
    for centre, address in zip(people.centres, ("centrale", "centrale-mistral"), strict=True):
        _seat(session, people, centre, ("admin", "signatory", "buyer"), address)
    _seat(session, people, people.authority, ("admin", "viewer"), "autorite")
    for head, letter in zip(people.heads, "abc", strict=True):
        _seat(session, people, head, HEAD_ROLES, f"clinique-{letter}")
    for provider, number in zip(people.providers, range(1, 13), strict=True):
        _seat(session, people, provider, ("admin", "signatory", "contributor"), f"prestataire-{number:02d}")
    _join_groups(session, people, sites)
    _buyers(session, people, sites)
    return people


def _operators(session: Session, sites: list[Site]) -> dict[str, Organisation]:
    numbers = {site.operator_finess for site in sites}
    rows = session.scalars(select(Organisation).where(Organisation.finess_ej.in_(numbers)))
    return {row.finess_ej or "": row for row in rows}


def _join_groups(session: Session, people: People, sites: list[Site]) -> None:
    for number, head in enumerate(people.heads):
        operators = {site.operator_finess for site in sites if site.group == number}
        session.execute(
            update(Organisation)
            .where(Organisation.finess_ej.in_(operators))
            .values(head_organisation_id=head.id, delegated_roles=HEAD_ROLES)
        )


def _buyers(session: Session, people: People, sites: list[Site]) -> None:
    operators = _operators(session, sites)
    for site in sites:
        operator = operators[site.operator_finess]
        if site.group is not None:
            people.person_of[operator.id] = people.person_of[people.heads[site.group].id]
        elif operator.id not in people.person_of and not site.is_public:
            _seat(session, people, operator, ("admin", "signatory", "buyer"), f"operateur-{site.operator:03d}")


def establishments_of(session: Session, sites: list[Site]) -> dict[int, Establishment]:
    """Site number → its imported establishment."""
    numbers = {site.finess: site.number for site in sites}
    rows = session.scalars(select(Establishment).where(Establishment.finess.in_(numbers)))
    return {numbers[row.finess]: row for row in rows}
