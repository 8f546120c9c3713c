"""Concluding, signing and activating a contract: who may, on which lot, with which holder, and what is frozen."""
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from catalog.offers.rules import price_for
from marketplace.accounts.queries import get_actor
from marketplace.platform import clock
from marketplace.platform.errors import BadInput, DomainError, NotAllowed, NotFound
from marketplace.platform.files import read_upload
from marketplace.platform.http import conflict_of
from tenders.contracts import queries
from tenders.contracts.models import Contract
from tenders.contracts.services import activate_contract, conclude_contract, sign_contract
from tenders.contracts.services.concluding import Terms
from tenders.contracts.status import DATES, STATUSES
from tenders.contracts.steps import count_call_off, entitle_member
from tenders.demand.envelopes.queries import get_envelope
from tests.factories.accounts import OrganisationFactory, user_in
from tests.factories.base import refreshed
from tests.factories.catalog import hds_certificates
from tests.factories.contracts import (
    DecidedLot,
    active_contract,
    contract_on,
    decided_lot,
    holder_for,
    running_vehicle,
)
from tests.factories.demand import clinic, open_pool

PDF = read_upload("contrat.pdf", b"%PDF-1.7 fictif")


def refused(call: Any, *args: Any, **facts: Any) -> DomainError:
    with pytest.raises(DomainError) as refusal:
        call(*args, **facts)
    return refusal.value


def conflicting(call: Any, *args: Any, **facts: Any) -> str:
    """The code of the Conflict that a constraint stands for."""
    with pytest.raises(IntegrityError) as refusal:
        call(*args, **facts)
    conflict = conflict_of(refusal.value)
    assert conflict is not None
    return conflict.code


def terms_of(decided: DecidedLot, **changes: Any) -> Terms:
    usual = {
        "holder_id": decided.provider.id, "offer_id": decided.offer.id, "reference": "2027-EDR-01",
        "starts_on": clock.today(),
    }  # fmt: skip
    return Terms(**{**usual, **changes})


def conclude(decided: DecidedLot, **changes: Any) -> Contract:
    return conclude_contract(decided.centre, decided.lot.id, terms_of(decided, **changes))


def test_prices_and_members_are_frozen_at_conclusion(session):
    decided = decided_lot((600, 400))
    contract = conclude(decided)
    assert contract.status == "concluded"
    assert (contract.pooled_quantity, contract.minimum_quantity, contract.maximum_quantity) == (1000, 900, 2000)
    assert price_for(contract.price_grid, 1000) == 5000
    members = queries.list_contract_members(session, contract.id)
    assert {(m.establishment_id, m.committed_quantity, m.unit_price) for m in members} == {
        (site.id, quantity, Decimal("5.0000"))
        for (site, _), quantity in zip(decided.members, (600, 400), strict=True)
    }
    (decision,) = queries.list_decisions(session, contract.id)
    assert (decision.kind, decision.evidence["pooled_quantity"]) == ("concluded", 1000)


def test_a_members_price_has_mobilisation_and_its_own_uplift_in_it(session):
    decided = decided_lot((600, 400))
    decided.provider, decided.offer = holder_for(
        ((1, Decimal("6.00")), (500, Decimal("4.00"))), mobilisation_amount=Decimal(3600),
        regional_uplifts={decided.members[0][0].region: "0.25"},
    )  # fmt: skip
    contract = conclude(decided)
    # 4.00 + 3 600 / 1 000 / 36 months = 4.10, and the uplift where it applies.
    for member in queries.list_contract_members(session, contract.id):
        uplift = Decimal("0.25") if member.uplift else Decimal(0)
        assert member.unit_price == Decimal("4.10") + uplift
    assert {member.uplift for member in queries.list_contract_members(session, contract.id)} >= {Decimal("0.25")}


def test_who_accepted_less_leaves_and_the_minimum_is_tested_again(session):
    wishes = [{}, {"maximum_unit_price": Decimal("4.50")}]
    contract = conclude(decided_lot((900, 400), wishes=wishes))
    assert [m.pooled_quantity for m in queries.list_contract_members(session, contract.id)] == [900]
    assert contract.pooled_quantity == 900
    short = decided_lot((600, 400), wishes=wishes)
    refusal = refused(conclude, short)
    assert (refusal.code, refusal.details["left"]) == ("minimum_missed_at_award", 600)


def test_a_lot_that_is_still_open_takes_no_contract(session):
    decided = decided_lot()
    decided.lot = open_pool(vehicle_id=running_vehicle(organisation_id=decided.lot.vehicle.organisation_id).id)
    assert refused(conclude, decided).code == "lot_not_decided"


def test_the_holder_meets_the_lots_requirements_through_the_whole_term(session):
    decided = decided_lot(requirements={"certificates": ["iso27001"], "hds_activities": [5]})
    refusal = refused(conclude, decided)
    assert refusal.code == "holder_not_eligible"
    hds_certificates(decided.provider.id, valid_until=clock.today() + timedelta(days=400))
    assert refused(conclude, decided).code == "holder_not_eligible"
    conclude(decided, ends_on=clock.today() + timedelta(days=390))


