"""Use cases of indexation: enter an index value, set a contract's formula, revise its prices."""
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import N_, BadInput, NotFound, RuleBroken
from marketplace.platform.permissions import Actor, require
from tenders.contracts.amendments.queries import find_coming_formula
from tenders.contracts.amendments.steps import lock_current
from tenders.contracts.indexation import notices, queries
from tenders.contracts.indexation.models import ContractFormula, ContractIndex, ContractRevision
from tenders.contracts.indexation.rules import (
    Formula,
    check_before_new_formula,
    check_can_revise,
    check_formula,
    check_revisable,
    revised_factor,
)
from tenders.contracts.models import Contract
from tenders.contracts.queries import get_contract, lock_contract
from tenders.contracts.rules.ending import last_day_of


def enter_index(
    actor: Actor, organisation_id: UUID, *, code: str, month: date, value: Decimal, source: str
) -> ContractIndex:
    """Enter a published value, for one's centre or, as the platform, for all; again, it corrects. BadInput."""
    with transaction() as session:
        if organisation_id not in actor.organisation_ids():
            raise NotFound("organisation")
        require(actor, "index.enter", centre=organisation_id)
        errors = {}
        if value <= 0:
            errors["value"] = [N_("Écrivez la valeur publiée, plus grande que 0.")]
        if not source.strip():
            errors["source"] = [N_("Écrivez où cette valeur est publiée : chacun doit pouvoir la vérifier.")]
        if not code.strip():
            errors["code"] = [N_("Écrivez le code de l'indice, par exemple SYNTEC.")]
        if errors:
            raise BadInput(errors)
        entered = ContractIndex(
            id=new_id(), organisation_id=organisation_id, code=code.strip(), month=month.replace(day=1), value=value,
            source=source.strip(), entered_by=actor.user_id,
        )  # fmt: skip
        session.add(entered)
        session.flush()
        audit.record(
            session, actor, "index.entered", "contract_index", entered.id, organisation_id=organisation_id,
            after={"code": entered.code, "month": entered.month, "value": value, "source": entered.source},
        )  # fmt: skip
        return entered


def set_formula(
    actor: Actor, contract_id: UUID, *, index_code: str, base_month: date, base_value: Decimal, fixed_share: Decimal,
    indexed_share: Decimal, interval_months: int,
) -> ContractFormula:  # fmt: skip
    """Freeze how a contract's prices follow an index. RuleBroken `formula_frozen` once set or activated; BadInput."""
    with transaction() as session:
        contract = get_contract(session, actor, contract_id)
        require(actor, "contract.index", centre=contract.organisation_id)
        check_formula(Formula(base_value, fixed_share, indexed_share, interval_months))
        contract = lock_contract(session, contract_id)
        if contract.status != "concluded" or queries.find_formula(session, contract_id) is not None:
            raise RuleBroken(
                "formula_frozen",
                "La formule d'indexation se fixe une fois, entre la conclusion du contrat et son activation.",
            )
        formula = ContractFormula(
            contract_id=contract_id, index_code=index_code.strip(), base_month=base_month.replace(day=1),
            base_value=base_value, fixed_share=fixed_share, indexed_share=indexed_share, interval_months=interval_months,
            set_by=actor.user_id,
        )  # fmt: skip
        session.add(formula)
        session.flush()
        audit.record(
            session, actor, "contract.formula_set", "contract", contract_id, organisation_id=contract.organisation_id,
            after={"index_code": formula.index_code, "base_month": formula.base_month, "base_value": base_value,
                   "fixed_share": fixed_share, "indexed_share": indexed_share, "interval_months": interval_months},
        )  # fmt: skip
        return formula


def revise(actor: Actor, contract_id: UUID, *, month: date, effective_on: date) -> ContractRevision:
    """Revise a contract's prices on the index value of a month, from a day on.

    RuleBroken `contract_without_formula`, `index_value_missing`, `revision_in_the_past`, `revision_too_early`,
    `revision_of_ended_contract`, `formula_changes_before` when a signed amendment replaces the formula by then.
    """
    with transaction() as session:
        contract = get_contract(session, actor, contract_id)
        require(actor, "contract.index", centre=contract.organisation_id)
        contract = lock_current(session, contract_id)
        kept = queries.find_formula(session, contract_id)
        if kept is None:
            raise RuleBroken("contract_without_formula", "Les prix de ce contrat sont fermes : il n'a pas de formule.")
        formula = Formula(kept.base_value, kept.fixed_share, kept.indexed_share, kept.interval_months)
        before = queries.list_revisions(session, contract_id)
        _check_day(session, contract, kept, before, formula, effective_on)
        known = {each.month: each for each in queries.values_for(session, contract.organisation_id, kept.index_code)}
        index = known.get(month.replace(day=1))
        if index is None:
            raise RuleBroken(
                "index_value_missing", "La valeur de l'indice {index} pour ce mois n'est pas saisie : saisissez-la d'abord.",
                field="month", index=kept.index_code,
            )  # fmt: skip
        evidence = {"code": index.code, "month": index.month.isoformat(), "value": str(index.value), "source": index.source,
                    "base_value": str(kept.base_value)}  # fmt: skip
        revision = ContractRevision(
            contract_id=contract_id, number=len(before) + 1, formula_number=kept.number, effective_on=effective_on,
            index_id=index.id, factor=revised_factor(formula, index.value, kept.carried), evidence=evidence,
            decided_by=actor.user_id,
        )  # fmt: skip
        session.add(revision)
        session.flush()
        audit.record(
            session, actor, "contract.revised", "contract", contract_id, organisation_id=contract.organisation_id,
            after={"effective_on": effective_on, "factor": revision.factor, **evidence},
        )  # fmt: skip
        notices.revised(session, contract, revision, index)
        return revision


def _check_day(
    session: Session, contract: Contract, kept: ContractFormula, before: list[ContractRevision], formula: Formula,
    effective_on: date,
) -> None:  # fmt: skip
    """When this revision may take effect: while the contract runs, after the last one, under the formula of that day."""
    days = [each.effective_on for each in before] + [kept.since or contract.starts_on]
    check_revisable(contract.status, effective_on, last_day_of(contract.ends_on, contract.terminated_on))
    check_can_revise(formula, max(days), effective_on, clock.today())
    check_before_new_formula(effective_on, find_coming_formula(session, contract))
