"""The evaluator: what an assignment costs to the cent, and every rule it breaks."""
import pytest

from tenders.composition.evaluator import evaluate
from tenders.composition.instance import Limits
from tenders.composition.reading import parse_instance
from tests.factories.compositions import document

INSTANCE = parse_instance(document())
A, B, C = 0, 1, 2
OP, OQ, OUTSIDE = 0, 1, -1


def test_all_outside_costs_what_everybody_pays_alone() -> None:
    assert evaluate(INSTANCE, [OUTSIDE] * 3) == evaluate(INSTANCE, (OUTSIDE,) * 3)
    assert evaluate(INSTANCE, [OUTSIDE] * 3).cost == INSTANCE.alone_cost == 60_000


def test_the_bracket_reached_prices_every_unit_with_mobilisation_once_and_uplifts() -> None:
    evaluation = evaluate(INSTANCE, [OP, OP, OP])
    assert evaluation.violations == ()
    assert evaluation.cost == 60 * 600 + 5_000 + 30 * 50
    assert evaluation.contracts[0].uplifts == (0, 0, 1_500)


def test_a_bracket_below_asks_its_own_price() -> None:
    assert evaluate(INSTANCE, [OQ, OP, OUTSIDE]).cost == 10 * 700 + 20 * 800 + 5_000 + 30_000


@pytest.mark.parametrize(
    ("assignment", "word"),
    [
        ((OQ, OUTSIDE, OQ), "c: oq does not cover region R2"),
        ((OUTSIDE, OQ, OUTSIDE), "b: oq lacks hds"),
        ((OQ, OUTSIDE, OQ), "oq: volume 40 is in no bracket (minimum 1, capacity 15)"),
    ],
)
def test_broken_rules_are_named(assignment: tuple[int, ...], word: str) -> None:
    assert word in evaluate(INSTANCE, assignment).violations


def test_below_the_minimum_and_above_the_workload() -> None:
    needs = [{**need, "quantity": 3} for need in document()["needs"]]
    assert "minimum 5" in evaluate(parse_instance(document(needs=needs)), [OP, OUTSIDE, OUTSIDE]).violations[0]
    providers = [{**provider, "workload_capacity": 19} for provider in document()["providers"]]
    broken = evaluate(parse_instance(document(providers=providers)), [OQ, OP, OUTSIDE]).violations
    assert broken == ("p: workload 20 above 19", "q: workload 20 above 19")


def test_an_offer_of_another_category_is_named() -> None:
    categories = [{"id": "edr"}, {"id": "soc"}]
    offers = [{**document()["offers"][0], "category": "soc"}]
    instance = parse_instance(document(categories=categories, offers=offers))
    assert "a: op does not serve category edr" in evaluate(instance, [0, -1, -1]).violations


def test_limits_on_members_and_groups_kept_together() -> None:
    assert "2 members, at least 3" in evaluate(INSTANCE, [OP, OP, OUTSIDE], Limits(least_members=3)).violations[0]
    assert "3 members, at most 2" in evaluate(INSTANCE, [OP, OP, OP], Limits(most_members=2)).violations[0]
    together = Limits(together=(frozenset({A, B}),))
    assert evaluate(INSTANCE, [OP, OP, OUTSIDE], together).violations == ()
    assert "not kept together" in evaluate(INSTANCE, [OP, OUTSIDE, OP], together).violations[0]


def test_an_assignment_is_for_every_need() -> None:
    with pytest.raises(ValueError, match="2 assignments for 3 needs"):
        evaluate(INSTANCE, [OP, OP])