def test_an_offer_of_somebody_else_or_without_an_offer(session):
    decided = decided_lot()
    _, other = holder_for()
    assert "offer_id" in refused(conclude, decided, offer_id=other.id).errors
    assert "offer_id" in refused(conclude, decided, offer_id=None).errors


def test_an_award_made_elsewhere_brings_its_own_grid(session):
    decided = decided_lot()
    grid = active_contract().contract.price_grid
    contract = conclude(decided, origin="external_award", offer_id=None, grid=grid)
    assert (contract.origin, contract.offer_id, contract.price_grid) == ("external_award", None, grid)


def test_a_reference_is_the_centres_own(session):
    decided = decided_lot()
    conclude(decided)
    again = decided_lot(vehicle_id=decided.lot.vehicle_id)
    assert conflicting(conclude_contract, decided.centre, again.lot.id, terms_of(again)) == "contract_reference_taken"


def test_a_provider_holds_a_lot_once(session):
    decided = decided_lot()
    conclude(decided, holder_selection="rotation")
    assert conflicting(conclude, decided, reference="2027-EDR-02") == "holder_has_contract"


def test_a_single_holder_is_single_and_the_database_says_so_too(session):
    decided = decided_lot()
    conclude(decided)
    provider, offer = holder_for()
    second = {"holder_id": provider.id, "offer_id": offer.id, "reference": "2027-EDR-02"}
    assert refused(conclude, decided, **second).code == "lot_has_its_holder"
    assert refused(conclude, decided, holder_selection="cascade", **second).code == "holder_selection_is_set"


def test_a_cascade_promises_the_volume_to_its_first_holder(session):
    decided = decided_lot()
    first = conclude(decided, holder_selection="cascade")
    provider, offer = holder_for()
    second = conclude(decided, holder_id=provider.id, offer_id=offer.id, reference="2027-EDR-02")
    assert [(c.rank, c.minimum_quantity) for c in (first, second)] == [(1, 900), (2, None)]
    assert {m.committed_quantity for m in queries.list_contract_members(session, second.id)} == {0}


def test_shares_split_what_is_committed_and_add_up(session):
    decided = decided_lot((601, 399))
    one = conclude(decided, holder_selection="share", share_percent=Decimal("33.3333"))
    provider, offer = holder_for()
    more = {"holder_id": provider.id, "offer_id": offer.id, "reference": "2027-EDR-02"}
    assert refused(conclude, decided, share_percent=Decimal(67), **more).code == "shares_exceed_the_whole"
    two = conclude(decided, share_percent=Decimal("66.6667"), **more)
    owed = {}
    for contract in (one, two):
        for member in queries.list_contract_members(session, contract.id):
            owed[member.establishment_id] = owed.get(member.establishment_id, 0) + member.committed_quantity
    assert sorted(owed.values()) == [399, 601]


def test_activation_wants_the_signed_pdf_and_keeps_its_evidence(session, app, files_folder):
    decided = decided_lot()
    contract = conclude(decided)
    assert refused(activate_contract, decided.centre, contract.id).code == "contract_not_signed"
    with app.app_context():
        signed = sign_contract(decided.centre, contract.id, PDF, clock.today())
    assert signed.signed_file_id is not None
    activated = activate_contract(decided.centre, contract.id)
    assert activated.status == "active"
    evidence = queries.list_decisions(session, contract.id)[-1].evidence
    assert (evidence["committed"], evidence["minimum"], evidence["closing_round"]) == (1000, 900, 1)
    assert {(m["establishment_id"], m["quantity"]) for m in evidence["members"]} == {
        (str(site.id), quantity) for (site, _), quantity in zip(decided.members, (600, 400), strict=True)
    }
    activate_contract(decided.centre, contract.id)
    assert len(queries.list_decisions(session, contract.id)) == 2
    with app.app_context():
        again = refused(sign_contract, decided.centre, contract.id, PDF, clock.today())
    assert again.code == "contract_already_activated"


def test_a_signature_is_a_pdf_of_the_past(session):
    decided = decided_lot()
    contract = conclude(decided)
    png = read_upload("contrat.png", b"\x89PNG\r\n\x1a\n fictif")
    refusal = refused(sign_contract, decided.centre, contract.id, png, clock.today() + timedelta(days=1))
    assert isinstance(refusal, BadInput)
    assert set(refusal.errors) == {"signed_file", "signed_on"}


def test_what_left_since_the_closing_does_not_activate(session):
    decided = decided_lot()
    contract = contract_on(decided, activated_at=None).contract
    gone = decided.members[1][0]
    session.execute(text("UPDATE needs SET status = 'released' WHERE establishment_id = :id"), {"id": gone.id})
    session.commit()
    refusal = refused(activate_contract, decided.centre, contract.id)
    assert refusal.code == "activation_minimum_missed"
    assert (refusal.details["committed"], refusal.details["missing"]) == (600, 300)


