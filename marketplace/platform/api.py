"""The edge: who may call, what comes in, what goes out, declared beside each view (architecture §4, §8)."""
import hashlib
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

import marshmallow as ma
from flask import Blueprint as PageBlueprint
from flask import Flask, g, redirect, request, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_smorest import Api, Blueprint
from werkzeug.wrappers import Response

from marketplace.platform import permissions
from marketplace.platform.errors import N_, DomainError, NotAllowed
from marketplace.platform.permissions import Actor

API_PREFIX = "/api/v1"
NO_VERSION = -1
ANONYMOUS = Actor(user_id=None, name="", scopes=frozenset())

View = TypeVar("View", bound=Callable[..., Any])

ma.fields.Field.default_error_messages.update(
    required=_l("Ce champ est obligatoire."), null=_l("Ce champ ne peut pas être vide."),
    validator_failed=_l("Cette valeur n'est pas acceptée."),
)  # fmt: skip
ma.fields.String.default_error_messages.update(invalid=_l("Écrivez un texte."), invalid_utf8=_l("Texte illisible."))
ma.fields.Integer.default_error_messages.update(invalid=_l("Écrivez un nombre entier."))
ma.fields.Number.default_error_messages.update(
    invalid=_l("Écrivez un nombre."), too_large=_l("Ce nombre est trop grand.")
)
ma.fields.Boolean.default_error_messages.update(invalid=_l("Répondez par vrai ou faux."))
ma.fields.DateTime.default_error_messages.update(
    invalid=_l("Écrivez un moment ISO 8601 avec fuseau, par exemple 2027-06-12T10:00:00Z.")
)
ma.fields.AwareDateTime.default_error_messages.update(awareness=_l("Donnez le fuseau horaire, par exemple Z."))
ma.fields.Date.default_error_messages.update(invalid=_l("Écrivez une date ISO 8601, par exemple 2027-06-12."))
ma.fields.List.default_error_messages.update(invalid=_l("Donnez une liste."))
ma.fields.Nested.default_error_messages.update(type=_l("Donnez un objet."))


class Schema(ma.Schema):
    """Base of every schema: shape and type only, unknown fields refused, fields in the order written."""

    class Meta:
        """Unknown fields are the caller's mistake and are said to be."""

        unknown = ma.RAISE

    error_messages = {"unknown": _l("Champ inconnu : retirez-le."), "type": _l("Donnez un objet JSON.")}


class DecimalString(ma.fields.Field):
    """Money or a price: a decimal string in JSON, a Decimal inside; floats are refused."""

    default_error_messages = {
        "invalid": _l("Écrivez un montant en texte, par exemple \"4.10\"."),
        "too_precise": _l("Écrivez au plus quatre décimales."),
        "negative": _l("Ce montant ne peut pas être négatif."),
        "too_large": _l("Ce montant est trop grand."),
    }

    def __init__(self, **options: Any) -> None:
        options.setdefault("metadata", {})
        options["metadata"] = {"type": "string", "pattern": r"^\d{1,14}(\.\d{1,4})?$", **options["metadata"]}
        super().__init__(**options)

    def _serialize(self, value: Decimal | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else f"{value:f}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise self.make_error("invalid")
        try:
            amount = Decimal(value)
        except InvalidOperation as bad:
            raise self.make_error("invalid") from bad
        if not amount.is_finite():
            raise self.make_error("invalid")
        if amount < 0:
            raise self.make_error("negative")
        if amount >= Decimal(10) ** 14:
            raise self.make_error("too_large")
        if -int(amount.as_tuple().exponent) > 4:
            raise self.make_error("too_precise")
        return amount


class Identifier(ma.fields.UUID):
    """An opaque id: text outside, UUID inside."""

    default_error_messages = {"invalid_uuid": _l("Identifiant inconnu : reprenez celui que l'API vous a donné.")}


class Quantity(ma.fields.Integer):
    """A whole number of units of work, never negative, never a float; fits a PostgreSQL bigint with room to add up."""

    def __init__(self, *, minimum: int = 0, **options: Any) -> None:
        super().__init__(strict=True, validate=ma.validate.Range(min=minimum, max=10**12), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool | float):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class ProblemOut(ma.Schema):
    """RFC 9457 problem details, with a stable `code`; refusals add their own members (see docs/errors.md)."""

    class Meta:
        """Extension members are part of the standard."""

        unknown = ma.INCLUDE

    type = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    code = ma.fields.String(required=True)
    errors = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.List(ma.fields.String()))


