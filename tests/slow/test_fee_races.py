"""Two schedulers at once, and a scheduler beside somebody who ends or joins: each year is charged once."""
from datetime import datetime, time
from decimal import Decimal

import pytest
from sqlalchemy import select

from marketplace.billing.models import Charge
from marketplace.platform import clock
from tenders.contracts.adhesions.fees import charge_due_memberships
from tenders.contracts.adhesions.queries import convention_for
from tenders.contracts.adhesions.services import adhere, end_adhesion
from tenders.contracts.fees.services import charge_due_years
from tenders.contracts.rules.yearly import year_begins
from tenders.contracts.services import activate_contract
from tests.factories.contracts import contract_on, decided_lot, running_vehicle
from tests.factories.demand import clinic
from tests.slow.test_contract_races import at_once

pytestmark = pytest.mark.slow


def test_two_schedulers_at_once_charge_each_year_of_a_contract_once(real_app, committed):
    decided = decided_lot((300, 300, 200, 200))
    contract = contract_on(
        decided, activated_at=None, fee_kind="flat_yearly", fee_payer="member", fee_value=Decimal(90)
    ).contract
    activate_contract(decided.centre, contract.id)
    third = datetime.combine(year_begins(contract.starts_on, 3), time(12), clock.PARIS)
    assert at_once(real_app, [lambda: charge_due_years(third)] * 6) == ["done"] * 6
    subjects = committed.scalars(select(Charge.subject_id)).all()
    assert len(subjects) == len(set(subjects)) == 4 * 3


def test_two_schedulers_beside_an_end_charge_each_year_of_an_adhesion_once(real_app, committed):
    vehicle, (site, actor) = running_vehicle(membership_fee=Decimal(600)), clinic()
    sha256 = convention_for(committed, vehicle, site.organisation_id).sha256
    adhesion, _is_new = adhere(actor, vehicle.id, site.organisation_id, convention_sha256=sha256)
    third = datetime.combine(year_begins(clock.today(), 3), time(12), clock.PARIS)

    def ends() -> None:
        with clock.frozen_at(third):
            end_adhesion(actor, adhesion.id, "Fusion")

    said = at_once(real_app, [lambda: charge_due_memberships(third)] * 4 + [ends])
    assert said == ["done"] * 5
    owed = committed.scalars(select(Charge.due_on).order_by(Charge.due_on)).all()
    assert owed == [year_begins(clock.today(), year) for year in (1, 2, 3)]
