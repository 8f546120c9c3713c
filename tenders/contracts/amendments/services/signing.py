"""Use case: sign an amendment, its PDF kept with its hash; it is the next version of the contract, effective from its day.

Order of locks: contracts → envelopes → the amendment's row (tenders/contracts/services/concluding.py). Two signatures at
once come one after the other under the contract's lock, and the second is looked at again on the terms the first left.
"""
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import N_, BadInput, RuleBroken, Sentence
from marketplace.platform.facts import pack
from marketplace.platform.files import Upload, keep
from marketplace.platform.permissions import Actor, require
from tenders.contracts.amendments import notices, queries
from tenders.contracts.amendments.examining import assess, examine, standing_of
from tenders.contracts.amendments.models import Amendment
from tenders.contracts.amendments.rules.changes import check_current
from tenders.contracts.amendments.rules.effects import check_open
from tenders.contracts.amendments.rules.thresholds import Weighed
from tenders.contracts.amendments.steps import bring_into_force, lock_current
from tenders.contracts.models import Contract


def sign_amendment(
    actor: Actor, amendment_id: UUID, upload: Upload, signed_on: date, *, acknowledgement: str | None = None
) -> Amendment:
    """Keep the signed amendment: it has its number, and is in force from its day (today's at once).

    BadInput for a day to come or another type than PDF; RuleBroken `amendment_not_a_draft`, `amendment_outdated`,
    `amendment_needs_acknowledgement` with its warnings, and those of rules/effects.py: looked at again today.
    """
    with transaction() as session:
        amendment = queries.get_amendment(session, actor, amendment_id)
        require(actor, "amendment.sign", centre=amendment.contract.organisation_id)
        _check_paper(upload, signed_on)
        contract = lock_current(session, amendment.contract_id)
        session.execute(select(Amendment.id).where(Amendment.id == amendment_id).with_for_update())
        session.refresh(amendment)
        check_open(is_signed=amendment.signed_at is not None, is_withdrawn=amendment.withdrawn_at is not None)
        effective_on, weighed = _examined(session, contract, amendment)
        said = (acknowledgement or "").strip() or None
        _check_acknowledged(weighed, said)
        stored = keep(session, upload, owner_id=contract.organisation_id, stored_by=actor.user_id)
        contract.amendments += 1
        contract.version += 1
        amendment.number, amendment.effective_on = contract.amendments, effective_on
        amendment.signed_on, amendment.signed_file_id, amendment.signed_by = signed_on, stored.id, actor.user_id
        amendment.signed_at, amendment.assessment = clock.now(), pack(facts_of(weighed))
        amendment.acknowledgement = said if weighed.warnings else None
        session.flush()
        audit.record(
            session, actor, "amendment.signed", "contract", contract.id, organisation_id=contract.organisation_id,
            after={"amendment_id": amendment.id, "number": amendment.number, "effective_on": effective_on,
                   "sha256": stored.sha256, "warnings": [each.code for each in weighed.warnings],
                   "acknowledgement": amendment.acknowledgement},
        )  # fmt: skip
        bring_into_force(session, [contract], clock.today())
        notices.signed(session, contract, amendment)
        session.refresh(amendment)
        return amendment


def _check_paper(upload: Upload, signed_on: date) -> None:
    errors = {}
    if upload.content_type != "application/pdf":
        errors["signed_file"] = [N_("L'avenant signé est un PDF : choisissez-en un.")]
    if signed_on > clock.today():
        errors["signed_on"] = [N_("Une signature ne peut pas être à venir.")]
    if errors:
        raise BadInput(errors)


def _examined(session: Session, contract: Contract, amendment: Amendment) -> tuple[date, Weighed]:
    """The day of effect and the figures, once everything still allows the amendment."""
    today = clock.today()
    signed = queries.list_signed(session, contract.id)
    terms = queries.terms_to_amend(session, contract, signed)
    check_current(terms, amendment.changes)
    effective_on = amendment.wanted_on or today
    standing = standing_of(contract, signed, terms)
    examine(session, contract, standing, terms, amendment.kind, amendment.changes, effective_on, today)
    return effective_on, weigh_draft(session, contract, amendment, signed, terms)


def weigh_draft(
    session: Session, contract: Contract, amendment: Amendment, signed: list[Amendment], terms: dict[str, object]
) -> Weighed:
    """Step: a draft against the initial value and the thresholds of today."""
    return assess(
        session, contract, signed, terms, basis=amendment.legal_basis, value_change=amendment.value_change,
        changes=amendment.changes, on=clock.today(),
    )  # fmt: skip


def facts_of(weighed: Weighed) -> dict[str, object]:
    """What an amendment was signed on, as it is kept."""
    return {
        "initial": weighed.initial.amount, "how": weighed.initial.how, "reference": weighed.reference,
        "cumulated": weighed.cumulated, "share": weighed.share, "warnings": list(weighed.warnings),
    }  # fmt: skip


def _check_acknowledged(weighed: Weighed, said: str | None) -> None:
    if weighed.warnings and said is None:
        values = {f"warning_{place}": warning for place, warning in enumerate(weighed.warnings)}
        raise RuleBroken(
            "amendment_needs_acknowledgement",
            "{warnings} Écrivez pourquoi l'avenant est signé malgré cela.",
            field="acknowledgement",
            warnings=Sentence("amendment_warnings", " ".join(f"{{{name}}}" for name in values), values),
        )
