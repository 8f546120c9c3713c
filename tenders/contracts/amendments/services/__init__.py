"""Use cases of amendments: prepare, withdraw, sign, bring into force; enter a threshold of the law."""
from tenders.contracts.amendments.services.drafting import prepare_amendment, withdraw_amendment
from tenders.contracts.amendments.services.signing import sign_amendment
from tenders.contracts.amendments.services.taking_effect import take_effect, take_effect_due
from tenders.contracts.amendments.services.thresholds import enter_threshold

__all__ = ["enter_threshold", "prepare_amendment", "sign_amendment", "take_effect", "take_effect_due", "withdraw_amendment"]
