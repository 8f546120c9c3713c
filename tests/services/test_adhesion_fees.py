"""What an adhesion costs: as signed, from the signature on, each year once, whoever ends it and adheres again."""
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from marketplace.billing.models import Charge
from marketplace.platform import clock
from tenders.contracts.adhesions.fees import charge_due_memberships
from tenders.contracts.adhesions.models import Adhesion
from tenders.contracts.adhesions.queries import convention_for
from tenders.contracts.adhesions.services import adhere, end_adhesion
from tenders.contracts.rules.yearly import year_begins
from tests.factories.contracts import running_vehicle
from tests.factories.demand import clinic


@pytest.fixture(autouse=True)
def in_app(app, session):
    with app.app_context():
        yield


@pytest.fixture
def joined(session):
    """A vehicle whose adherents pay 600 € a year, and a clinic that signed its convention today."""

    class Joined:
        vehicle = running_vehicle(membership_fee=Decimal("600.00"))

        def __init__(self):
            self.site, self.actor = clinic()
            self.adhesion = self.signs()

        def signs(self) -> Adhesion:
            sha256 = convention_for(session, self.vehicle, self.site.organisation_id).sha256
            return adhere(self.actor, self.vehicle.id, self.site.organisation_id, convention_sha256=sha256)[0]

        @property
        def due(self) -> list[date]:
            return list(session.scalars(select(Charge.due_on).order_by(Charge.due_on)))

    return Joined()


def on(day: date):
    return clock.frozen_at(datetime.combine(day, time(12), clock.PARIS))


def charge_until(day: date) -> int:
    with on(day):
        return charge_due_memberships(clock.now())


def test_the_first_year_is_owed_with_the_signature_under_the_amount_that_was_read(session, joined):
    charge = session.scalars(select(Charge)).one()
    assert (charge.kind, charge.amount, charge.due_on) == ("membership", Decimal("600.00"), clock.today())
    assert (charge.payer_organisation_id, charge.payee_organisation_id) == (
        joined.site.organisation_id, joined.vehicle.organisation_id,
    )  # fmt: skip
    assert "600,00\N{NO-BREAK SPACE}€ HT par an, soit 720,00\N{NO-BREAK SPACE}€ TTC" in joined.adhesion.convention_text
    joined.signs()
    assert len(joined.due) == 1


def test_each_year_follows_on_its_day_and_is_caught_up_after_a_long_night(joined):
    today = clock.today()
    assert charge_until(year_begins(today, 2) - timedelta(days=1)) == 0
    assert charge_until(year_begins(today, 3)) == 2
    assert charge_until(year_begins(today, 2)) == 0
    assert joined.due == [year_begins(today, year) for year in (1, 2, 3)]


def test_nothing_is_owed_after_the_vehicle(joined):
    ends = joined.vehicle.ends_on
    charge_until(ends + timedelta(days=1500))
    assert joined.due[-1] <= ends and len(joined.due) == len(set(joined.due))


def test_a_year_that_began_before_the_end_is_owed_and_none_after(joined):
    second = year_begins(clock.today(), 2)
    with on(second + timedelta(days=30)):
        end_adhesion(joined.actor, joined.adhesion.id, "Fusion")
    assert charge_until(second + timedelta(days=900)) == 0
    assert joined.due == [clock.today(), second]


def test_who_adheres_again_in_a_year_already_owed_does_not_owe_it_twice(joined):
    today, later = clock.today(), clock.today() + timedelta(days=60)
    with on(later):
        end_adhesion(joined.actor, joined.adhesion.id, "Erreur")
        again = joined.signs()
    assert (again.fee_since, again.next_fee_on) == (today, year_begins(today, 2))
    assert joined.due == [today]
    assert charge_until(year_begins(today, 2)) == 1


def test_who_adheres_again_after_a_year_away_begins_a_new_one(joined):
    back = clock.today() + timedelta(days=700)
    with on(clock.today() + timedelta(days=60)):
        end_adhesion(joined.actor, joined.adhesion.id, "Erreur")
    with on(back):
        again = joined.signs()
    assert again.fee_since == back and joined.due[-1] == back


def test_without_a_fee_adhering_costs_nothing_and_says_so(session):
    vehicle, (site, actor) = running_vehicle(), clinic()
    convention = convention_for(session, vehicle, site.organisation_id)
    assert "adhérer ne coûte rien" in convention.text and convention.yearly_fee is None
    adhere(actor, vehicle.id, site.organisation_id, convention_sha256=convention.sha256)
    assert session.scalars(select(Charge)).all() == []


def test_a_cancelled_vehicle_asks_nothing_more(session, joined):
    joined.vehicle.cancelled_at, joined.vehicle.cancellation_reason = clock.now(), "Abandon"
    session.commit()
    assert charge_until(year_begins(clock.today(), 3)) == 0


@pytest.mark.parametrize("change", ["yearly_fee = 1", "fee_since = fee_since - 1"])
def test_what_was_signed_to_be_paid_never_changes(session, joined, change):
    assert joined.adhesion.yearly_fee == 600
    with pytest.raises(IntegrityError, match="what was signed does not change"):
        session.execute(text(f"UPDATE adhesions SET {change}"))
