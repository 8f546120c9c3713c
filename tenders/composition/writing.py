"""A composition as a `grappe-composition-solution/1` document."""
from typing import Any

from tenders.composition.solve import Composition


def solution_document(composition: Composition) -> dict[str, Any]:
    """The document, ready for JSON: money as decimal texts in euros."""
    instance, evaluation = composition.instance, composition.evaluation
    keys = [
        {"establishment": instance.establishments[need.establishment].id, "category": instance.categories[need.category]}
        for need in instance.needs
    ]
    offers = [None if offer < 0 else instance.offers[offer].id for offer in composition.assignment]
    return {
        "format": "grappe-composition-solution/1",
        "currency": "EUR",
        "total_cost": str(instance.euros(evaluation.cost)),
        "lower_bound": str(instance.euros(composition.bound)),
        "alone_cost": str(instance.euros(instance.alone_cost)),
        "gap": round(composition.gap, 8),
        "contracts": len(evaluation.contracts),
        "assignments": [{**key, "offer": offer} for key, offer in zip(keys, offers, strict=True)],
        "shares": [
            {**key, "amount": str(instance.euros(amount))} for key, amount in zip(keys, composition.shares, strict=True)
        ],
        "largest_complaint": _complaint(composition),
    }


def _complaint(composition: Composition) -> dict[str, Any] | None:
    complaint, instance = composition.complaint, composition.instance
    if complaint is None:
        return None
    return {
        "offer": instance.offers[complaint.offer].id,
        "members": len(complaint.needs),
        "amount": str(instance.euros(complaint.amount)),
    }
