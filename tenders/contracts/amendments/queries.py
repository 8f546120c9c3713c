"""Reads of amendments: the centre sees its drafts too; holder and members what was signed; and the law's thresholds."""
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from marketplace.categories.models import ServiceCategory
from marketplace.establishments.models import Establishment
from marketplace.platform.errors import NotFound
from marketplace.platform.permissions import Actor
from tenders.contracts.amendments.models import Amendment, AmendmentThreshold
from tenders.contracts.amendments.rules.changes import project
from tenders.contracts.amendments.rules.thresholds import Limit
from tenders.contracts.amendments.rules.wanted import NewFormula, amount_term, fee_terms, formula_terms
from tenders.contracts.indexation.queries import find_formula
from tenders.contracts.indexation.rules import Formula
from tenders.contracts.models import Contract
from tenders.contracts.queries import visible_contracts
from tenders.contracts.rules.conclusion import Fee
from tenders.contracts.rules.frozen_prices import freeze_grid
from tenders.contracts.status import OVER
from tenders.demand.models import Need
from tenders.vehicles.models import Lot

WORKS = "45"
"""The division of the common procurement vocabulary that holds works."""


def visible_amendments(actor: Actor) -> Select[Amendment]:
    """Amendments of contracts the actor may see: signed ones, and all of its own centre's; with contract and file."""
    contracts = visible_contracts(actor).with_only_columns(Contract.id).order_by(None)
    statement = (
        select(Amendment)
        .join(Amendment.contract)
        .options(contains_eager(Amendment.contract).options(joinedload(Contract.holder), joinedload(Contract.lot).joinedload(
            Lot.vehicle)), joinedload(Amendment.signed_file))
    )  # fmt: skip
    if actor.is_system:
        return statement
    own = actor.organisation_ids(kind="purchasing_centre")
    return statement.where(
        Amendment.contract_id.in_(contracts), or_(Amendment.signed_at.is_not(None), Contract.organisation_id.in_(own))
    )


def get_amendment(session: Session, actor: Actor, amendment_id: UUID) -> Amendment:
    """The amendment; NotFound when there is none or the actor may not see it."""
    found = session.scalars(visible_amendments(actor).where(Amendment.id == amendment_id)).one_or_none()
    if found is None:
        raise NotFound("amendment")
    return found


def list_amendments(session: Session, actor: Actor, contract_id: UUID) -> list[Amendment]:
    """Versions of a contract, the first first, then drafts and withdrawn ones; one statement."""
    statement = visible_amendments(actor).where(Amendment.contract_id == contract_id)
    return list(session.scalars(statement.order_by(Amendment.number.nulls_last(), Amendment.drafted_at, Amendment.id)))


def list_signed(session: Session, contract_id: UUID) -> list[Amendment]:
    """The signed versions of a contract, the first first. The caller has checked who asks."""
    statement = select(Amendment).where(Amendment.contract_id == contract_id, Amendment.number.is_not(None))
    return list(session.scalars(statement.order_by(Amendment.number)))


def list_waiting(session: Session, contracts: Iterable[Contract], day: date) -> list[Amendment]:
    """Signed versions of these contracts whose day has come by `day` and that are not in force yet, in their order.

    Never those of a day after the contract was terminated: it is over, they change nothing any more.
    """
    waiting = [each.id for each in contracts if each.amendments_in_force < each.amendments]
    if not waiting:
        return []
    statement = select(Amendment).join(Amendment.contract).where(Amendment.contract_id.in_(waiting), *_due(day))
    return list(session.scalars(statement.order_by(Amendment.contract_id, Amendment.number)))


def _due(day: date) -> tuple[ColumnElement[bool], ...]:
    """Of an amendment joined to its contract: signed, not in force yet, its day come, before any termination."""
    return (
        Amendment.number > Contract.amendments_in_force, Amendment.effective_on <= day,
        or_(Contract.terminated_on.is_(None), Amendment.effective_on < Contract.terminated_on),
    )  # fmt: skip


def find_coming_formula(session: Session, contract: Contract) -> date | None:
    """When a signed amendment that is not in force yet changes the contract's formula; the first such day."""
    statement = select(Amendment.effective_on).where(
        Amendment.contract_id == contract.id, Amendment.kind == "indexation", Amendment.number > contract.amendments_in_force
    )
    return session.scalar(statement.order_by(Amendment.number).limit(1))


