"""Use cases of contracts."""
from tenders.contracts.services.activating import activate_contract
from tenders.contracts.services.concluding import conclude_contract
from tenders.contracts.services.signing import sign_contract

__all__ = ["activate_contract", "conclude_contract", "sign_contract"]
