"""The convention by which an organisation adheres to a vehicle: same terms, same text; who may still sign; why it ends."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.errors import BadInput, RuleBroken
from tenders.contracts.adhesions.convention import ConventionLot, ConventionTerms, convention_text, fingerprint
from tenders.contracts.adhesions.rules import check_can_sign, check_reason, check_shown

LOT = ConventionLot("1", "Détection sur les postes", "postes", 900, 2000)
TERMS = ConventionTerms(
    vehicle="Cybersécurité 2027", centre="Centrale fictive", technique="listing", regime="private",
    starts_on=date(2027, 1, 1), ends_on=date(2030, 12, 31), is_required=False, yearly_fee=None, lots=(LOT,),
)  # fmt: skip


def test_the_convention_says_who_adheres_to_what_and_until_when():
    said = convention_text(TERMS, "Clinique du Lac", "732829320")
    for fact in ("Clinique du Lac", "732829320", "Centrale fictive", "Cybersécurité 2027", "01/01/2027", "31/12/2030"):
        assert fact in said
    assert "Lot 1, Détection sur les postes : minimum 900 postes, maximum 2000 postes." in said
    assert "aucun maximum" in convention_text(replace(TERMS, lots=(replace(LOT, maximum=None),)), "Clinique", "1")
    assert "maximum 0 postes" in convention_text(replace(TERMS, lots=(replace(LOT, maximum=0),)), "Clinique", "1")


def test_the_convention_says_whether_ordering_waits_for_it():
    assert "aucune commande avant" in convention_text(replace(TERMS, is_required=True), "Clinique", "1")
    assert "aucune commande avant" not in convention_text(TERMS, "Clinique", "1")


def test_the_convention_says_what_adhering_costs_and_when():
    assert "adhérer ne coûte rien" in convention_text(TERMS, "Clinique", "1")
    said = convention_text(replace(TERMS, yearly_fee=Decimal("1250.50")), "Clinique", "1")
    assert "1\N{NARROW NO-BREAK SPACE}250,50\N{NO-BREAK SPACE}€ HT par an" in said
    assert "1\N{NARROW NO-BREAK SPACE}500,60\N{NO-BREAK SPACE}€ TTC" in said
    assert "Une année commencée est due en entier" in said


@given(st.sampled_from(("vehicle", "centre")), st.text(min_size=1, max_size=20))
def test_the_same_terms_have_the_same_fingerprint_and_others_another(field, word):
    changed = replace(TERMS, **{field: word})
    first, second = (convention_text(terms, "Clinique du Lac", "732829320") for terms in (TERMS, changed))
    assert fingerprint(first) == fingerprint(convention_text(TERMS, "Clinique du Lac", "732829320"))
    assert (fingerprint(first) == fingerprint(second)) == (getattr(TERMS, field) == word)
    assert len(fingerprint(second)) == 64


@pytest.mark.parametrize("status", ["draft", "cancelled", "ended"])
def test_nobody_adheres_to_a_vehicle_that_is_not_running(status):
    with pytest.raises(RuleBroken) as refused:
        check_can_sign(status)
    assert refused.value.code == "vehicle_takes_no_adhesion"


def test_a_vehicle_takes_adhesions_while_open_or_closed_to_needs():
    assert check_can_sign("open") is None
    assert check_can_sign("closed") is None


def test_what_is_signed_is_what_was_read():
    current = fingerprint("texte")
    assert check_shown(current, current) is None
    with pytest.raises(RuleBroken) as refused:
        check_shown("0" * 64, current)
    assert refused.value.code == "convention_changed"


def test_an_adhesion_ends_with_a_reason():
    assert check_reason("  Fusion avec un autre groupe ") == "Fusion avec un autre groupe"
    with pytest.raises(BadInput):
        check_reason("  ")
