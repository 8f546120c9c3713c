"""What a charter may say, what it reads like, and what its hash is."""
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.grappes.rules.charter import (
    LEGAL_FORM_NAMES,
    LEGAL_FORMS,
    PRESET_NAMES,
    PRESETS,
    SHARING_RULES,
    VOTING_RULES,
    CharterTerms,
    amended,
    charter_hash,
    check_signature,
    check_terms,
    differences,
    preset_summary,
    terms_from,
)
from marketplace.grappes.rules.charter_text import CharterNames, charter_text
from marketplace.platform.errors import BadInput, RuleBroken

CATEGORIES = {"edr": "EDR", "soc": "SOC", "backup": "Sauvegarde"}
REGIONS = {"84": "Auvergne-Rhône-Alpes", "53": "Bretagne"}
NAMES = CharterNames("Les Alpes", "Clinique des Cimes", CATEGORIES, REGIONS)

terms_of_any_kind = st.builds(
    CharterTerms,
    preset=st.sampled_from(PRESETS),
    legal_form=st.sampled_from(LEGAL_FORMS),
    categories=st.lists(st.sampled_from(sorted(CATEGORIES)), min_size=1, unique=True).map(lambda c: tuple(sorted(c))),
    territory=st.lists(st.sampled_from(sorted(REGIONS)), unique=True).map(lambda r: tuple(sorted(r))),
    quorum=st.integers(2, 50),
    maximum_members=st.none() | st.integers(50, 500),
    voting_rule=st.sampled_from(VOTING_RULES),
    coordinator_enters_needs=st.booleans(),
    exit_notice_days=st.integers(0, 365),
    lock_in=st.booleans(),
    shortfall_sharing=st.sampled_from(SHARING_RULES),
    surplus_sharing=st.sampled_from(SHARING_RULES),
)


def terms(**changes):
    chosen = {"legal_form": "none", "categories": ["edr"], **changes}
    return terms_from(chosen.pop("legal_form"), chosen.pop("categories"), **chosen)


def check(given_terms):
    check_terms(given_terms, CATEGORIES, REGIONS)


@pytest.mark.parametrize(
    ("legal_form", "preset", "notice", "lock_in", "shortfall"),
    [
        ("none", "light_association", 30, False, "own_only"),
        ("association", "light_association", 30, False, "own_only"),
        ("gie", "committed_group", 90, True, "pro_rata"),
        ("gcs", "committed_group", 90, True, "pro_rata"),
        ("groupement_de_commandes", "order_group", 60, True, "own_only"),
    ],
)
def test_legal_form_brings_its_usual_preset(legal_form, preset, notice, lock_in, shortfall):
    made = terms(legal_form=legal_form)
    assert (made.preset, made.exit_notice_days, made.lock_in, made.shortfall_sharing) == (
        preset, notice, lock_in, shortfall,
    )  # fmt: skip
    assert made.quorum == 2
    check(made)


def test_what_the_founder_chose_wins_over_the_preset():
    made = terms(legal_form="gie", quorum=5, exit_notice_days=10, lock_in=False, territory=["84", "53", "84"])
    assert (made.quorum, made.exit_notice_days, made.lock_in) == (5, 10, False)
    assert made.territory == ("53", "84")
    assert made.voting_rule == "both_majorities"


def test_value_left_out_is_as_the_preset_says():
    assert terms(legal_form="gie", exit_notice_days=None, quorum=None) == terms(legal_form="gie")


def test_categories_are_kept_once_and_in_order():
    assert terms(categories=["soc", "edr", "soc"]).categories == ("edr", "soc")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"categories": []}, "categories"),
        ({"categories": ["edr", "moon"]}, "categories"),
        ({"territory": ["99"]}, "territory"),
        ({"exit_notice_days": 366}, "exit_notice_days"),
        ({"exit_notice_days": -1}, "exit_notice_days"),
    ],
)
def test_unknown_words_are_named_by_field(changes, field):
    with pytest.raises(BadInput) as refused:
        check(terms(**changes))
    assert list(refused.value.errors) == [field]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quorum": 1}, "quorum_too_small"),
        ({"quorum": 5, "maximum_members": 4}, "maximum_below_quorum"),
        ({"legal_form": "gie", "preset": "order_group"}, "preset_does_not_fit_the_form"),
        ({"legal_form": "groupement_de_commandes", "preset": "light_association"}, "preset_does_not_fit_the_form"),
    ],
)
def test_impossible_charters_are_refused(changes, code):
    with pytest.raises(RuleBroken) as refused:
        check(terms(**changes))
    assert refused.value.code == code


