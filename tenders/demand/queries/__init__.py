"""Reads of pools, needs and closings."""
from tenders.demand.queries.closings import (
    ClosingSight,
    closing_sight,
    establishment_names,
    find_closing,
    find_last_closing,
    list_closings,
)
from tenders.demand.queries.needs import (
    NeedRow,
    get_need,
    list_needs,
    list_own_needs,
    list_own_needs_on,
    list_to_sign,
    rank_of,
)
from tenders.demand.queries.placing import Standing, get_standing
from tenders.demand.queries.pool import get_pool
from tenders.demand.queries.verification import Difference, list_differences
from tenders.demand.queries.versions import NeedChange, list_need_changes

__all__ = [
    "ClosingSight",
    "Difference",
    "NeedChange",
    "NeedRow",
    "Standing",
    "closing_sight",
    "establishment_names",
    "find_closing",
    "find_last_closing",
    "get_need",
    "get_pool",
    "get_standing",
    "list_closings",
    "list_differences",
    "list_need_changes",
    "list_needs",
    "list_own_needs",
    "list_own_needs_on",
    "list_to_sign",
    "rank_of",
]
