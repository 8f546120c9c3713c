"""Use cases of demand."""
from tenders.demand.services.closings import Closed, close_due_lots, close_lot, end_lots
from tenders.demand.services.needs import NeedState, put_need, return_need, sign_need, withdraw_need

__all__ = [
    "Closed",
    "NeedState",
    "close_due_lots",
    "close_lot",
    "end_lots",
    "put_need",
    "return_need",
    "sign_need",
    "withdraw_need",
]
