"""HTML of the two other parties: a holder's order book, and what is consumed of a centre's contracts."""
from uuid import UUID

from flask import render_template

from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import NotAllowed
from marketplace.platform.permissions import require
from tenders.contracts.ordering.notices import reference_of
from tenders.contracts.ordering.queries import consumption, orders
from tenders.demand.envelopes.queries import forecast_of
from tenders.demand.envelopes.rules import say_forecast

bp = page_blueprint("execution", __name__, template_folder="../../templates")

SHARES = (
    ("sent", ("sent",)), ("to_deliver", ("accepted", "partly_accepted")), ("in_question", ("delivered", "disputed")),
    ("over", ("certified", "refused", "cancelled")),
)  # fmt: skip
MOST_LISTED = 200


@bp.get("/carnet-de-commandes")
@guard("call_off.read")
def show_book() -> str:
    """What a holder has to answer, to deliver, and what became of the rest."""
    actor = current_actor()
    if not actor.has_kind("provider"):
        raise NotAllowed("call_off.answer")
    rows = orders.list_recent(db.session(), actor, as_holder=True, limit=MOST_LISTED)
    shares = {name: [order for order in rows if order.status in statuses] for name, statuses in SHARES}
    return render_template("ordering/book.html", shares=shares, reference_of=reference_of, any_order=bool(rows))


@bp.get("/execution")
@guard("consumption.read")
def list_consumption() -> str:
    """The centre's contracts with what was committed, ordered, certified, and what is left."""
    actor = current_actor()
    require(actor, "consumption.read", centre=actor.organisation_ids(kind="purchasing_centre"))
    return render_template("ordering/consumption.html", rows=consumption.list_consumption(db.session(), actor))


@bp.get("/execution/<uuid:contract_id>")
@guard("consumption.read")
def show_consumption(contract_id: UUID) -> str:
    """One contract, member by member, with the date at which its lot's envelope will be used up."""
    actor, session = current_actor(), db.session()
    seen, envelope = consumption.get_consumption(session, actor, contract_id)
    members = consumption.list_member_consumption(session, contract_id)
    return render_template(
        "ordering/contract_consumption.html", seen=seen, contract=seen.contract, members=members,
        unordered=sum(max(0, member.committed - int(member.ordered)) for member in members),
        forecast=say_forecast(forecast_of(session, envelope), seen.contract.ends_on), reference_of=reference_of,
        orders=orders.list_newest_on(session, actor, contract_id),
    )  # fmt: skip
