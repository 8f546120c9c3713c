"""Requests that create a commitment or money are done once, however often they are sent (architecture §8)."""
from marketplace.platform.idempotency.claiming import claim, forget_old_keys, remember
from marketplace.platform.idempotency.keys import HEADER_PARAMETER, RequestKey, form_key, request_key

__all__ = ["HEADER_PARAMETER", "RequestKey", "claim", "forget_old_keys", "form_key", "remember", "request_key"]
