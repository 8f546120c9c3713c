"""What a safe password, a sensible set of roles and a live session or token are."""
from collections.abc import Collection
from datetime import datetime, timedelta

from marketplace.platform.errors import N_, BadInput, RuleBroken
from marketplace.platform.permissions import ROLES, SCOPES

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200
LONGEST_TOKEN_LIFE = timedelta(days=366)

ROLES_BY_KIND = {
    "care_operator": ("admin", "signatory", "buyer", "contributor", "viewer"),
    "provider": ("admin", "signatory", "contributor", "viewer"),
    "purchasing_centre": ("admin", "signatory", "buyer", "contributor", "viewer"),
    "authority": ("admin", "contributor", "viewer"),
    "platform": ("admin", "operator", "viewer"),
}
"""Roles that mean something in each kind of organisation."""


def check_password(password: str, email: str) -> None:
    """Refuse a password that is short, endless, or the person's own address (NIST SP 800-63B: length over classes)."""
    if len(password) < SHORTEST_PASSWORD:
        raise RuleBroken(
            "password_too_short",
            "Choisissez un mot de passe d'au moins {shortest} caractères : une phrase courte convient très bien.",
            shortest=SHORTEST_PASSWORD,
        )
    if len(password) > LONGEST_PASSWORD:
        raise RuleBroken(
            "password_too_long", "Choisissez un mot de passe de {longest} caractères au plus.", longest=LONGEST_PASSWORD
        )
    if password.casefold() in {email.casefold(), email.split("@")[0].casefold() * 2}:
        raise RuleBroken("password_is_the_address", "Le mot de passe ne peut pas être votre adresse : choisissez-en un autre.")


def check_roles(roles: Collection[str], kind: str) -> list[str]:
    """The roles in their usual order; RuleBroken when one has no meaning in this kind of organisation."""
    if not roles:
        raise BadInput({"roles": [N_("Choisissez au moins un rôle.")]})
    for role in roles:
        if role not in ROLES_BY_KIND[kind]:
            raise RuleBroken(
                "role_not_for_this_kind",
                "Le rôle « {role} » n'existe pas dans ce type d'organisation : choisissez parmi {choices}.",
                role=role,
                choices=", ".join(ROLES_BY_KIND[kind]),
            )
    return [role for role in ROLES if role in roles]


def check_token_request(scopes: Collection[str], days: int, own_scopes: Collection[str]) -> list[str]:
    """The scopes in their usual order; a token never lasts longer than a year nor reaches further than its maker."""
    if not scopes or set(scopes) - set(SCOPES):
        raise BadInput({"scopes": [N_("Choisissez parmi read, write et sign.")]})
    if set(scopes) - set(own_scopes):
        raise RuleBroken(
            "token_scope_beyond_yours", "Un jeton ne peut pas créer un jeton plus étendu que lui : retirez des droits."
        )
    if not 1 <= days <= LONGEST_TOKEN_LIFE.days:
        raise BadInput({"days": [N_("Donnez une durée de 1 à 366 jours.")]})
    return [scope for scope in SCOPES if scope in scopes]


def is_alive(expires_at: datetime, revoked_at: datetime | None, now: datetime) -> bool:
    """Whether a session or token still opens the door."""
    return revoked_at is None and now < expires_at


def check_last_admin(remaining_admins: int) -> None:
    """An organisation keeps at least one administrator, otherwise nobody could give rights any more."""
    if remaining_admins < 1:
        raise RuleBroken(
            "last_administrator",
            "Cette personne est la dernière à administrer l'organisation : nommez d'abord un autre administrateur.",
        )
