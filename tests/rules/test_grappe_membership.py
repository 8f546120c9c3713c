"""Who may come in, go out and coordinate."""
from datetime import date

import pytest

from marketplace.establishments.rules import grappe_eligibility
from marketplace.grappes.events import PoolEffect
from marketplace.grappes.rules import membership as rules
from marketplace.platform.errors import BadInput, RuleBroken


def code_of(check, *values):
    """The code a check refuses with, None when it lets through."""
    try:
        check(*values)
    except RuleBroken as refused:
        assert "{" not in str(refused), "every value of the sentence is given"
        return refused.code
    return None


@pytest.mark.parametrize(
    ("status", "code"), [("forming", None), ("active", None), ("dissolved", "grappe_dissolved")]
)
def test_dissolved_grappe_changes_no_more(status, code):
    assert code_of(rules.check_not_dissolved, status) == code


@pytest.mark.parametrize(
    ("members", "maximum", "code"),
    [(3, None, None), (3, 4, None), (4, 4, "grappe_full"), (5, 4, "grappe_full")],
)
def test_maximum_size_leaves_no_room_for_one_more(members, maximum, code):
    assert code_of(rules.check_room, members, maximum) == code


@pytest.mark.parametrize(("members", "quorum", "code"), [(1, 2, "grappe_below_quorum"), (2, 2, None), (3, 2, None)])
def test_quorum_counts_signatures(members, quorum, code):
    assert code_of(rules.check_quorum, members, quorum) == code


def test_refusal_below_quorum_says_how_many_are_missing():
    with pytest.raises(RuleBroken) as refused:
        rules.check_quorum(1, 4)
    assert refused.value.details == {"members": 1, "quorum": 4, "missing": 3}


@pytest.mark.parametrize(
    ("territory", "region", "code"),
    [((), "84", None), ((), None, None), (("84",), "84", None), (("84",), "53", "outside_territory"),
     (("84",), None, "outside_territory")],
)  # fmt: skip
def test_territory_empty_is_the_whole_country(territory, region, code):
    assert code_of(rules.check_territory, territory, region) == code


@pytest.mark.parametrize(
    ("sector", "legal_status", "legal_form", "code"),
    [
        ("private_for_profit", None, "none", None),
        ("private_nonprofit", "60", "gcs", None),
        ("public", "14", "none", "public_establishment"),
        # A public nursing home is refused by its legal status, whatever the sector column says (domain §4b.12).
        ("private_nonprofit", "21", "association", "public_establishment"),
        # An order group may take public establishments outside a GHT: neutral while that cannot be known.
        ("public", "14", "groupement_de_commandes", "ght_membership_unknown"),
        (None, None, "none", "legal_status_unknown"),
    ],
)
def test_legal_status_decides_who_may_be_in(sector, legal_status, legal_form, code):
    assert code_of(rules.check_eligible, grappe_eligibility(sector, legal_status), legal_form) == code


def test_closed_establishment_is_refused_everywhere():
    refusal = grappe_eligibility("private_for_profit", None, is_closed=True)
    assert code_of(rules.check_eligible, refusal, "groupement_de_commandes") == "establishment_closed"


STATUSES = (None, "requested", "invited", "member", "leaving")


@pytest.mark.parametrize(
    ("check", "codes"),
    [
        (rules.check_can_be_invited, (None, None, "already_invited", "already_a_member", "already_a_member")),
        (rules.check_can_request, (None, "already_requested", "already_invited", "already_a_member", "already_a_member")),
        (rules.check_is_member, ("not_a_member", "not_a_member", "not_a_member", None, "member_is_leaving")),
    ],
)
def test_each_act_fits_some_statuses_only(check, codes):
    assert tuple(code_of(check, status) for status in STATUSES) == codes


@pytest.mark.parametrize(
    ("check", "codes"),
    [
        (rules.check_can_accept, ("request_pending", None, "not_invited", "already_leaving")),
        (rules.check_can_be_approved, (None, "already_invited", "already_a_member", "already_a_member")),
        (rules.check_can_stay, ("not_leaving", "not_leaving", "not_leaving", None)),
    ],
)
def test_each_act_on_a_running_membership_fits_some_statuses_only(check, codes):
    assert tuple(code_of(check, status) for status in STATUSES[1:]) == codes


def test_nobody_accepts_without_an_invitation():
    assert rules.not_invited().code == "not_invited"


@pytest.mark.parametrize(
    ("status", "coordinates", "leaving", "excluded"),
    [
        ("member", False, None, None),
        ("member", True, "coordinator_hands_over_first", "coordinator_hands_over_first"),
        ("leaving", False, "already_leaving", None),
        ("invited", False, "not_a_member", "not_a_member"),
        ("requested", False, "not_a_member", "not_a_member"),
    ],
)
def test_coordinator_hands_over_before_going(status, coordinates, leaving, excluded):
    assert code_of(rules.check_can_leave, status, coordinates) == leaving
    assert code_of(rules.check_can_be_excluded, status, coordinates) == excluded


@pytest.mark.parametrize(("others", "code"), [(0, None), (1, "charter_already_signed")])
def test_text_that_others_signed_is_not_changed_by_the_coordinator_alone(others, code):
    assert code_of(rules.check_may_amend, others) == code


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_reason_is_written(reason):
    with pytest.raises(BadInput):
        rules.check_reason(reason)


def test_reason_is_kept_without_its_blanks():
    assert rules.check_reason("  ne répond plus ") == "ne répond plus"


@pytest.mark.parametrize(
    ("pending", "by_establishment", "ending"),
    [("invited", True, "declined"), ("invited", False, "withdrawn"), ("requested", True, "withdrawn"),
     ("requested", False, "refused")],
)  # fmt: skip
def test_what_came_to_nothing_is_remembered_by_who_ended_it(pending, by_establishment, ending):
    assert rules.pending_ending(pending, by_establishment=by_establishment) == ending


def test_notice_runs_only_once_the_grappe_is_active():
    assert rules.notice_days(30, "active") == 30
    assert rules.notice_days(30, "forming") == 0


def test_notice_is_over_on_its_day():
    leaves_on = rules.leaving_day(date(2027, 2, 27), 3)
    assert leaves_on == date(2027, 3, 2)
    assert not rules.is_due(leaves_on, date(2027, 3, 1))
    assert rules.is_due(leaves_on, date(2027, 3, 2))


@pytest.mark.parametrize(
    ("before", "after", "minimum", "falls"),
    [(5010, 4710, 5000, True), (5010, 5000, 5000, False), (4900, 4600, 5000, False), (5010, 4710, None, False)],
)
def test_pool_falls_below_its_minimum_only_when_it_reached_it(before, after, minimum, falls):
    effect = PoolEffect(None, "SOC managé", "endpoint", before, after, minimum, 14)
    assert effect.falls_below is falls