def test_who_sees_and_who_may(session):
    running = active_contract()
    stranger, somebody = clinic()[1], get_actor(session, user_in(OrganisationFactory(kind="provider"), ("admin",)).id)
    for reader in (running.centre, running.holder, running.members[0][1]):
        assert queries.get_contract(session, reader, running.contract.id).id == running.contract.id
        assert [c.id for c in queries.list_contracts(session, reader)["items"]] == [running.contract.id]
    for outsider in (stranger, somebody):
        assert queries.list_contracts(session, outsider)["items"] == []
        with pytest.raises(NotFound):
            queries.get_contract(session, outsider, running.contract.id)
    with pytest.raises(NotAllowed):
        activate_contract(running.holder, running.contract.id)


def test_the_status_in_sql_is_the_status_in_python(session):
    day = clock.today()
    variants: list[dict[str, Any]] = [
        {}, {"activated_at": None}, {"activated_at": None, "lapsed_at": clock.now()},
        {"terminated_on": day, "termination_reason": "Faute"}, {"terminated_on": day + timedelta(1), "termination_reason": "x"},
        {"suspended_from": day, "suspension_reason": "Litige"},
        {"suspended_from": day - timedelta(9), "suspended_until": day - timedelta(1), "suspension_reason": "Litige"},
        {"starts_on": day + timedelta(1)}, {"starts_on": day - timedelta(9), "ends_on": day - timedelta(1)},
    ]  # fmt: skip
    decided = decided_lot()
    contract = contract_on(decided).contract
    seen = set()
    for facts in variants:
        usual: dict[str, Any] = dict.fromkeys((*DATES, "suspension_reason", "termination_reason"))
        usual |= {"activated_at": clock.now(), "starts_on": day, "ends_on": day + timedelta(30)}
        for name, value in (usual | facts).items():
            setattr(contract, name, value)
        session.commit()
        assert session.scalar(select(Contract.status).where(Contract.id == contract.id)) == contract.status
        seen.add(contract.status)
    assert seen == set(STATUSES)


def test_call_offs_count_on_the_contract_and_on_its_lots_ledger(session):
    running = active_contract(maximum=1000)
    (contract,) = queries.lock_contracts(session, [running.contract.id])
    count_call_off(session, contract, 990, Decimal("4950.00"))
    refusal = refused(count_call_off, session, contract, 11, Decimal("55.00"))
    assert (refusal.code, refusal.details["available"]) == ("envelope_exhausted", 10)
    count_call_off(session, contract, 10, Decimal("50.00"))
    session.commit()
    assert get_envelope(session, running.lot.id).called_off == 1000
    assert refreshed(contract).ordered_amount == Decimal("5000.00")


def test_somebody_who_joins_later_orders_at_the_frozen_price(session):
    running = active_contract()
    site, actor = clinic()
    (contract,) = queries.lock_contracts(session, [running.contract.id])
    member = entitle_member(session, contract, site)
    assert (member.unit_price, member.since, member.until) == (Decimal("5.0000"), clock.today(), None)
    assert entitle_member(session, contract, site) is member
    session.commit()
    assert queries.get_contract(session, actor, contract.id).id == contract.id


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("grid = '[]'", "contract_terms_are_frozen"),
        ("pooled_quantity = 5", "contract_terms_are_frozen"),
        ("ordered_quantity = 2001", "within_maximum"),
        ("ordered_amount = -1", "not_negative"),
        ("activated_at = NULL, signed_on = NULL", "signed_with_its_file"),
        ("signed_on = NULL, signed_file_id = NULL", "activated_once_signed"),
        ("lapsed_at = activated_at", "activated_or_lapsed"),
        ("suspended_from = starts_on", "suspension_is_explained"),
        ("terminated_on = starts_on, termination_reason = ' '", "termination_is_explained"),
        ("fee_kind = 'entry'", "fee_complete"),
        ("ends_on = starts_on - 1", "ends_after_it_starts"),
        ("maximum_duration_months = 12", "no_longer_than_allowed"),
        ("minimum_quantity = 2001", "minimum_within_maximum"),
    ],
)
def test_the_database_is_the_last_guard(session, change, constraint):
    contract = active_contract().contract
    with pytest.raises(IntegrityError) as refusal:
        session.execute(text(f"UPDATE contracts SET {change} WHERE id = :id"), {"id": contract.id})
    assert refusal.value.orig.diag.constraint_name.removeprefix("ck_contracts_") == constraint


def test_decisions_are_never_changed(session):
    decided = decided_lot()
    conclude(decided)
    with pytest.raises(ProgrammingError, match="append-only"):
        session.execute(text("DELETE FROM contract_decisions"))
