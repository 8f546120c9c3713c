"""A provider pays to be listed: one page, one plan, a change with proration, hidden after its grace and back once paid."""
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from marketplace.accounts.models import Organisation
from marketplace.billing import queries, reconciling, subscribing
from marketplace.billing.listing import is_visible
from marketplace.billing.models import Checkout, ListingPlan, ListingSubscription, Reconciliation
from marketplace.billing.webhook import receive_event
from marketplace.platform import clock, outbox
from marketplace.platform.database import new_id
from marketplace.platform.errors import NotFound, RuleBroken
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.base import refreshed

START = datetime(2027, 3, 1, 9, tzinfo=UTC)
GRACE = timedelta(days=14)


@pytest.fixture
def vendor(app, session, payment_on, actor_for):
    """A provider that subscribes, and time that the test moves."""

    class Vendor:
        stripe = payment_on
        home = OrganisationFactory(kind="provider")
        now = START

        def __init__(self):
            self.user = user_in(self.home)
            self.actor = actor_for(self.user)
            self.stripe.clock = lambda: self.now.timestamp()

        def choose(self, plan):
            with clock.frozen_at(self.now):
                return subscribing.choose_plan(self.actor, self.home.id, plan)

        def run(self, **later):
            self.now += timedelta(**later)
            with clock.frozen_at(self.now):
                for _round in range(2):
                    outbox.dispatch_due()
                    while self.stripe.outgoing:
                        receive_event(self.stripe.outgoing.pop(0))
            session.expire_all()

        def subscribes(self, plan="supporter"):
            page = self.choose(plan)
            self.run(seconds=5)
            self.stripe.complete_checkout(refreshed(page).stripe_id)
            self.run(seconds=5)
            return self.running

        @property
        def running(self):
            return session.scalars(select(ListingSubscription)).one()

        def is_listed(self, **later):
            at = self.now + timedelta(**later)
            twin = select(Organisation.id).where(Organisation.id == self.home.id, is_visible("organisations.id", at))
            both = {queries.is_listed(session, self.home.id, at), session.scalar(twin) is not None}
            assert len(both) == 1, "the rule and its SQL twin disagree"
            return both.pop()

    return Vendor()


def test_a_plan_is_paid_on_stripes_page_and_runs(vendor):
    running = vendor.subscribes()
    assert (running.plan_code, running.unpaid_since) == ("supporter", None)
    assert [each["amount"] for each in vendor.stripe.payments] == [5880]
    assert vendor.is_listed()


def test_asked_twice_there_is_one_page(vendor, session):
    assert vendor.choose("supporter").id == vendor.choose("supporter").id
    assert session.scalar(select(func.count()).select_from(Checkout)) == 1


def test_another_wish_closes_the_page_before(vendor):
    first = vendor.choose("supporter")
    vendor.run(seconds=5)
    second = vendor.choose("partner")
    vendor.run(seconds=5)
    pages = {each["id"]: each["status"] for each in vendor.stripe.all("checkout.session")}
    assert pages[refreshed(first).stripe_id] == "expired"
    assert pages[refreshed(second).stripe_id] == "open"


def test_a_page_paid_meanwhile_is_the_plan_and_no_other_is_opened(vendor):
    first = vendor.choose("supporter")
    vendor.run(seconds=5)
    vendor.stripe.complete_checkout(refreshed(first).stripe_id)
    vendor.choose("partner")
    vendor.run(seconds=5)
    assert vendor.running.plan_code == "supporter"
    assert len(vendor.stripe.all("checkout.session")) == 1


def test_while_a_plan_is_being_set_up_no_other_page_is_opened(vendor, session):
    vendor.subscribes()
    session.execute(delete(ListingSubscription))
    session.commit()
    with pytest.raises(RuleBroken) as refused:
        vendor.choose("partner")
    assert refused.value.code == "plan_being_started"


def test_a_change_of_plan_counts_what_is_left_of_the_month(vendor):
    running = vendor.subscribes()
    vendor.run(days=15)
    assert vendor.choose("partner") is None
    with pytest.raises(RuleBroken) as refused:
        vendor.choose("partner")
    assert refused.value.code == "plan_is_current"
    vendor.run(seconds=5)
    assert (vendor.running.plan_code, vendor.running.wanted_plan) == ("partner", None)
    vendor.stripe.renew(running.stripe_id)
    half = round((17880 - 5880) * 0.5)
    assert vendor.stripe.payments[-1]["amount"] == pytest.approx(17880 + half, abs=2)


