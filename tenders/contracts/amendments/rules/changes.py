"""What an amendment changes: before and after of each field, so that versions form a chain that reads both ways.

Terms are plain JSON values by field: `grid`, `maximum_quantity`, `maximum_amount`, `minimum_quantity`, `ends_on`,
`duration_reason`, `formula`, `fee`. Decimals and days are text, as they are stored.
"""
from collections.abc import Iterable, Mapping
from typing import Any, Final

from marketplace.platform.errors import RuleBroken

Terms = Mapping[str, Any]
Changes = Mapping[str, Mapping[str, Any]]

FIELDS: Final = {
    "prices": ("grid",),
    "maximum": ("maximum_quantity", "maximum_amount"),
    "minimum": ("minimum_quantity",),
    "term": ("ends_on", "duration_reason"),
    "members": ("added", "removed"),
    "indexation": ("formula",),
    "fee": ("fee",),
    "other": ("text",),
}
"""Kind → the fields it may change."""
BESIDE_THE_TERMS: Final = ("added", "removed", "text")
"""Fields that are no term of the contract: who joins or leaves, and words."""


def changes_of(terms: Terms, wanted: Terms) -> dict[str, dict[str, Any]]:
    """Before and after of each wanted field that differs. RuleBroken `amendment_changes_nothing` when none does."""
    found = {
        field: {"before": terms.get(field), "after": after}
        for field, after in wanted.items()
        if terms.get(field) != after
    }
    if not found:
        raise RuleBroken(
            "amendment_changes_nothing",
            "Cet avenant ne changerait rien : le contrat le prévoit déjà. Écrivez ce qui doit changer.",
        )
    return found


def project(terms: Terms, amendments: Iterable[Changes]) -> dict[str, Any]:
    """The terms once these amendments, in their order, are in force."""
    found = dict(terms)
    for changes in amendments:
        found |= {field: change["after"] for field, change in changes.items() if field not in BESIDE_THE_TERMS}
    return found


def initial_terms(terms: Terms, amendments: Iterable[Changes]) -> dict[str, Any]:
    """The terms before these amendments, given those after all of them: the chain read backwards."""
    found = dict(terms)
    for changes in reversed(list(amendments)):
        found |= {field: change["before"] for field, change in changes.items() if field not in BESIDE_THE_TERMS}
    return found


def check_current(terms: Terms, changes: Changes) -> None:
    """Refuse what was prepared from terms that another amendment changed since. RuleBroken `amendment_outdated`."""
    for field, change in changes.items():
        if field not in BESIDE_THE_TERMS and terms.get(field) != change["before"]:
            raise RuleBroken(
                "amendment_outdated",
                "Un autre avenant signé entre-temps a changé la même clause : ce projet ne part plus du bon texte. Retirez-le "
                "et préparez-en un autre.",
            )
