"""Use case of a purchasing centre: correct a ledger by another entry, with its reason."""
from uuid import UUID

from marketplace.platform import audit
from marketplace.platform.database import transaction
from marketplace.platform.errors import N_, BadInput, StaleVersion
from marketplace.platform.permissions import Actor, require
from tenders.demand.envelopes.booking import book, lock_ledger
from tenders.demand.envelopes.queries import get_envelope
from tenders.vehicles import queries as vehicles


def adjust_envelope(
    actor: Actor, lot_id: UUID, *, quantity: int, note: str, expected_version: int | None = None
) -> int:  # fmt: skip
    """Correct what is engaged on a lot by `quantity` units, more or less; the number of the entry.

    `expected_version`: the last entry the caller saw, StaleVersion when another came since. BadInput without a quantity
    or a reason; RuleBroken `envelope_exhausted`, `envelope_below_zero`.
    """
    with transaction() as session:
        lot = vehicles.get_lot(session, actor, lot_id)
        require(actor, "envelope.adjust", centre=lot.vehicle.organisation_id)
        get_envelope(session, lot_id)
        envelope = lock_ledger(session, lot_id)
        if expected_version is not None and envelope.entries != expected_version:
            raise StaleVersion(envelope.entries)
        errors = {}
        if quantity == 0:
            errors["quantity"] = [N_("Donnez une quantité, positive ou négative.")]
        if not note.strip():
            errors["note"] = [N_("Écrivez la raison de cette correction.")]
        if errors:
            raise BadInput(errors)
        number = book(
            session, lot_id, "adjusted", quantity, reason="correction", note=note.strip(), by=actor.user_id
        )
        audit.record(
            session, actor, "envelope.adjusted", "lot", lot_id, organisation_id=lot.vehicle.organisation_id,
            after={"entry": number, "quantity": quantity, "note": note.strip()},
        )  # fmt: skip
        return number
