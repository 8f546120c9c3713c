"""The audit: what was done, by whom, on what; append-only, sealed after the fact by a job (architecture §6)."""
from marketplace.platform.audit.recording import Act, erase_personal, record, record_all

__all__ = ["Act", "erase_personal", "record", "record_all"]
