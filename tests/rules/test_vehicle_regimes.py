"""Regime switches: what a regime proposes and what it does not let go."""
import pytest

from marketplace.platform.errors import RuleBroken
from tenders.vehicles.regimes import DEFAULT_SWITCHES, switches_for
from tenders.vehicles.words import REGIMES


def test_every_regime_has_its_defaults():
    assert set(DEFAULT_SWITCHES) == set(REGIMES)


def test_the_public_code_brings_its_maximum_its_four_years_and_its_standstill():
    switches = switches_for("public_code", {})
    assert switches.maximum_required
    assert switches.maximum_duration_months == 48
    assert (switches.standstill_days, switches.standstill_days_on_paper) == (11, 16)
    assert switches.publishes_results
    assert not switches.allows_late_joining
    assert not switches.allows_price_only_award


@pytest.mark.parametrize("regime", ["voluntary", "private"])
def test_outside_the_code_every_switch_is_off_and_the_centre_decides(regime):
    assert not switches_for(regime, {}).maximum_required
    assert switches_for(regime, {}).maximum_duration_months is None
    chosen = switches_for(regime, {"maximum_required": True, "standstill_days": 11})
    assert chosen.maximum_required
    assert chosen.standstill_days == 11


@pytest.mark.parametrize(
    "choice", [{"maximum_required": False}, {"maximum_duration_months": None}, {"maximum_duration_months": 60}]
)
def test_what_the_public_code_makes_mandatory_cannot_be_switched_off(choice):
    with pytest.raises(RuleBroken) as refused:
        switches_for("public_code", choice)
    assert refused.value.code == "switch_fixed_by_regime"
    assert refused.value.details["field"] == next(iter(choice))


def test_a_shorter_public_vehicle_and_late_joining_are_the_centres_choice():
    chosen = switches_for("public_code", {"maximum_duration_months": 24, "allows_late_joining": True})
    assert chosen.maximum_duration_months == 24
    assert chosen.allows_late_joining


def test_individual_needs_are_allowed_unless_the_centre_says_otherwise():
    assert switches_for("private", {}).allows_individual_needs
    assert not switches_for("private", {"allows_individual_needs": False}).allows_individual_needs
