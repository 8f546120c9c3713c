"""Votes on a merger: one member one vote, by volume, both majorities; quorum; and who could host whom."""
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.grappes.rules.charter import VOTING_RULES
from marketplace.platform.errors import RuleBroken
from tenders.demand.mergers.rules import (
    OUTCOME_SENTENCES,
    OUTCOMES,
    RESULTS,
    Ballot,
    check_choice,
    check_vote,
    count_votes,
    outcome_sentence,
    quorum_of,
    result_sentence,
    target_does_not_fit,
    votes_close_at,
)
from tenders.demand.rules.closing import ClosingTerms, PooledNeed, decide_closing
from tenders.demand.rules.policy import choose_step

NOON = datetime(2027, 6, 12, 10, tzinfo=UTC)
YES, NO, ABSENT = "yes", "no", None
BALLOTS = st.lists(st.builds(Ballot, st.integers(1, 10_000), st.sampled_from((YES, NO, ABSENT))), max_size=12)
RULES = st.sampled_from(VOTING_RULES)
QUORUMS = st.none() | st.integers(2, 8)


def result(rule: str, *ballots: tuple[int, str | None], quorum: int | None = 2) -> str:
    return count_votes(rule, quorum, [Ballot(*each) for each in ballots]).result


@pytest.mark.parametrize(
    ("ballots", "heads", "volume", "both"),
    [
        ([(10, YES), (10, YES), (10, NO)], "yes", "yes", "yes"),
        ([(10, YES), (10, YES), (500, NO)], "yes", "no", "no"),
        ([(500, YES), (10, NO), (10, NO)], "no", "yes", "no"),
        ([(10, YES), (10, NO)], "no", "no", "no"),
        ([(10, YES), (10, ABSENT), (10, ABSENT)], "no_quorum", "no_quorum", "no_quorum"),
    ],
)
def test_each_voting_rule_counts_what_it_says(
    ballots: list[tuple[int, str | None]], heads: str, volume: str, both: str
) -> None:
    found = [result(rule, *ballots) for rule in ("one_member_one_vote", "by_volume", "both_majorities")]
    assert found == [heads, volume, both]


@given(RULES, QUORUMS, BALLOTS, st.randoms(use_true_random=False))
def test_counting_does_not_depend_on_the_order(rule: str, quorum: int | None, ballots: list[Ballot], random: object) -> None:
    shuffled = list(ballots)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert count_votes(rule, quorum, ballots) == count_votes(rule, quorum, shuffled)


@given(QUORUMS, BALLOTS)
def test_both_majorities_need_the_heads_and_the_volume(quorum: int | None, ballots: list[Ballot]) -> None:
    heads, volume, both = (count_votes(rule, quorum, ballots).result for rule in VOTING_RULES)
    assert (both == "yes") == (heads == volume == "yes")


@given(RULES, QUORUMS, BALLOTS)
def test_without_its_quorum_no_vote_carries(rule: str, quorum: int | None, ballots: list[Ballot]) -> None:
    count = count_votes(rule, quorum, ballots)
    assert (count.result == "no_quorum") == (count.cast < max(1, count.quorum))
    assert count.quorum <= count.voters
    assert count.result in RESULTS


@given(RULES, QUORUMS, BALLOTS)
def test_one_more_yes_never_turns_a_yes_into_a_no(rule: str, quorum: int | None, ballots: list[Ballot]) -> None:
    before = count_votes(rule, quorum, ballots).result
    for place, ballot in enumerate(ballots):
        if before == "yes" and ballot.choice != YES:
            turned = [*ballots[:place], replace(ballot, choice=YES), *ballots[place + 1 :]]
            assert count_votes(rule, quorum, turned).result == "yes"


def test_without_a_grappe_half_of_the_establishments_must_vote():
    assert [quorum_of(None, voters) for voters in (1, 2, 3, 4)] == [1, 1, 2, 2]
    assert quorum_of(5, 3) == 3, "a quorum is never more than there are voters"


