"""Use case: keep the contract itself, a signed PDF, with its hash and the day it was signed."""
from datetime import date
from uuid import UUID

from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import N_, BadInput, RuleBroken
from marketplace.platform.files import Upload, keep
from marketplace.platform.permissions import Actor, require
from tenders.contracts import queries
from tenders.contracts.models import Contract


def sign_contract(actor: Actor, contract_id: UUID, upload: Upload, signed_on: date) -> Contract:
    """Keep the signed contract. The same file again changes nothing; another one replaces it until activation.

    BadInput for a day to come or another type than PDF; RuleBroken `contract_already_activated`.
    """
    with transaction() as session:
        contract = queries.get_contract(session, actor, contract_id)
        require(actor, "contract.sign", centre=contract.organisation_id)
        errors = {}
        if upload.content_type != "application/pdf":
            errors["signed_file"] = [N_("Le contrat signé est un PDF : choisissez-en un.")]
        if signed_on > clock.today():
            errors["signed_on"] = [N_("Une signature ne peut pas être à venir.")]
        if errors:
            raise BadInput(errors)
        contract = queries.lock_contract(session, contract_id)
        if contract.activated_at is not None or contract.lapsed_at is not None:
            raise RuleBroken(
                "contract_already_activated",
                "Le contrat signé ne se remplace plus une fois le contrat activé ou caduc : ajoutez un avenant.",
            )
        stored = keep(session, upload, owner_id=contract.organisation_id, stored_by=actor.user_id)
        contract.signed_file_id, contract.signed_on = stored.id, signed_on
        contract.version += 1
        session.flush()
        audit.record(
            session, actor, "contract.signed", "contract", contract.id, organisation_id=contract.organisation_id,
            after={"signed_on": signed_on, "sha256": stored.sha256, "file_id": stored.id},
        )  # fmt: skip
        return contract
