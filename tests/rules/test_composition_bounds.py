"""Bounds: no composition is cheaper, whatever the prices and the limits; tried against every assignment."""
import numpy as np
import pytest

from tenders.composition import lagrangean
from tenders.composition.classes import blocks_of_instance, build_model
from tenders.composition.deadline import Deadline
from tenders.composition.instance import NO_LIMITS, Instance, Limits
from tenders.composition.reading import parse_instance
from tests.factories.compositions import document, random_document
from tests.factories.exhaustive import cheapest

LIMITS = [
    NO_LIMITS,
    Limits(most_members=2),
    Limits(least_members=2),
    Limits(least_members=2, most_members=3, together=(frozenset({0, 2}),)),
    Limits(together=(frozenset({0, 1, 3}),)),
]


def model_of(instance: Instance, limits: Limits, one_by_one: bool):
    return build_model(instance, limits, blocks_of_instance(instance, limits), one_by_one=one_by_one)


@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("seed", range(8))
def test_no_prices_prove_more_than_the_optimum(seed: int, limits: Limits, one_by_one: bool) -> None:
    instance = parse_instance(random_document(seed))
    model, optimum = model_of(instance, limits, one_by_one), cheapest(instance, limits)
    start = lagrangean.first_prices(model)
    assert lagrangean.bound_at(model, start)[0].value <= optimum
    assert lagrangean.improve(model, start, 150, Deadline()).value <= optimum
    rng = np.random.default_rng(seed)
    for _ in range(20):
        prices = lagrangean.Prices(rng.uniform(0, 1500, start.unit.shape), rng.uniform(0, 200, start.work.shape))
        assert lagrangean.bound_at(model, prices)[0].value <= optimum


def test_the_bound_meets_the_cost_where_one_contract_takes_all() -> None:
    instance = parse_instance(document())
    model = model_of(instance, NO_LIMITS, False)
    bound = lagrangean.improve(model, lagrangean.first_prices(model), 300, Deadline())
    assert bound.value <= cheapest(instance)
    assert bound.value >= 0.9 * cheapest(instance)


def test_at_most_m_members_hold_at_most_the_m_largest_needs() -> None:
    instance = parse_instance(document())
    model = model_of(instance, Limits(most_members=2), False)
    assert model.last[0].max() == 50
    assert model_of(instance, Limits(least_members=2), False).first[0].min() == 30
    assert (model_of(instance, Limits(least_members=4), False).first > model_of(instance, NO_LIMITS, False).last).all()


def test_many_stand_alone_prices_are_taken_together_at_the_lowest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenders.composition.classes.MOST_CLASSES", 3)
    for seed in range(6):
        instance = parse_instance(random_document(seed))
        model = model_of(instance, NO_LIMITS, False)
        bound = lagrangean.improve(model, lagrangean.first_prices(model), 100, Deadline())
        assert bound.value <= cheapest(instance)