class GrappeApi(Api):
    """flask-smorest without its own error handlers: platform/http.py maps every error once."""

    ERROR_SCHEMA = ProblemOut

    def _register_error_handlers(self) -> None:
        """Errors are mapped in platform/http.py."""

    def describe_problems(self) -> None:
        """Say in the document that every error is problem+json; call it once all blueprints are registered."""
        self.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
        self.spec.options["security"] = [{"bearer": []}]
        for response in self.spec.components.responses.values():
            content = response.get("content", {})
            if "application/json" in content:
                content["application/problem+json"] = content.pop("application/json")


class SignInRequired(DomainError):
    """Nobody, or nobody we know, is asking."""

    status = 401


def current_actor() -> Actor:
    """Who is asking: by Bearer token when one is sent, else by the signed-in session, else nobody."""
    actor = g.get("actor")
    if actor is None:
        actor = current_user.actor if current_user.is_authenticated else ANONYMOUS
        g.actor = actor
    return actor


def require_signed_in() -> Actor:
    """The actor, or SignInRequired."""
    actor = current_actor()
    if actor.user_id is None:
        raise SignInRequired(
            "sign_in_required", N_("Connectez-vous, ou envoyez un jeton d'API valable dans l'en-tête Authorization.")
        )
    return actor


def guard(action: str) -> Callable[[View], View]:
    """Declare which action a view performs: signed in, and with a token whose scope reaches it.

    The relation to the row is asked by the use case (`permissions.require`) once the row is loaded.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            actor = current_actor()
            if actor.user_id is None and not request.path.startswith("/api/"):
                return redirect(url_for("accounts_pages.sign_in", next=_where()))
            require_signed_in()
            scope = permissions.scope_of(action)
            if scope not in actor.scopes:
                raise NotAllowed(action, scope=scope)
            return view(*args, **kwargs)

        guarded._action = action  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def _where() -> str:
    return request.full_path.rstrip("?") if request.method == "GET" else ""


def action_of(app: Flask, endpoint: str) -> str | None:
    """The action an endpoint declares, None when it declares none (then it must be listed public)."""
    return getattr(app.view_functions[endpoint], "_action", None)


class JsonBlueprint(Blueprint):
    """flask-smorest's blueprint, with each view's schema built once instead of at every request."""

    def arguments(self, schema: Any, **options: Any) -> Any:
        """Declare what comes in: a schema, by its class or as an instance."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **options)


def called_by_machines(view: View) -> View:
    """Mark a public view that another service calls: it carries no cookie, and proves itself by its own signature."""
    view._called_by_machines = True  # type: ignore[attr-defined]
    return view


def is_called_by_machines(app: Flask, endpoint: str) -> bool:
    """Whether an endpoint is one that another service calls."""
    return getattr(app.view_functions.get(endpoint), "_called_by_machines", False)


def blueprint(name: str, import_name: str) -> Blueprint:
    """A JSON blueprint under /api/v1; its docs come from the views' own declarations."""
    return JsonBlueprint(name, import_name, url_prefix=API_PREFIX)


def page_blueprint(name: str, import_name: str, **options: Any) -> PageBlueprint:
    """An HTML blueprint, named `<room>_pages`."""
    return PageBlueprint(f"{name}_pages", import_name, **options)


def etag_of(version: int) -> str:
    """The entity tag of a version number, without quotes."""
    return f"v{version}"


def set_etag(response: Response, version: int) -> Response:
    """Put the version on the response as a strong ETag."""
    response.set_etag(etag_of(version))
    return response


def expected_version() -> int | None:
    """The version named by If-Match; None when the caller does not ask (If-Match is optional, architecture §8).

    The ETag is read as sent, or as the bare version number; any other tag is of no version of ours and so matches none
    (RFC 9110 §13.1.1): -1, which every use case finds stale.
    """
    tag = request.headers.get("If-Match")
    if tag is None or tag.strip() == "*":
        return None
    number = tag.strip().removeprefix("W/").strip('"').removeprefix("v")
    return int(number) if number.isascii() and number.isdigit() else NO_VERSION


def fingerprint(secret: str) -> str:
    """SHA-256 of a session key or token, in hexadecimal: what is stored instead of the secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def identifier(text: str) -> UUID | None:
    """Read an id that came as text; None when it is not one."""
    try:
        return UUID(text)
    except ValueError:
        return None
