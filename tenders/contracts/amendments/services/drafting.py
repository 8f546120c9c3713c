"""Use cases: prepare an amendment of a contract, withdraw a draft."""
from uuid import UUID

from sqlalchemy import select

from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.permissions import Actor, require
from tenders.contracts.amendments import queries
from tenders.contracts.amendments.examining import examine, standing_of, worth_of_change
from tenders.contracts.amendments.models import Amendment
from tenders.contracts.amendments.rules.changes import changes_of
from tenders.contracts.amendments.rules.effects import check_basis, check_open
from tenders.contracts.amendments.rules.wanted import Draft, check_written, wanted_of
from tenders.contracts.amendments.steps import lock_current
from tenders.contracts.queries import get_contract


def prepare_amendment(actor: Actor, contract_id: UUID, draft: Draft) -> Amendment:
    """Write a draft: nothing of the contract changes before it is signed. Drafts are not edited: withdraw, write another.

    BadInput by field; RuleBroken `amendment_changes_nothing` and those of rules/effects.py, `contract_outside_vehicle`,
    `contract_duration_needs_reason`, `buyers_listed_before_publication`, `grid_*`.
    """
    with transaction() as session:
        contract = get_contract(session, actor, contract_id)
        require(actor, "amendment.prepare", centre=contract.organisation_id)
        check_written(draft)
        check_basis(contract.lot.vehicle.regime, draft.legal_basis)
        wanted = wanted_of(draft)
        contract = lock_current(session, contract_id)
        signed = queries.list_signed(session, contract_id)
        terms = queries.terms_to_amend(session, contract, signed)
        changes = _members_of(wanted) if draft.kind == "members" else changes_of(terms, wanted)
        today = clock.today()
        standing = standing_of(contract, signed, terms)
        examine(session, contract, standing, terms, draft.kind, changes, draft.wanted_on or today, today)
        value = worth_of_change(contract, terms, changes) if draft.value_change is None else draft.value_change
        amendment = Amendment(
            id=new_id(), contract_id=contract_id, kind=draft.kind, changes=changes, value_change=value,
            reason=draft.reason.strip(), legal_basis=draft.legal_basis, wanted_on=draft.wanted_on, drafted_by=actor.user_id,
        )  # fmt: skip
        session.add(amendment)
        session.flush()
        audit.record(
            session, actor, "amendment.drafted", "contract", contract_id, organisation_id=contract.organisation_id,
            after={"amendment_id": amendment.id, "kind": draft.kind, "changes": changes, "value_change": value,
                   "legal_basis": draft.legal_basis},
        )  # fmt: skip
        return amendment


def _members_of(wanted: dict[str, list[str]]) -> dict[str, dict[str, list[str]]]:
    """Who joins was not there before; who leaves is not there after."""
    changes = {"added": {"before": [], "after": wanted["added"]}, "removed": {"before": wanted["removed"], "after": []}}
    return {field: change for field, change in changes.items() if change["before"] or change["after"]}


def withdraw_amendment(actor: Actor, amendment_id: UUID) -> Amendment:
    """Take a draft back before its signature. RuleBroken `amendment_not_a_draft`."""
    with transaction() as session:
        amendment = queries.get_amendment(session, actor, amendment_id)
        require(actor, "amendment.prepare", centre=amendment.contract.organisation_id)
        session.execute(select(Amendment.id).where(Amendment.id == amendment_id).with_for_update())
        session.refresh(amendment)
        check_open(is_signed=amendment.signed_at is not None, is_withdrawn=amendment.withdrawn_at is not None)
        amendment.withdrawn_at, amendment.withdrawn_by = clock.now(), actor.user_id
        session.flush()
        audit.record(
            session, actor, "amendment.withdrawn", "contract", amendment.contract_id,
            organisation_id=amendment.contract.organisation_id, after={"amendment_id": amendment.id, "kind": amendment.kind},
        )  # fmt: skip
        return amendment
