"""The audit: what was done, by whom, on what; append-only, sealed after the fact by a job (architecture §6)."""
from marketplace.platform.audit.recording import Act, Told, erase_personal, record, record_all, told

__all__ = ["Act", "Told", "erase_personal", "record", "record_all", "told"]
