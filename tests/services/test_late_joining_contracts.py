"""Who joins a lot under contract may order on it at once, at the contract's price and within the ceiling it signed."""
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from marketplace.platform.errors import RuleBroken
from tenders.contracts.models import ContractMember
from tenders.demand.joining.models import LateJoining
from tenders.demand.joining.services import join_late
from tenders.demand.services import undo_closing
from tests.factories.contracts import contract_on, decided_lot, running_vehicle
from tests.factories.demand import assert_totals_are_true, clinic


@pytest.fixture(autouse=True)
def in_app(app, session):
    with app.app_context():
        yield


def test_a_latecomer_is_entitled_at_the_contracts_price(session: Session) -> None:
    decided = decided_lot(vehicle_id=running_vehicle(regime="private", allows_late_joining=True).id)
    contract = contract_on(decided).contract
    site, actor = clinic()
    join_late(actor, decided.lot.id, site.id, quantity=50)
    member = session.get_one(ContractMember, (contract.id, site.id), populate_existing=True)
    others = session.get_one(ContractMember, (contract.id, decided.members[0][0].id))
    assert (member.committed_quantity, member.unit_price, member.until) == (50, others.unit_price, None)
    assert_totals_are_true(session)


def test_a_closing_that_somebody_joined_since_cannot_be_taken_back(session: Session) -> None:
    decided = decided_lot(vehicle_id=running_vehicle(regime="private", allows_late_joining=True).id)
    site, actor = clinic()
    join_late(actor, decided.lot.id, site.id, quantity=50)
    with pytest.raises(RuleBroken) as refused:
        undo_closing(decided.centre, decided.lot.id, reason="Une erreur de date.")
    assert refused.value.code == "closing_relied_upon"


def test_a_price_above_the_signed_ceiling_refuses_the_whole_joining(session: Session) -> None:
    decided = decided_lot(vehicle_id=running_vehicle(regime="private", allows_late_joining=True).id)
    contract = contract_on(decided).contract
    site, actor = clinic()
    with pytest.raises(RuleBroken) as refused:
        join_late(actor, decided.lot.id, site.id, quantity=50, price_ceiling=Decimal("0.10"))
    assert refused.value.code == "contract_price_above_ceiling"
    session.expire_all()
    assert session.get(LateJoining, (decided.lot.id, site.id)) is None
    assert session.get(ContractMember, (contract.id, site.id)) is None
    assert_totals_are_true(session)
