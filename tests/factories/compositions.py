"""Small composition instances for tests: written out, or drawn at random from a seed."""
from typing import Any

import numpy as np


def document(**changes: Any) -> dict[str, Any]:
    """Three establishments, one category, two providers: small enough to be composed by hand."""
    return {
        "format": "grappe-composition/1",
        "currency": "EUR",
        "categories": [{"id": "edr", "support": False}],
        "establishments": [
            {"id": "a", "region": "R1", "requires": []},
            {"id": "b", "region": "R1", "requires": ["hds"]},
            {"id": "c", "region": "R2", "requires": []},
        ],
        "needs": [
            {"establishment": "a", "category": "edr", "quantity": 10, "alone_unit_price": "10.00"},
            {"establishment": "b", "category": "edr", "quantity": 20, "alone_unit_price": "10.00"},
            {"establishment": "c", "category": "edr", "quantity": 30, "alone_unit_price": "10.00"},
        ],
        "providers": [
            {"id": "p", "regions": ["R1", "R2"], "certificates": ["hds"], "workload_capacity": 1000},
            {"id": "q", "regions": ["R1"], "certificates": [], "workload_capacity": 1000},
        ],
        "offers": [
            {
                "id": "op", "provider": "p", "category": "edr", "mobilisation_cost": "50.00", "workload_per_unit": 1,
                "brackets": [{"from": 5, "to": 49, "unit_price": "8.00"}, {"from": 50, "to": 200, "unit_price": "6.00"}],
                "regional_uplift": {"R2": "0.50"},
            },
            {
                "id": "oq", "provider": "q", "category": "edr", "mobilisation_cost": "0.00", "workload_per_unit": 2,
                "brackets": [{"from": 1, "to": 15, "unit_price": "7.00"}], "regional_uplift": {},
            },
        ],
        **changes,
    }  # fmt: skip


def random_document(seed: int, *, establishments: int = 4, providers: int = 3, categories: int = 2) -> dict[str, Any]:
    """A random instance with tight minimums, capacities and workloads; every price has two decimals."""
    rng = np.random.default_rng(seed)
    regions, certificates = ["R1", "R2", "R3"], ["hds", "iso"]
    offers = [
        _offer(rng, provider, category, regions)
        for provider in range(providers)
        for category in range(categories)
        if rng.random() < 0.8
    ]
    return {
        "format": "grappe-composition/1",
        "categories": [{"id": f"c{n}", "support": False} for n in range(categories)],
        "establishments": [
            {"id": f"e{n}", "region": str(rng.choice(regions)), "requires": [c for c in certificates if rng.random() < 0.3]}
            for n in range(establishments)
        ],
        "needs": [
            {
                "establishment": f"e{e}", "category": f"c{c}", "quantity": int(rng.integers(1, 30)),
                "alone_unit_price": f"{rng.uniform(9, 14):.2f}",
            }
            for e in range(establishments) for c in range(categories) if rng.random() < 0.8
        ],
        "providers": [
            {
                "id": f"p{n}", "regions": [r for r in regions if rng.random() < 0.7] or ["R1"],
                "certificates": [c for c in certificates if rng.random() < 0.7],
                "workload_capacity": int(rng.integers(20, 30 * establishments)),
            }
            for n in range(providers)
        ],
        "offers": offers,
    }  # fmt: skip


def _offer(rng: np.random.Generator, provider: int, category: int, regions: list[str]) -> dict[str, Any]:
    start, brackets = int(rng.integers(1, 15)), []
    price = rng.uniform(7, 12)
    for _ in range(int(rng.integers(1, 4))):
        last = start + int(rng.integers(3, 40))
        brackets.append({"from": start, "to": last, "unit_price": f"{price:.2f}"})
        start, price = last + 1, price * rng.uniform(0.85, 1.0)
    return {
        "id": f"o{provider}-{category}", "provider": f"p{provider}", "category": f"c{category}",
        "mobilisation_cost": f"{rng.uniform(0, 60):.2f}", "workload_per_unit": int(rng.integers(0, 3)),
        "brackets": brackets, "regional_uplift": {r: f"{rng.uniform(0, 1.5):.2f}" for r in regions if rng.random() < 0.5},
    }  # fmt: skip
