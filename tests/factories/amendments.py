"""Amendments for tests, by the use cases: contracts under either law, drafts, and versions signed on a fictitious PDF."""
from typing import Any

from marketplace.platform import clock
from marketplace.platform.files import read_upload
from tenders.contracts.amendments.models import Amendment
from tenders.contracts.amendments.rules.wanted import Draft
from tenders.contracts.amendments.services import prepare_amendment, sign_amendment
from tests.factories.contracts import ActiveContract, contract_on, decided_lot, running_vehicle

PAPER = read_upload("avenant.pdf", b"%PDF-1.7 fictif")


def contract_under(regime: str = "private", **columns: Any) -> ActiveContract:
    """An activated contract of 600 and 400 endpoints at 5,00 € a month, at most 2 000, on a vehicle of that regime."""
    vehicle = {name: columns.pop(name) for name in ("allows_late_joining",) if name in columns}
    return contract_on(decided_lot(vehicle_id=running_vehicle(regime=regime, **vehicle).id), **columns)


def drafted(running: ActiveContract, kind: str = "maximum", **given: Any) -> Amendment:
    """A draft, on the usual basis of the contract's regime."""
    private = running.lot.vehicle.regime == "private"
    usual = {"reason": "Besoin nouveau.", "legal_basis": "mutual_agreement" if private else "low_value"}
    return prepare_amendment(running.centre, running.contract.id, Draft(kind, **{**usual, **given}))


def signed(running: ActiveContract, kind: str = "maximum", *, acknowledgement: str | None = None, **given: Any) -> Amendment:
    """A version of the contract, signed today."""
    draft = drafted(running, kind, **given)
    return sign_amendment(running.centre, draft.id, PAPER, clock.today(), acknowledgement=acknowledgement)
