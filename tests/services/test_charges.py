"""What is owed is recorded once, however often it is asked for."""
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from marketplace.billing.charging import cancel_charge, record_charge
from marketplace.billing.models import Charge
from marketplace.platform.database import new_id, transaction
from tests.factories.accounts import OrganisationFactory
from tests.factories.base import refreshed
from tests.factories.billing import ChargeFactory


def _facts(**changes):
    return {
        "kind": "call_off_fee", "payer_organisation_id": OrganisationFactory().id,
        "payee_organisation_id": OrganisationFactory(kind="purchasing_centre").id, "amount": Decimal("12.345"),
        "subject_kind": "call_off", "subject_id": new_id(), "label": "Frais sur la commande 12", "due_on": date(2027, 1, 31),
        **changes,
    }  # fmt: skip


def test_a_subject_is_charged_once_however_often_it_is_recorded(session):
    facts = _facts()
    with transaction() as opened:
        first = record_charge(opened, **facts)
    with transaction() as opened:
        again = record_charge(opened, **{**facts, "amount": Decimal(99)})
    assert first == again
    charge = session.scalars(select(Charge).where(Charge.id == first)).one()
    assert (charge.amount, charge.vat_rate, charge.subject_id) == (Decimal("12.35"), Decimal("0.20"), str(facts["subject_id"]))


def test_another_kind_of_charge_on_the_same_subject_is_another_charge(session):
    facts = _facts()
    with transaction() as opened:
        assert record_charge(opened, **facts) != record_charge(opened, **{**facts, "kind": "entry_fee"})
    assert session.scalar(select(func.count()).select_from(Charge)) == 2


@pytest.mark.parametrize("changes", [{"amount": Decimal("0.004")}, {"kind": "tip"}])
def test_no_fee_is_no_charge(session, changes):
    with transaction() as opened, pytest.raises(ValueError, match="charge"):
        record_charge(opened, **_facts(**changes))


def test_nobody_owes_itself(session):
    alone = OrganisationFactory(kind="purchasing_centre").id
    with transaction() as opened, pytest.raises(ValueError, match="two parties"):
        record_charge(opened, **_facts(payer_organisation_id=alone, payee_organisation_id=alone))


def test_a_charge_is_cancelled_once_and_says_why(session):
    charge = ChargeFactory()
    with transaction() as opened:
        assert cancel_charge(opened, charge.id, "Commande annulée")
        assert not cancel_charge(opened, charge.id, "encore")
    assert refreshed(charge).cancel_reason == "Commande annulée"
