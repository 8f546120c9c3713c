"""Whatever the grappes and who is in several of them: fewer than three organisations are never told apart."""
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tenders.demand.rules.masking import (
    SMALLEST_SHOWN,
    Behind,
    GroupBehind,
    Organisations,
    at_least,
    masked,
    masked_groups,
    told_gaps,
)
from tenders.demand.views import GrappeRow

READER = "r"
SOMEBODY = st.sets(st.sampled_from("abcdefg"), max_size=4)
BROUGHT = st.lists(st.tuples(SOMEBODY, st.booleans()), max_size=5)
"""Organisations in each grappe, and whether the reader is in it too."""


def noted(organisations: set[str], most: int = SMALLEST_SHOWN) -> Organisations:
    """What the readings say of these organisations: which they are only while they are few."""
    few = organisations - {READER} if len(organisations) < most else ()
    return Organisations(len(organisations), frozenset(few))


def behind(places: list[int], grappes: list[tuple[set[str], bool]]) -> set[str]:
    return set().union(*(grappes[place][0] for place in places))


def assert_hides_enough(hidden: set[str], beside: set[str], others_shown: list[int]) -> None:
    """What the total less everything shown tells is of three organisations, or no other grappe is shown at all."""
    assert len(hidden | beside) >= SMALLEST_SHOWN or not others_shown


@given(BROUGHT, SOMEBODY)
def test_in_a_pool_fewer_than_three_are_never_told_apart(grappes: list[tuple[set[str], bool]], beside: set[str]) -> None:
    rows = [
        Behind(
            GrappeRow(UUID(int=place), str(place), 2**place, 0, 0, len(who), own=own, missing=1),
            noted(who | {READER} if own else who),
        )
        for place, (who, own) in enumerate(grappes)
    ]
    shown, count = masked(rows, Organisations(few=frozenset(sorted(beside)[:SMALLEST_SHOWN])))
    named = [row.grappe_id.int for row in shown if row.grappe_id is not None]
    hidden = [place for place in range(len(rows)) if place not in named]
    others = [place for place in named if not grappes[place][1]]
    assert len(hidden) == count and all(not grappes[place][1] for place in hidden)
    assert all(len(grappes[place][0]) >= SMALLEST_SHOWN for place in others)
    if hidden:
        assert_hides_enough(behind(hidden, grappes), beside, others)
    together = [row.firm for row in shown if row.grappe_id is None]
    assert together == ([sum(2**place for place in hidden)] if len(together) else [])
    assert not together or len(behind(hidden, grappes)) >= SMALLEST_SHOWN
    told = told_gaps(shown, count)
    assert told is None if not hidden else told == {str(UUID(int=place)) for place in named}


@given(BROUGHT, SOMEBODY, st.booleans(), st.sampled_from((0, SMALLEST_SHOWN, 2 * SMALLEST_SHOWN)))
def test_in_a_closing_neither(
    grappes: list[tuple[set[str], bool]], beside: set[str], reader_alone: bool, most: int
) -> None:
    everybody = [(str(place), who | {READER} if own else who) for place, (who, own) in enumerate(grappes)]
    alone = beside | {READER} if reader_alone else beside
    groups = [
        GroupBehind(grappe_id, "met", 2 ** int(grappe_id), len(who), tuple(noted(who, most).few))
        for grappe_id, who in everybody
    ]
    if alone:
        groups.append(GroupBehind(None, "met", 1000, len(alone), tuple(noted(alone, most).few)))
    own = {str(place) for place, (_, is_own) in enumerate(grappes) if is_own}
    read = masked_groups(groups, own, int(reader_alone), (READER,))
    named = [int(each.grappe_id) for each in read if each.grappe_id is not None]
    hidden = [place for place in range(len(grappes)) if place not in named]
    others = [place for place in named if not grappes[place][1]]
    assert all(not grappes[place][1] for place in hidden)
    assert all(len(grappes[place][0]) >= SMALLEST_SHOWN for place in others)
    if hidden or beside:
        assert_hides_enough(behind(hidden, grappes), beside, others)
    if any(each.grappe_id is None for each in read):
        assert len(behind(hidden, grappes) | beside) >= SMALLEST_SHOWN


@given(st.lists(SOMEBODY, max_size=5))
def test_organisations_are_never_counted_for_more_than_they_are(parts: list[set[str]]) -> None:
    assert at_least(noted(each) for each in parts) <= len(set().union(*parts))
    if all(len(each) < SMALLEST_SHOWN for each in parts):
        assert at_least(noted(each) for each in parts) == len(set().union(*parts))
