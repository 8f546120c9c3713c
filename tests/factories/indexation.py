"""Revisions of contracts for tests, written row by row."""
from decimal import Decimal
from typing import Any

import factory

from marketplace.platform import clock
from marketplace.platform.database import new_id
from tenders.contracts.indexation.models import ContractFormula, ContractIndex, ContractRevision
from tenders.contracts.models import Contract
from tests.factories.base import Factory


class ContractIndexFactory(Factory):
    """A published value of a fictitious index; give organisation_id."""

    class Meta:
        model = ContractIndex

    id = factory.LazyFunction(new_id)
    code = "FICTIF"
    month = factory.LazyFunction(lambda: clock.today().replace(day=1))
    value = Decimal("105")
    source = "Essai"


class ContractFormulaFactory(Factory):
    """A formula that follows the index entirely; give contract_id."""

    class Meta:
        model = ContractFormula

    index_code = "FICTIF"
    base_month = factory.LazyFunction(lambda: clock.today().replace(day=1))
    base_value = Decimal("100")
    fixed_share = Decimal("0")
    indexed_share = Decimal("1")
    interval_months = 12


class ContractRevisionFactory(Factory):
    """A revision in force from today; give contract_id, index_id."""

    class Meta:
        model = ContractRevision

    number = 1
    effective_on = factory.LazyFunction(clock.today)
    factor = Decimal("1.05")
    evidence = factory.LazyFunction(dict)


def revised(contract: Contract, factor: Decimal, **columns: Any) -> ContractRevision:
    """The prices of a contract multiplied from today on."""
    ContractFormulaFactory(contract_id=contract.id)
    index = ContractIndexFactory(organisation_id=contract.organisation_id, value=100 * factor)
    return ContractRevisionFactory(contract_id=contract.id, index_id=index.id, factor=factor, **columns)