def list_due_contracts(session: Session, day: date) -> list[UUID]:
    """Contracts with a signed version whose day has come and that is not in force yet."""
    statement = (
        select(Contract.id)
        .join(Amendment, Amendment.contract_id == Contract.id)
        .where(Contract.amendments_in_force < Contract.amendments, *_due(day))
        .distinct()
        .order_by(Contract.id)
    )
    return list(session.scalars(statement))


def bounds_beside(session: Session, contract: Contract) -> tuple[int, Decimal]:
    """How far the other contracts of a lot go, in units and in euros: their maxima; what they ordered without one, or over."""
    over = Contract.status.in_(OVER)
    units = case((over, Contract.ordered_quantity), else_=func.coalesce(Contract.maximum_quantity, Contract.ordered_quantity))
    euros = case((over, Contract.ordered_amount), else_=func.coalesce(Contract.maximum_amount, Contract.ordered_amount))
    statement = select(func.coalesce(func.sum(units), 0), func.coalesce(func.sum(euros), 0)).where(
        Contract.lot_id == contract.lot_id, Contract.id != contract.id
    )
    quantity, amount = session.execute(statement).one()
    return int(quantity), Decimal(amount)


def terms_in_force(session: Session, contract: Contract) -> dict[str, Any]:
    """The contract's terms as they are today (rules/changes.py)."""
    formula = find_formula(session, contract.id)
    return {
        "grid": freeze_grid(contract.price_grid),
        "maximum_quantity": contract.maximum_quantity,
        "maximum_amount": amount_term(contract.maximum_amount),
        "minimum_quantity": contract.minimum_quantity,
        "ends_on": contract.ends_on.isoformat(),
        "duration_reason": contract.duration_reason,
        "formula": None if formula is None else formula_terms(
            NewFormula(
                formula.index_code, formula.base_month,
                Formula(formula.base_value, formula.fixed_share, formula.indexed_share, formula.interval_months),
            )
        ),
        "fee": fee_terms(Fee(contract.fee_kind, contract.fee_payer, contract.fee_value)),
    }  # fmt: skip


def terms_once_signed(terms: dict[str, Any], contract: Contract, signed: Iterable[Amendment]) -> dict[str, Any]:
    """The terms once everything signed is in force: what the next amendment starts from."""
    return project(terms, [each.changes for each in signed if (each.number or 0) > contract.amendments_in_force])


def terms_to_amend(session: Session, contract: Contract, signed: Iterable[Amendment]) -> dict[str, Any]:
    """What the next amendment starts from, read now; `signed` as `list_signed` gives them."""
    return terms_once_signed(terms_in_force(session, contract), contract, signed)


def limits_on(session: Session, day: date) -> dict[str, Limit]:
    """The thresholds of the law in force on a day, by code."""
    statement = select(AmendmentThreshold).where(AmendmentThreshold.since <= day)
    rows = session.scalars(statement.order_by(AmendmentThreshold.since, AmendmentThreshold.entered_at))
    return {row.code: Limit(row.value, row.article) for row in rows}


def list_thresholds(session: Session) -> list[AmendmentThreshold]:
    """Every threshold entered, by code, the latest first."""
    order = (AmendmentThreshold.code, AmendmentThreshold.since.desc(), AmendmentThreshold.entered_at.desc())
    return list(session.scalars(select(AmendmentThreshold).order_by(*order)))


def is_works(session: Session, category_code: str) -> bool:
    """Whether a category buys works, by its CPV code: works have thresholds of their own."""
    return session.get_one(ServiceCategory, category_code).cpv.startswith(WORKS)


def names_of(session: Session, establishment_ids: Collection[UUID]) -> dict[UUID, str]:
    """The name of each establishment; one statement, none for nobody."""
    if not establishment_ids:
        return {}
    statement = select(Establishment.id, Establishment.name).where(Establishment.id.in_(establishment_ids))
    return dict(session.execute(statement).all())


def ceilings_of(session: Session, lot_id: UUID, establishment_ids: Collection[UUID]) -> dict[UUID, Any]:
    """The price per unit and period each member of a lot signed up to, where it signed one."""
    statement = select(Need.establishment_id, Need.price_ceiling).where(
        Need.lot_id == lot_id, Need.establishment_id.in_(establishment_ids), Need.price_ceiling.is_not(None)
    )
    return dict(session.execute(statement).all())


def establishments_by_finess(session: Session, numbers: Collection[str]) -> dict[str, UUID]:
    """Establishments by FINESS number, those that are known; one statement."""
    statement = select(Establishment.finess, Establishment.id).where(Establishment.finess.in_(numbers))
    return dict(session.execute(statement).all())