def test_a_vote_ends_before_its_target_closes():
    assert votes_close_at(NOON, None) == NOON + timedelta(days=10)
    assert votes_close_at(NOON, NOON + timedelta(days=3)) == NOON + timedelta(days=2, hours=12)


def test_votes_are_taken_only_while_they_run():
    with pytest.raises(RuleBroken) as early:
        check_vote(None, None, NOON)
    with pytest.raises(RuleBroken) as late:
        check_vote(None, NOON, NOON)
    with pytest.raises(RuleBroken) as over:
        check_vote(NOON, NOON + timedelta(days=1), NOON)
    assert (early.value.code, late.value.code, over.value.code) == (
        "merger_target_open", "merger_vote_closed", "merger_vote_closed",
    )  # fmt: skip
    check_vote(None, NOON + timedelta(seconds=1), NOON)


def test_a_target_is_chosen_once():
    with pytest.raises(RuleBroken) as again:
        check_choice(None, NOON)
    assert again.value.code == "merger_target_chosen"
    assert target_does_not_fit().code == "merger_target_does_not_fit"
    check_choice(None, None)


def test_every_outcome_and_result_is_said():
    codes = [outcome_sentence(outcome, "Lot 2").code for outcome in OUTCOMES]
    assert codes == ["merger_accepted", "merger_refused", "merger_no_target", "merger_target_gone", "merger_void"]
    assert set(OUTCOME_SENTENCES) == set(OUTCOMES)
    counts = [count_votes("by_volume", 2, [Ballot(10, YES), Ballot(5, choice)]) for choice in (YES, NO, ABSENT)]
    assert [result_sentence(count).code for count in counts] == ["merger_yes", "merger_yes", "merger_no_quorum"]
    assert result_sentence(count_votes("by_volume", 2, [Ballot(1, NO), Ballot(1, NO)])).code == "merger_no"


def test_merging_is_proposed_once_and_only_towards_somebody():
    policy = ("merge", "release")
    assert choose_step(policy, can_merge=True).step == "merge"
    alone, again = choose_step(policy), choose_step(policy, ("merge",), can_merge=True)
    assert (alone.step, again.step) == ("release", "release")
    assert [alone.skipped[0].why.code, again.skipped[0].why.code] == ["no_merge_target", "merge_already_proposed"]


GRAPPES = [UUID(int=number) for number in (1, 2, 3)]


def per_grappe(**terms: object) -> ClosingTerms:
    return ClosingTerms(
        "endpoint", minimum_kind="contractual", minimum_quantity=100, minimum_scope="grappe", policy=("merge", "release"),
        **terms,  # type: ignore[arg-type]
    )  # fmt: skip


def pool(*quantities: int) -> list[PooledNeed]:
    return [
        PooledNeed(UUID(int=10 + place), quantity, "firm", NOON, grappe_id=GRAPPES[place])
        for place, quantity in enumerate(quantities)
    ]


@pytest.mark.parametrize(
    ("quantities", "hosts"),
    [
        ((120, 60), [0]),  # one reached its minimum: the other could join it
        ((120, 130, 60), [0, 1]),
        ((60, 70), [0, 1]),  # together they reach it
        ((30, 40), []),
        ((60,), []),
    ],
)
def test_a_grappe_short_of_its_minimum_could_join_these(quantities: tuple[int, ...], hosts: list[int]) -> None:
    decision = decide_closing(per_grappe(), pool(*quantities))
    assert decision.merge_hosts == tuple(GRAPPES[place] for place in hosts)
    assert decision.policy_applied == ("merge" if hosts else "release")


def test_while_members_vote_everybody_stays():
    needs = [*pool(120, 60), PooledNeed(UUID(int=50), 5, "indicative", NOON, status="not_counted")]
    decision = decide_closing(per_grappe(), needs)
    assert not decision.included
    assert all(each.stays for each in decision.excluded)
    assert [each.sentence.code for each in decision.excluded] == ["merge_proposed", "merge_proposed", "merge_without_you"]
