"""Users, organisations, memberships, tokens and sessions for tests."""
import secrets
from collections.abc import Sequence
from datetime import timedelta

import factory

from marketplace.accounts.models import ApiToken, Membership, Organisation, User, UserSession
from marketplace.platform import clock
from marketplace.platform.api import fingerprint
from marketplace.platform.database import new_id
from tests.factories.base import Factory


class UserFactory(Factory):
    """A person without a password."""

    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"personne{n}@exemple.test")
    full_name = factory.Sequence(lambda n: f"Personne {n}")


class OrganisationFactory(Factory):
    """A care operator unless told otherwise."""

    class Meta:
        model = Organisation

    kind = "care_operator"
    name = factory.Sequence(lambda n: f"Organisation fictive {n}")


class MembershipFactory(Factory):
    """Roles of a person in an organisation."""

    class Meta:
        model = Membership

    user_id = factory.LazyFunction(lambda: UserFactory().id)
    organisation_id = factory.LazyFunction(lambda: OrganisationFactory().id)
    roles = ("admin",)

    @classmethod
    def _adjust_kwargs(cls, **kwargs: object) -> dict[str, object]:
        return {**kwargs, "roles": list(kwargs["roles"])}  # type: ignore[call-overload]


def user_in(
    organisation: Organisation | None = None, roles: Sequence[str] = ("admin", "signatory", "buyer"),
    kind: str = "care_operator",
) -> User:  # fmt: skip
    """A person with roles in an organisation, made for the occasion when none is given."""
    home = organisation or OrganisationFactory(kind=kind)
    user = UserFactory()
    MembershipFactory(user_id=user.id, organisation_id=home.id, roles=roles)
    return user


def operator() -> User:
    """Somebody who runs the platform."""
    return user_in(OrganisationFactory(kind="platform"), roles=("admin", "operator"))


class ApiTokenFactory(Factory):
    """A token whose secret nobody knows; `token_for` makes usable ones."""

    class Meta:
        model = ApiToken

    id = factory.LazyFunction(new_id)
    name = "essais"
    token_hash = factory.LazyFunction(lambda: fingerprint(secrets.token_urlsafe(8)))
    hint = "grp_xxxx"
    scopes = factory.LazyFunction(lambda: ["read", "write", "sign"])
    created_at = factory.LazyFunction(clock.now)
    expires_at = factory.LazyFunction(lambda: clock.now() + timedelta(days=1))


def token_for(user: User, scopes: Sequence[str] = ("read", "write", "sign")) -> str:
    """The secret of a fresh token of this user."""
    secret = "grp_" + secrets.token_urlsafe(16)
    ApiTokenFactory(user_id=user.id, token_hash=fingerprint(secret), scopes=list(scopes), last_used_at=clock.now())
    return secret


class UserSessionFactory(Factory):
    """A signed-in browser."""

    class Meta:
        model = UserSession

    id = factory.LazyFunction(new_id)
    key_hash = factory.LazyFunction(lambda: fingerprint(secrets.token_urlsafe(8)))
    expires_at = factory.LazyFunction(lambda: clock.now() + timedelta(days=1))


def session_key_for(user: User) -> str:
    """The key of a fresh browser session of this user."""
    key = secrets.token_urlsafe(16)
    UserSessionFactory(user_id=user.id, key_hash=fingerprint(key))
    return key
