"""Call-offs, desks and consumption as the API says them."""
from typing import Any

from marketplace.platform.i18n import sentence
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.notices import reference_of
from tenders.contracts.ordering.queries.desk import DeskLine

_PLAIN = (
    "id", "number", "contract_id", "lot_id", "establishment_id", "organisation_id", "status", "quantity",
    "accepted_quantity", "unit", "unit_price", "price_period", "periods", "amount", "vat_rate", "amount_incl_vat",
    "starts_on", "delivered_on", "purchase_order_reference", "note", "replaces_id", "placed_at", "approved_at", "sent_at",
    "answered_at", "answer_reason", "delivered_at", "certified_at", "disputed_at", "dispute_reason", "resolved_at",
    "cancelled_at", "version",
)  # fmt: skip


def call_off(order: CallOff) -> dict[str, Any]:
    """One call-off."""
    facts = {name: getattr(order, name) for name in _PLAIN}
    return {
        **facts, "reference": reference_of(order), "holder": order.contract.holder.name, "currency": "EUR",
        "chosen_because": sentence(order.why_this_holder),
    }  # fmt: skip


def desk_line(line: DeskLine) -> dict[str, Any]:
    """One line of a desk, priced at the contract of the best rank."""
    first = line.places[0]
    return {
        "establishment_id": line.site.id, "lot_id": line.lot.id, "lot": line.lot.title,
        "contract_ids": [place.contract.id for place in line.places], "unit": line.contract.unit,
        "unit_price": first.unit_price, "price_period": line.contract.price_period,
        "order_multiple": line.lot.order_multiple, "committed": line.committed, "ordered": line.ordered,
        "commitment_left": line.own_left, "available": line.orderable, "ends_on": line.contract.ends_on,
    }  # fmt: skip
