"""Steps that hold an amendment against its contract: what it may change on its day, its worth, the warnings it meets."""
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from marketplace.platform.errors import N_, BadInput, NotFound, Sentence
from tenders.contracts.amendments import queries
from tenders.contracts.amendments.models import Amendment
from tenders.contracts.amendments.rules import effects
from tenders.contracts.amendments.rules.changes import initial_terms, project
from tenders.contracts.amendments.rules.thresholds import Weighed, value_between, weigh, worth_of
from tenders.contracts.indexation.queries import factors_on, list_revisions
from tenders.contracts.indexation.rules import UNREVISED
from tenders.contracts.models import Contract, ContractMember
from tenders.contracts.ordering.queries.desk import ordered_by_member
from tenders.contracts.ordering.rules.pricing import indexed
from tenders.contracts.queries import find_contract_member, list_contract_members, regions_of
from tenders.contracts.rules.conclusion import check_days
from tenders.contracts.rules.ending import last_day_of
from tenders.contracts.rules.frozen_prices import thaw_grid
from tenders.contracts.settlement.queries import consumed_by_member
from tenders.demand.joining.rules import check_takes_newcomers
from tenders.demand.words import unit_of

Changes = Mapping[str, Mapping[str, Any]]


def standing_of(contract: Contract, signed: Sequence[Amendment], terms: Mapping[str, Any]) -> effects.Standing:
    """The contract as the rules of amendments read it; `terms` once everything signed is in force."""
    return effects.Standing(
        status=contract.status,
        ends_on=last_day_of(date.fromisoformat(terms["ends_on"]), contract.terminated_on),
        ordered_quantity=contract.ordered_quantity,
        ordered_amount=contract.ordered_amount,
        unit=unit_of(contract.unit, contract.ordered_quantity),
        last_effect=signed[-1].effective_on if signed else None,
        regime=contract.lot.vehicle.regime,
    )


def examine(
    session: Session, contract: Contract, standing: effects.Standing, terms: dict[str, Any], kind: str, changes: Changes,
    effective_on: date, today: date,
) -> None:  # fmt: skip
    """Step: refuse what this amendment may not change on that day. RuleBroken as rules/effects.py, BadInput, NotFound."""
    effects.check_amendable(standing)
    effects.check_effect(standing, effective_on, today)
    after = project(terms, [changes])
    if kind == "maximum":
        effects.check_maximum(standing, terms, after, effective_on, today)
    elif kind == "minimum":
        effects.check_bounds(after)
    elif kind == "term":
        _check_term(contract, after, effective_on)
    elif kind == "members":
        _check_members(session, contract, changes, effective_on, today)
    elif kind == "indexation":
        revisions = list_revisions(session, contract.id)
        effects.check_formula_effect(effective_on, revisions[-1].effective_on if revisions else None)


def _check_term(contract: Contract, after: Mapping[str, Any], effective_on: date) -> None:
    ends_on = date.fromisoformat(after["ends_on"])
    effects.check_new_term(ends_on, effective_on)
    vehicle = contract.lot.vehicle
    check_days(
        (contract.starts_on, ends_on), (vehicle.starts_on, vehicle.ends_on), contract.maximum_duration_months,
        after["duration_reason"],
    )  # fmt: skip


def _check_members(session: Session, contract: Contract, changes: Changes, effective_on: date, today: date) -> None:
    added = [UUID(each) for each in changes.get("added", {}).get("after", [])]
    removed = [UUID(each) for each in changes.get("removed", {}).get("before", [])]
    if added:
        vehicle = contract.lot.vehicle
        check_takes_newcomers(vehicle.regime, allows_late_joining=vehicle.allows_late_joining)
    for establishment_id in added:
        if session.get(Establishment, establishment_id) is None:
            raise NotFound("establishment")
        if _may_order(find_contract_member(session, contract.id, establishment_id), today):
            raise BadInput({"added": [N_("Un de ces établissements est déjà membre du contrat : retirez-le de la liste.")]})
    names, ordered = queries.names_of(session, removed), ordered_by_member(session, [contract.id])
    consumed = consumed_by_member(session, contract.id)
    for establishment_id in removed:
        member = find_contract_member(session, contract.id, establishment_id)
        if member is None or not _may_order(member, today):
            raise BadInput({"removed": [N_("Un de ces établissements n'est pas membre du contrat : retirez-le de la liste.")]})
        placed, done = ordered.get((contract.id, establishment_id), 0), consumed.get(establishment_id, 0)
        effects.check_leaving(names[establishment_id], member.committed_quantity, placed, done, effective_on, today)


def _may_order(member: ContractMember | None, today: date) -> bool:
    return member is not None and (member.until is None or member.until >= today)


def worth_of_change(contract: Contract, terms: Mapping[str, Any], changes: Changes) -> Decimal:
    """What the changes add to the contract's value or take off it, by the value formula."""
    return value_between(terms, project(terms, [changes]), contract.pooled_quantity, contract.term)


def assess(
    session: Session, contract: Contract, signed: Sequence[Amendment], terms: Mapping[str, Any], *, basis: str,
    value_change: Decimal, changes: Changes, on: date,
) -> Weighed:  # fmt: skip
    """Step: an amendment against the contract's initial value and the thresholds in force on a day; five statements."""
    at_first = initial_terms(terms, [each.changes for each in signed])
    factor = factors_on(session, [contract.id], on).get(contract.id, UNREVISED)
    under_code = contract.lot.vehicle.regime in effects.UNDER_THE_CODE
    weighed = weigh(
        basis, value_change, [(each.legal_basis, each.value_change) for each in signed],
        worth_of(at_first, contract.pooled_quantity, contract.term), factor,
        queries.limits_on(session, on) if under_code else {}, is_works=queries.is_works(session, contract.lot.category_code),
    )  # fmt: skip
    above = _above_ceilings(session, contract, changes, factor) if "grid" in changes else ()
    return weighed.with_warnings(above)


def _above_ceilings(session: Session, contract: Contract, changes: Changes, factor: Decimal) -> Sequence[Sentence]:
    """Members that the new prices would take beyond what they signed up to (domain §4b.4)."""
    grid = thaw_grid(changes["grid"]["after"])
    ids = [member.establishment_id for member in list_contract_members(session, contract.id) if member.until is None]
    ceilings, regions = queries.ceilings_of(session, contract.lot_id, ids), regions_of(session, ids)
    above = sum(
        indexed(contract.unit_price_in(regions[key], grid), factor) > ceiling
        for key, ceiling in ceilings.items()
    )
    return [Sentence("members_above_ceiling", ABOVE_CEILINGS, {"members": above})] if above else []


ABOVE_CEILINGS = N_(
    "Les nouveaux prix dépassent le plafond que {members} membres ont signé : leur engagement ne va pas au-delà de ce plafond."
)
