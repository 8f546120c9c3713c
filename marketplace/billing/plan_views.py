"""What a provider reads about its plan: what it is on, until when, and what happens when it is not paid."""
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.billing import queries
from marketplace.billing.models import BillingCustomer, Checkout, ListingPlan, ListingSubscription
from marketplace.billing.subscribing import find_running
from marketplace.platform import clock
from marketplace.platform.permissions import Actor, Seat, allowed


@dataclass(frozen=True)
class PlanView:
    """One provider organisation and its plan today; `plan` is None once no free plan is offered."""

    seat: Seat
    plan: ListingPlan | None
    running: ListingSubscription | None
    wanted: ListingPlan | None
    owed: ListingSubscription | None
    is_listed: bool
    page: Checkout | None
    has_account: bool
    may_choose: bool

    @property
    def state(self) -> str:
        """Where the payment stands, in one word."""
        if self.owed is not None:
            return "grace" if self.is_listed else "hidden"
        if self.running is None:
            return "free" if self.is_listed else "none"
        return "ending" if self.running.ends_at is not None else "paid"

    @property
    def hidden_from(self) -> datetime | None:
        """When what is unpaid hides the listing."""
        return self.owed.hidden_from if self.owed is not None else None


def plan_views(session: Session, actor: Actor) -> list[PlanView]:
    """The plan of each provider organisation in which the actor sits."""
    plans = {plan.code: plan for plan in session.scalars(select(ListingPlan))}
    return [_view(session, actor, seat, plans) for seat in actor.seats if seat.kind == "provider"]


def _view(session: Session, actor: Actor, seat: Seat, plans: dict[str, ListingPlan]) -> PlanView:
    own = seat.organisation_id
    running = find_running(session, own)
    unpaid = select(ListingSubscription).where(
        ListingSubscription.organisation_id == own, ListingSubscription.unpaid_since.is_not(None)
    )
    page = select(Checkout).where(
        Checkout.organisation_id == own, Checkout.purpose == "plan", Checkout.ended_at.is_(None)
    )
    account = session.get(BillingCustomer, own)
    free = next((plan for plan in queries.list_plans(session) if plan.monthly_amount == 0), None)
    return PlanView(
        seat=seat, plan=plans[running.plan_code] if running is not None else free, running=running,
        wanted=plans[running.wanted_plan] if running is not None and running.wanted_plan else None,
        owed=session.scalars(unpaid.order_by(ListingSubscription.hidden_from).limit(1)).one_or_none(),
        is_listed=queries.is_listed(session, own, clock.now()), page=session.scalars(page).one_or_none(),
        has_account=account is not None and account.stripe_id is not None,
        may_choose=allowed(actor, "plan.choose", own=own),
    )  # fmt: skip
