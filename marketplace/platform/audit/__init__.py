"""The audit: what was done, by whom, on what; append-only, sealed after the fact by a job (architecture §6)."""
from marketplace.platform.audit.recording import erase_personal, record

__all__ = ["erase_personal", "record"]