def test_maximum_may_equal_the_quorum():
    check(terms(quorum=4, maximum_members=4))


@given(terms_of_any_kind)
def test_terms_survive_storage(made):
    assert CharterTerms.from_parameters(made.as_parameters()) == made


@given(terms_of_any_kind, terms_of_any_kind)
def test_hash_tells_any_two_charters_apart_and_never_changes_by_itself(one, other):
    def hash_of(made):
        return charter_hash(made.as_parameters(), charter_text(made, NAMES, 1))

    assert re.fullmatch(r"[0-9a-f]{64}", hash_of(one))
    assert hash_of(one) == hash_of(one)
    assert (hash_of(one) == hash_of(other)) == (one == other)


def test_hash_is_pinned_so_that_old_signatures_stay_checkable():
    assert charter_hash({"b": 1, "a": "é"}, "texte") == (
        # printf '{"a":"é","b":1}\ntexte' | sha256sum
        "cb55be2b65a379712c5ebb3aa9aef67517cb241f6319b9d83913adb88608725e"
    )


def test_hash_does_not_depend_on_the_order_of_parameters():
    assert charter_hash({"a": 1, "b": 2}, "x") == charter_hash({"b": 2, "a": 1}, "x")


@given(terms_of_any_kind)
def test_text_says_every_term_in_french_and_leaves_no_code(made):
    text = charter_text(made, NAMES, 3)
    assert text.startswith("Convention de la grappe « Les Alpes » – version 3")
    assert text.count("Article ") == 9
    for code in made.categories:
        assert CATEGORIES[code] in text
    for code in made.territory:
        assert REGIONS[code] in text
    assert f"quand {made.quorum} membres" in text
    assert "Clinique des Cimes" in text
    assert not re.search(r"[a-z]+_[a-z]+|None|True|False", text)


def test_text_says_when_leaving_is_locked():
    assert "tant qu'un de ses besoins fermes est ouvert" in charter_text(terms(lock_in=True), NAMES, 1)
    assert "tant qu'un de ses besoins fermes est ouvert" not in charter_text(terms(lock_in=False), NAMES, 1)


def test_text_of_an_order_group_welcomes_public_establishments_outside_a_ght():
    assert "public hors GHT" in charter_text(terms(legal_form="groupement_de_commandes"), NAMES, 1)
    assert "public hors GHT" not in charter_text(terms(legal_form="gcs"), NAMES, 1)


def test_signature_of_another_version_is_refused_and_names_the_one_in_force():
    with pytest.raises(RuleBroken) as refused:
        check_signature("old", "new")
    assert refused.value.code == "charter_changed"
    assert refused.value.details["charter_hash"] == "new"


@pytest.mark.parametrize("shown", [None, "new"])
def test_signature_of_the_version_in_force_is_accepted(shown):
    check_signature(shown, "new")


def test_amendment_keeps_what_it_does_not_name():
    before = terms(quorum=3)
    after = amended(before, categories=["soc", "edr"], maximum_members=9)
    assert (after.quorum, after.categories, after.maximum_members) == (3, ("edr", "soc"), 9)
    assert differences(before, after) == ["categories", "maximum_members"]


def test_another_preset_brings_its_conditions_and_keeps_the_scope():
    before = terms(quorum=4, maximum_members=9, territory=["84"])
    after = amended(before, legal_form="gie", preset="committed_group", exit_notice_days=45)
    assert (after.quorum, after.maximum_members, after.territory) == (4, 9, ("84",))
    assert (after.lock_in, after.voting_rule, after.exit_notice_days) == (True, "both_majorities", 45)


def test_another_legal_form_keeps_the_conditions_and_takes_a_preset_that_fits():
    before = terms(exit_notice_days=12)
    after = amended(before, legal_form="groupement_de_commandes")
    assert (after.preset, after.exit_notice_days, after.lock_in) == ("order_group", 12, False)
    check(after)
    assert amended(before, legal_form="association").preset == "light_association"


def test_every_form_and_preset_has_words():
    assert set(LEGAL_FORM_NAMES) == set(LEGAL_FORMS)
    assert set(PRESET_NAMES) == set(PRESETS)
    assert all(preset_summary(preset).in_french() for preset in PRESETS)