def test_unpaid_hides_after_the_grace_period_and_payment_brings_back(vendor, session):
    running = vendor.subscribes()
    vendor.run(days=30)
    vendor.stripe.renew(running.stripe_id, pays=False)
    vendor.run(seconds=5)
    assert vendor.is_listed(days=13) and not vendor.is_listed(days=14)
    vendor.run(days=20)
    vendor.stripe.catch_up(running.stripe_id)
    vendor.run(seconds=5)
    assert vendor.is_listed()


def test_leaving_without_paying_hides_until_it_is_paid(vendor):
    running = vendor.subscribes()
    vendor.run(days=30)
    vendor.stripe.renew(running.stripe_id, pays=False)
    vendor.run(days=1)
    vendor.stripe.end_subscription(running.stripe_id)
    vendor.run(days=20)
    assert vendor.running.ended_at is not None and not vendor.is_listed()
    vendor.stripe.catch_up(running.stripe_id)
    vendor.run(seconds=5)
    assert vendor.is_listed()


def test_only_a_signer_of_the_provider_chooses(vendor, actor_for):
    stranger = actor_for(user_in(kind="provider"))
    with pytest.raises(NotFound):
        subscribing.choose_plan(stranger, vendor.home.id, "supporter")
    for plan in ("free", "no such plan"):
        with pytest.raises(RuleBroken) as refused:
            vendor.choose(plan)
        assert refused.value.code == "plan_not_offered"


def test_when_the_free_plan_is_retired_only_paid_plans_are_listed(vendor, session):
    session.get_one(ListingPlan, "free").retired_on = START.date()
    session.commit()
    assert vendor.is_listed() and not vendor.is_listed(days=1)
    vendor.subscribes()
    assert vendor.is_listed(days=1)


days = st.none() | st.integers(-30, 30)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(terms=st.lists(st.tuples(st.integers(-30, 30), days, days), max_size=3), retired=days)
def test_the_rule_and_its_sql_twin_always_agree(vendor, session, terms, retired):
    session.execute(delete(ListingSubscription))
    free = session.get_one(ListingPlan, "free")
    free.retired_on = None if retired is None else START.date() + timedelta(days=retired)
    for number, (started, hidden, ended) in enumerate(terms):
        at = START + timedelta(days=started)
        late = None if hidden is None else START + timedelta(days=hidden)
        session.add(ListingSubscription(
            id=new_id(), organisation_id=vendor.home.id, plan_code="supporter", stripe_id=f"sub_{number}",
            stripe_status="active", stripe_as_of=at, started_at=at, unpaid_since=late, hidden_from=late,
            ended_at=at if ended is None and number else None if ended is None else START + timedelta(days=ended),
        ))  # fmt: skip
        if ended is None and number == 0:
            break
    session.flush()
    assert vendor.is_listed() in (True, False)


def test_a_lost_webhook_is_taken_over_by_the_days_comparison_and_reported_once(vendor, session):
    running = vendor.subscribes()
    vendor.run(days=30)
    vendor.stripe.renew(running.stripe_id, pays=False)
    vendor.stripe.outgoing.clear()
    with clock.frozen_at(vendor.now):
        assert reconciling.start_reconciliation(vendor.now) == 1
        assert reconciling.start_reconciliation(vendor.now) == 0
    vendor.run(seconds=1)
    report = session.get_one(Reconciliation, date(2027, 3, 31))
    assert [(each["fact"], each["ours"], each["theirs"], each["taken_over"]) for each in report.differences] == [
        ("status", "active", "past_due", True)
    ]
    assert vendor.running.unpaid_since is not None
    vendor.now += timedelta(days=1)
    with clock.frozen_at(vendor.now):
        reconciling.start_reconciliation(vendor.now)
    vendor.run(seconds=1)
    assert session.get_one(Reconciliation, date(2027, 4, 1)).differences == []
