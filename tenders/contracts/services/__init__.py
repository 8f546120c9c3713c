"""Use cases of contracts."""
from tenders.contracts.services.activating import activate_contract
from tenders.contracts.services.concluding import conclude_contract
from tenders.contracts.services.ending import resume_contract, suspend_contract, terminate_contract
from tenders.contracts.services.lapsing import lapse_contract
from tenders.contracts.services.signing import sign_contract

__all__ = [
    "activate_contract",
    "conclude_contract",
    "lapse_contract",
    "resume_contract",
    "sign_contract",
    "suspend_contract",
    "terminate_contract",
]
