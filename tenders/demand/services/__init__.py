"""Use cases of demand."""
from tenders.demand.services.closings import Closed, close_due_lots, close_lot, end_lots
from tenders.demand.services.imports import Imported, import_needs
from tenders.demand.services.needs import NeedState, put_need, return_need, sign_need, withdraw_need
from tenders.demand.services.undoings import undo_closing

__all__ = [
    "Closed",
    "Imported",
    "NeedState",
    "close_due_lots",
    "close_lot",
    "end_lots",
    "import_needs",
    "put_need",
    "return_need",
    "sign_need",
    "undo_closing",
    "withdraw_need",
]
