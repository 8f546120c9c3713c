"""Closed vocabularies of studies."""
from typing import Final

STATUSES: Final = ("queued", "running", "done", "failed", "cancelled")
SHOCKS: Final = ("prices_up", "provider_lost", "member_lost")
