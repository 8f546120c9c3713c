"""The cheapest composition of a tiny instance by trying everything: slow, obvious, independent of the engine."""
from itertools import product

from tenders.composition.evaluator import evaluate
from tenders.composition.instance import NO_LIMITS, Instance, Limits


def cheapest(instance: Instance, limits: Limits = NO_LIMITS) -> int:
    """The optimum in coins: every assignment is evaluated (eligible offers of the need's category, or outside)."""
    choices = []
    for need in instance.needs:
        who = instance.establishments[need.establishment]
        eligible = [
            position for position, offer in enumerate(instance.offers)
            if offer.category == need.category and who.region in instance.providers[offer.provider].regions
            and who.requires <= instance.providers[offer.provider].certificates
        ]  # fmt: skip
        choices.append([-1, *eligible])
    found = (evaluate(instance, assignment, limits) for assignment in product(*choices))
    return min(evaluation.cost for evaluation in found if not evaluation.violations)
