"""A vendor joins by itself: asked for on a page, confirmed by a mailed link, then looked at by the platform."""
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session
from stdnum.eu import vat as vat_number_rules
from stdnum.fr import siren as siren_number

from catalog.providers.models import SignUp
from catalog.providers.services import add_provider
from marketplace.accounts import passwords_by_mail, queries
from marketplace.accounts.models import Membership, Organisation, User
from marketplace.platform import audit, clock, mail, outbox, throttle
from marketplace.platform.api import fingerprint
from marketplace.platform.database import db, new_id, rows_changed, transaction
from marketplace.platform.errors import N_, BadInput, Conflict, RuleBroken
from marketplace.platform.i18n import language, say_in
from marketplace.platform.permissions import Actor

KIND = "provider_sign_up"
LINK_LIFE = timedelta(days=1)
KEPT_FOR = timedelta(days=7)
HOUR = timedelta(hours=1)
SIREN_LOCK = 4
"""Class of the advisory locks on a SIREN."""
SUBJECT = N_("Confirmez l'inscription de {company} sur Grappe")
BODY = N_(
    "Bonjour {name},\n\nPour inscrire {company} (SIREN {siren}) comme prestataire, confirmez votre adresse dans les "
    "24 heures :\n{link}\n\nLa plateforme vérifie ensuite votre fiche. Si vous n'avez rien demandé, ne faites rien : "
    "rien n'est créé.\n"
)


def ask(
    *, email: str, full_name: str, company: str, siren: str, vat_number: str | None = None, address: str
) -> None:
    """Use case: note who wants to join and mail the link that confirms it. Throttled; says nothing of who exists.

    BadInput names a SIREN or a VAT number whose check digits fail.
    """
    account = email.strip().lower()
    throttle.hit(f"sign-up:address:{address}", limit=20, window=HOUR)
    throttle.hit(f"sign-up:account:{fingerprint(account)}", limit=5, window=HOUR)
    if not siren_number.is_valid(siren):
        raise BadInput({"siren": [N_("Ce SIREN est faux : recopiez ses neuf chiffres.")]})
    if vat_number and not vat_number_rules.is_valid(vat_number):
        raise BadInput({"vat_number": [N_("Ce numéro de TVA est faux : recopiez-le avec ses deux lettres.")]})
    if vat_number and not _is_vat_of(vat_number, siren):
        raise BadInput({"vat_number": [N_("Ce numéro de TVA est celui d'un autre SIREN : vérifiez les deux.")]})
    with transaction() as session:
        asked = SignUp(
            id=new_id(), email=account, full_name=full_name.strip(), company=company.strip(),
            siren=siren_number.compact(siren), locale=language(), asked_at=clock.now(),
            vat_number=vat_number_rules.compact(vat_number) if vat_number else None,
        )  # fmt: skip
        session.add(asked)
        session.flush()
        outbox.enqueue(session, KIND, {"sign_up_id": str(asked.id)})


def read_link(token: str) -> SignUp:
    """Who asked for this link; RuleBroken `sign_up_link_void` when it is old, used or not ours."""
    void = RuleBroken("sign_up_link_void", "Ce lien n'est plus valable : recommencez l'inscription.")
    try:
        asked = db.session.get(SignUp, UUID(_signer().loads(token, max_age=int(LINK_LIFE.total_seconds()))))
    except (BadSignature, ValueError, TypeError) as bad:
        raise void from bad
    if asked is None:
        raise void
    return asked


def confirm(token: str) -> User:
    """Use case: the address is proven; make the organisation, its first administrator, and a profile to be verified.

    Conflict `provider_siren_taken` when a provider with this SIREN is here already: its administrator invites people.
    """
    sign_up_id = read_link(token).id
    with transaction() as session:
        asked = session.get(SignUp, sign_up_id, with_for_update=True, populate_existing=True)
        if asked is None:
            raise RuleBroken("sign_up_link_void", "Ce lien n'est plus valable : recommencez l'inscription.")
        _refuse_second(session, asked.siren)
        user = queries.find_user_by_email(session, asked.email) or _new_user(session, asked)
        organisation = _new_organisation(session, asked, user)
        provider = add_provider(
            session, organisation_id=organisation.id, name=organisation.name, contact_name=asked.full_name,
            contact_email=asked.email,
        )  # fmt: skip
        session.delete(asked)
        audit.record(
            session, Actor(user.id, user.full_name), "provider.signed_up", "provider", provider.id,
            organisation_id=organisation.id, after={"siren": organisation.siren},
        )  # fmt: skip
    return user


def forget_sign_ups(now: datetime) -> int:
    """Use case of the scheduler: forget who never confirmed; how many."""
    with transaction() as session:
        return rows_changed(session, delete(SignUp).where(SignUp.asked_at < now - KEPT_FOR))


def deliver(payload: dict[str, Any]) -> None:
    """Outbox handler: make the link now and mail it; nothing when it was confirmed or forgotten meanwhile."""
    asked = db.session.get(SignUp, UUID(payload["sign_up_id"]))
    if asked is None:
        return
    link = f"{current_app.config['BASE_URL']}/inscription/{_signer().dumps(str(asked.id))}"
    values = {"name": asked.full_name, "company": asked.company, "siren": asked.siren, "link": link}
    to, subject = asked.email, say_in(asked.locale, SUBJECT, values)
    mail.send(to=to, subject=subject, body=say_in(asked.locale, BODY, values), key=payload["sign_up_id"])


def onward(user: User) -> str | None:
    """Where a person without a password chooses one; None when there is one already."""
    return passwords_by_mail.make_path(user) if user.password_hash is None else None


def _is_vat_of(vat_number: str, siren: str) -> bool:
    """A French VAT number ends with the SIREN it was given to; those of other countries cannot tell."""
    compact = vat_number_rules.compact(vat_number)
    return not compact.startswith("FR") or compact.endswith(siren_number.compact(siren))


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=KIND)


def _refuse_second(session: Session, siren: str) -> None:
    # Two confirmations at once wait for one another here: an organisation's SIREN is not unique (one may be a clinic too).
    session.execute(select(func.pg_advisory_xact_lock(SIREN_LOCK, int(siren))))
    taken = exists().where(Organisation.siren == siren, Organisation.kind == "provider")
    if session.scalars(select(taken)).one():
        raise Conflict(
            "provider_siren_taken",
            "Une société avec le SIREN {siren} est déjà inscrite : demandez à son administrateur de vous inviter.",
            siren=siren,
        )


def _new_user(session: Session, asked: SignUp) -> User:
    user = User(
        id=new_id(), email=asked.email, full_name=asked.full_name, locale=asked.locale, created_at=clock.now()
    )
    session.add(user)
    session.flush()
    return user


def _new_organisation(session: Session, asked: SignUp, user: User) -> Organisation:
    organisation = Organisation(
        id=new_id(), kind="provider", name=asked.company, siren=asked.siren, vat_number=asked.vat_number,
        created_at=clock.now(),
    )  # fmt: skip
    session.add(organisation)
    session.flush()
    roles = ["admin", "signatory"]
    session.add(
        Membership(id=new_id(), user_id=user.id, organisation_id=organisation.id, roles=roles, created_at=clock.now())
    )
    session.flush()
    return organisation
