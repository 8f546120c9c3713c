"""Use cases about organisations: registering one, joining a clinic group, and the first operator of a new platform."""
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from stdnum.fr import siren as siren_number

from marketplace.accounts import passwords_by_mail, queries, rules
from marketplace.accounts.models import Membership, Organisation, User
from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import N_, BadInput, Conflict, NotFound, RuleBroken
from marketplace.platform.permissions import SYSTEM, Actor, require


def register_organisation(
    actor: Actor, *, kind: str, name: str, siren: str | None = None, vat_number: str | None = None
) -> Organisation:
    """Register a legal person (the platform operator's act). BadInput on `siren` when its check digit fails."""
    with transaction() as session:
        require(actor, "organisation.create")
        if siren and not siren_number.is_valid(siren):
            raise BadInput({"siren": [N_("Ce SIREN est faux : recopiez ses neuf chiffres.")]})
        organisation = Organisation(
            id=new_id(), kind=kind, name=name.strip(), siren=siren_number.compact(siren) if siren else None,
            vat_number=vat_number or None, created_at=clock.now(),
        )  # fmt: skip
        session.add(organisation)
        session.flush()
        audit.record(
            session, actor, "organisation.registered", "organisation", organisation.id,
            organisation_id=organisation.id, after={"kind": kind, "siren": organisation.siren},
        )  # fmt: skip
    return organisation


def join_group(
    actor: Actor, organisation_id: UUID, *, head_organisation_id: UUID | None, delegated_roles: Collection[str]
) -> Organisation:
    """Put a care operator under a group's head (or take it out with None) and say what the head may do for it.

    The operator's own administrator decides, or the platform (domain §4b.14). Refusals: `group_of_one_level`,
    `only_care_operators_form_groups`, and roles without meaning there.
    """
    with transaction() as session:
        organisation = queries.get_organisation(session, actor, organisation_id)
        require(actor, "group.join", own=organisation_id)
        roles = rules.check_roles(delegated_roles, organisation.kind) if delegated_roles else []
        rows = session.scalars(
            select(Organisation)
            .where(Organisation.id.in_([organisation_id, head_organisation_id or organisation_id]))
            .order_by(Organisation.id)
            .with_for_update()
        )
        locked = {row.id: row for row in rows}
        head = locked.get(head_organisation_id) if head_organisation_id else None
        if head_organisation_id and head is None:
            raise NotFound("organisation")
        has_operators = session.scalars(
            select(Organisation.id).where(Organisation.head_organisation_id == organisation_id).limit(1)
        ).first()
        _check_group(organisation, head, has_operators is not None)
        before = {"head": organisation.head_organisation_id, "roles": organisation.delegated_roles}
        organisation.head_organisation_id, organisation.delegated_roles = head_organisation_id, roles
        organisation.version += 1
        audit.record(
            session, actor, "group.joined" if head else "group.left", "organisation", organisation_id,
            organisation_id=organisation_id, before=before, after={"head": head_organisation_id, "roles": roles},
        )  # fmt: skip
    return organisation


def _check_group(organisation: Organisation, head: Organisation | None, has_operators: bool) -> None:
    if head is None:
        return
    if organisation.kind != "care_operator" or head.kind != "care_operator":
        raise RuleBroken(
            "only_care_operators_form_groups", "Un groupe réunit des organisations de soins : choisissez-en une."
        )
    if head.head_organisation_id is not None or has_operators or head.id == organisation.id:
        raise RuleBroken(
            "group_of_one_level",
            "Un groupe a une seule tête : choisissez une organisation qui n'est elle-même dans aucun groupe.",
        )


def create_operator(email: str, full_name: str) -> User:
    """Command line: give a person the platform operator's seat; the link to choose a password is mailed.

    Makes the platform's own organisation the first time. Conflict `already_a_member` when the person has the seat.
    """
    with transaction() as session:
        platform = session.scalars(select(Organisation).where(Organisation.kind == "platform")).first()
        if platform is None:
            platform = Organisation(id=new_id(), kind="platform", name="Grappe", created_at=clock.now())
            session.add(platform)
        user = queries.find_user_by_email(session, email)
        if user is None:
            user = User(id=new_id(), email=email.strip().lower(), full_name=full_name.strip(), created_at=clock.now())
            session.add(user)
        session.flush()
        if any(member.user_id == user.id for member, _ in queries.list_members(session, platform.id)):
            raise Conflict("already_a_member", "Cette personne est déjà dans l'organisation : changez plutôt ses rôles.")
        membership = Membership(
            id=new_id(), user_id=user.id, organisation_id=platform.id, roles=["admin", "operator"], created_at=clock.now()
        )
        session.add(membership)
        session.flush()
        if user.password_hash is None:
            passwords_by_mail.send_link(session, user.id)
        audit.record(session, SYSTEM, "operator.created", "membership", membership.id, organisation_id=platform.id)
    return user
