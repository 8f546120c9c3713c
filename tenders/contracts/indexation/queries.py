"""Reads of indexation: values a contract may use, its formula and revisions, the factor of a day."""
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.platform.permissions import Actor
from tenders.contracts.indexation.models import ContractFormula, ContractIndex, ContractRevision

MOST_VALUES = 60


def _values(organisation_ids: Collection[UUID]) -> Select[ContractIndex]:
    """Values entered by these centres or by the platform, the latest month first, a correction before what it corrects."""
    return (
        select(ContractIndex)
        .join(Organisation, Organisation.id == ContractIndex.organisation_id)
        .where(or_(Organisation.id.in_(organisation_ids), Organisation.kind == "platform"))
        .order_by(ContractIndex.month.desc(), ContractIndex.entered_at.desc(), ContractIndex.id)
    )


def list_indices(session: Session, actor: Actor) -> list[ContractIndex]:
    """The latest values the actor's centres may use."""
    own = actor.organisation_ids(kind="purchasing_centre")
    return list(session.scalars(_values(own).limit(MOST_VALUES)))


def values_for(session: Session, centre_id: UUID, code: str) -> list[ContractIndex]:
    """The latest values of one index for a centre's contracts, one a month: corrections replace what they correct."""
    found: dict[date, ContractIndex] = {}
    for value in session.scalars(_values([centre_id]).where(ContractIndex.code == code).limit(MOST_VALUES)):
        found.setdefault(value.month, value)
    return list(found.values())


def find_formula(session: Session, contract_id: UUID) -> ContractFormula | None:
    """The contract's formula in force, None when its prices are firm."""
    statement = select(ContractFormula).where(ContractFormula.contract_id == contract_id)
    return session.scalars(statement.order_by(ContractFormula.number.desc()).limit(1)).one_or_none()


def list_revisions(session: Session, contract_id: UUID) -> list[ContractRevision]:
    """Revisions of a contract, the first first."""
    statement = select(ContractRevision).where(ContractRevision.contract_id == contract_id)
    return list(session.scalars(statement.order_by(ContractRevision.number)))


def factors_on(session: Session, contract_ids: Collection[UUID], day: date) -> dict[UUID, Decimal]:
    """By contract, the factor in force on a day; contracts without a revision yet are left out."""
    statement = (
        select(ContractRevision.contract_id, ContractRevision.factor)
        .where(ContractRevision.contract_id.in_(contract_ids), ContractRevision.effective_on <= day)
        .order_by(ContractRevision.contract_id, ContractRevision.effective_on)
    )
    return {row.contract_id: row.factor for row in session.execute(statement)}
