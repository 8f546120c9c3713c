"""Who joins a lot under contract may order on it at once, at the contract's price and within the ceiling it signed."""
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from marketplace.platform import clock
from marketplace.platform.errors import RuleBroken
from tenders.contracts.models import ContractMember
from tenders.demand.joining.models import LateJoining
from tenders.demand.joining.services import join_late
from tenders.demand.services import undo_closing
from tests.factories.amendments import contract_under, signed
from tests.factories.contracts import contract_on, decided_lot, running_vehicle
from tests.factories.demand import assert_totals_are_true, clinic
from tests.services.test_amendments import DEARER


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


def test_a_latecomer_joins_at_the_price_of_the_day_whether_or_not_the_scheduler_came(session: Session, files_folder) -> None:
    running = contract_under("private", allows_late_joining=True)
    signed(running, "prices", grid=DEARER, wanted_on=clock.today() + timedelta(days=3), acknowledgement="Accord des membres.")
    site, actor = clinic()
    with clock.frozen_at(clock.now() + timedelta(days=3)):
        with pytest.raises(RuleBroken) as refused:
            join_late(actor, running.lot.id, site.id, quantity=50, price_ceiling=Decimal("7.49"))
        assert refused.value.code == "contract_price_above_ceiling"
        join_late(actor, running.lot.id, site.id, quantity=50, price_ceiling=Decimal("7.50"))
    member = session.get_one(ContractMember, (running.contract.id, site.id), populate_existing=True)
    assert member.unit_price == Decimal("7.5000")


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
