"""Use cases of what invoices say of an organisation, and of the mandate that lets the platform draw them."""
import hashlib
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from stdnum import iban as ibans

from marketplace.accounts.models import Organisation
from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import N_, BadInput, NotFound, RuleBroken, StaleVersion
from marketplace.platform.permissions import Actor, require
from tenders.contracts.invoicing.models import InvoicingDetails
from tenders.contracts.invoicing.queries import readers
from tenders.contracts.invoicing.rules.issuing import LONGEST_PAYMENT_DAYS, PAYMENT_DAYS
from tenders.contracts.invoicing.rules.mentions import mandate_text

FACTS = ("postcode", "town", "country", "payment_days", "late_rate")


def describe_invoicing(
    actor: Actor, organisation_id: UUID, *, address_lines: Sequence[str], postcode: str, town: str, country: str = "FR",
    iban: str = "", payment_days: int = PAYMENT_DAYS, late_rate: str = "", expected_version: int | None = None,
) -> InvoicingDetails:  # fmt: skip
    """Say the address, the IBAN and the delay that one's invoices carry; invoices issued before keep what they say."""
    with transaction() as session:
        organisation = own_organisation(session, actor, organisation_id)
        require(actor, "invoicing.describe", own=organisation.id)
        lines = [line.strip() for line in address_lines if line.strip()]
        plain = ibans.compact(iban) if iban.strip() else ""
        _check(lines, postcode, town, country, plain, payment_days)
        details = _lock(session, organisation_id)
        if details is None:
            details = InvoicingDetails(organisation_id=organisation_id, version=0)
            session.add(details)
        elif expected_version is not None and expected_version != details.version:
            raise StaleVersion(details.version)
        details.address_lines, details.postcode, details.town = lines, postcode.strip(), town.strip()
        details.country, details.iban = country, plain
        details.payment_days, details.late_rate = payment_days, late_rate.strip()
        details.version += 1
        session.flush()
        audit.record(
            session, actor, "invoicing.described", "organisation", organisation_id, organisation_id=organisation_id,
            after={name: getattr(details, name) for name in FACTS}, personal={"iban": plain, "address": lines},
        )  # fmt: skip
        return details


def give_mandate(actor: Actor, organisation_id: UUID, *, shown_hash: str | None = None) -> InvoicingDetails:
    """A signatory lets the platform draw the organisation's invoices (CGI, art. 289, I-2).

    RuleBroken `details_missing` before the address is known, `mandate_changed` when another text was shown.
    """
    with transaction() as session:
        organisation = own_organisation(session, actor, organisation_id)
        require(actor, "invoicing.mandate", own=organisation.id)
        details = _lock(session, organisation_id)
        if details is None or not organisation.siren:
            raise RuleBroken("details_missing", "Donnez d'abord l'adresse et le SIREN qui figureront sur vos factures.")
        current = mandate_hash(organisation)
        if shown_hash is not None and shown_hash != current:
            raise RuleBroken(
                "mandate_changed", "Le texte du mandat a changé depuis que vous l'avez lu : relisez-le, puis signez."
            )
        if details.mandated_at is None:
            details.mandated_at, details.mandated_by, details.mandate_hash = clock.now(), actor.own_id, current
            _written(session, actor, details, "invoicing.mandate_given")
        return details


def end_mandate(actor: Actor, organisation_id: UUID) -> InvoicingDetails:
    """The organisation takes its mandate back, for invoices to come."""
    with transaction() as session:
        organisation = own_organisation(session, actor, organisation_id)
        require(actor, "invoicing.mandate", own=organisation.id)
        details = _lock(session, organisation_id)
        if details is None:
            raise NotFound("invoicing_details")
        if details.mandated_at is not None:
            details.mandated_at = details.mandated_by = details.mandate_hash = None
            _written(session, actor, details, "invoicing.mandate_ended")
        return details


def mandate_hash(organisation: Organisation) -> str:
    """SHA-256 of the mandate's text for this organisation."""
    return hashlib.sha256(mandate_text(organisation.name, organisation.siren or "").encode()).hexdigest()


def own_organisation(session: Session, actor: Actor, organisation_id: UUID) -> Organisation:
    """The organisation, when the actor sits there; NotFound otherwise."""
    if organisation_id not in readers(actor):
        raise NotFound("organisation")
    return session.get_one(Organisation, organisation_id)


def _lock(session: Session, organisation_id: UUID) -> InvoicingDetails | None:
    statement = select(InvoicingDetails).where(InvoicingDetails.organisation_id == organisation_id).with_for_update()
    return session.scalars(statement, execution_options={"populate_existing": True}).one_or_none()


def _written(session: Session, actor: Actor, details: InvoicingDetails, action: str) -> None:
    details.version += 1
    session.flush()
    audit.record(
        session, actor, action, "organisation", details.organisation_id, organisation_id=details.organisation_id,
        after={"mandate_hash": details.mandate_hash},
    )  # fmt: skip


def _check(lines: Sequence[str], postcode: str, town: str, country: str, iban: str, payment_days: int) -> None:
    errors = {}
    if not 1 <= len(lines) <= 3:
        errors["address_lines"] = [N_("Écrivez l'adresse sur une à trois lignes.")]
    if not postcode.strip():
        errors["postcode"] = [N_("Écrivez le code postal.")]
    if not town.strip():
        errors["town"] = [N_("Écrivez la ville.")]
    if not (len(country) == 2 and country.isascii() and country.isupper()):
        errors["country"] = [N_("Écrivez le pays en deux lettres, par exemple FR.")]
    if iban and not ibans.is_valid(iban):
        errors["iban"] = [N_("Cet IBAN n'est pas valable : recopiez-le de votre relevé d'identité bancaire.")]
    if not 0 <= payment_days <= LONGEST_PAYMENT_DAYS:
        errors["payment_days"] = [N_("Donnez de 0 à 60 jours : la loi n'en permet pas plus (C. com., art. L441-10).")]
    if errors:
        raise BadInput(errors)
