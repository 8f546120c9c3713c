"""Every error once: a status, a stable code and a sentence, as RFC 9457 problem JSON or as a page; and safe headers."""
import logging
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Flask, Response, current_app, g, jsonify, render_template, request
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from marketplace.platform.api import SignInRequired
from marketplace.platform.errors import N_, BadInput, Conflict, DomainError
from marketplace.platform.i18n import language, say, sentence

log = logging.getLogger(__name__)

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STATIC_ENDPOINTS = ("static", "bootstrap.static")
STATUS_TITLES = {
    400: ("bad_request", _l("Requête illisible : vérifiez sa forme.")),
    401: ("sign_in_required", _l("Connectez-vous, ou envoyez un jeton d'API valable.")),
    404: ("not_found", _l("Introuvable : cette adresse n'existe pas, ou vous n'y avez pas accès.")),
    405: ("method_not_allowed", _l("Cette adresse n'accepte pas cette méthode : voyez l'en-tête Allow.")),
    406: ("not_acceptable", _l("Ce format de réponse n'est pas proposé.")),
    413: ("too_large", _l("Envoi trop volumineux : réduisez le fichier.")),
    415: ("unsupported_media_type", _l("Envoyez du JSON (Content-Type: application/json).")),
    422: ("invalid_input", _l("Certains champs sont à corriger.")),
    429: ("too_many_requests", _l("Trop de tentatives : patientez avant de recommencer.")),
    500: ("internal_error", _l("Une erreur est survenue de notre côté ; rien n'a été enregistré. Réessayez.")),
    503: ("unavailable", _l("Service momentanément indisponible : réessayez dans quelques instants.")),
}

VALIDATOR_WORDS = (
    (
        re.compile(r"Must be greater than or equal to (?P<min>.+?) and less than or equal to (?P<max>.+)\."),
        N_("Donnez de {min} à {max}."),
    ),
    (re.compile(r"Must be greater than or equal to (?P<min>.+?)( and .+)?\."), N_("Donnez au moins {min}.")),
    (re.compile(r"Must be greater than (?P<min>.+?)\."), N_("Donnez plus que {min}.")),
    (re.compile(r"Must be less than or equal to (?P<max>.+)\."), N_("Donnez au plus {max}.")),
    (re.compile(r"Must be less than (?P<max>.+)\."), N_("Donnez moins que {max}.")),
    (re.compile(r"Must be one of: (?P<choices>.*)\."), N_("Choisissez parmi : {choices}.")),
    (re.compile(r"One or more of the choices .*: (?P<choices>.*)\."), N_("Choisissez parmi : {choices}.")),
    (re.compile(r"Shorter than minimum length (?P<min>\d+)\."), N_("Trop court : {min} au moins.")),
    (re.compile(r"Longer than maximum length (?P<max>\d+)\."), N_("Trop long : {max} au plus.")),
    (re.compile(r"Length must be between (?P<min>\d+) and (?P<max>\d+)\."), N_("Longueur : de {min} à {max}.")),
    (re.compile(r"Length must be (?P<equal>\d+)\."), N_("Longueur : {equal} exactement.")),
    (re.compile(r"Not a valid email address\."), N_("Cette adresse électronique est incomplète.")),
    (re.compile(r"String does not match expected pattern\."), N_("Cette valeur n'a pas la forme attendue.")),
    (re.compile(r"Invalid value\."), N_("Cette valeur n'est pas acceptée.")),
    (re.compile(r"Not a valid( aware| naive)? datetime\."), N_("Écrivez un moment avec son fuseau : 2027-06-12T10:00:00Z.")),
    (re.compile(r"Invalid JSON body\."), N_("Ce corps n'est pas du JSON : vérifiez guillemets, virgules et accolades.")),
    (re.compile(r"(Invalid input type|Not a valid mapping type)\."), N_("Donnez un objet JSON.")),
)
"""marshmallow's validators speak English and fix their words at import: they are put into the reader's language here."""

FORM_EXPIRED = _l("Votre page a expiré, rien n'a été enregistré : rouvrez-la, puis refaites votre saisie.")

_known_constraints: dict[str, tuple[str, str]] = {}


def name_constraint(constraint: str, code: str, message: str) -> None:
    """Say what a database constraint means, so that its IntegrityError becomes a Conflict (architecture §7)."""
    _known_constraints[constraint] = (code, message)


def conflict_of(error: IntegrityError) -> Conflict | None:
    """The Conflict a known constraint stands for; None when the constraint has no name here."""
    diagnostics = getattr(error.orig, "diag", None)
    known = _known_constraints.get(getattr(diagnostics, "constraint_name", None) or "")
    return Conflict(*known) if known else None


def wants_json() -> bool:
    """Whether the caller is a program."""
    return request.path.startswith("/api/") or request.path in ("/healthz", "/readyz", "/metrics")


def problem(status: int, code: str, title: str, headers: Mapping[str, str] | None = None, **members: Any) -> Response:
    """The refusal in the form the caller reads."""
    if not wants_json():
        page = render_template("errors/error.html", problem={"status": status, "title": title, "code": code, **members})
        response = current_app.make_response((page, status))
    else:
        body = {"type": f"urn:grappe:problem:{code}", "title": title, "status": status, "code": code, **members}
        response = jsonify(body)
        response.status_code = status
        response.content_type = "application/problem+json"
    response.headers.update(headers or {})
    return response


def plain(value: Any) -> Any:
    """A fact as JSON can carry it."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, UUID):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value


def _domain_error(error: DomainError) -> Response:
    members = {name: plain(value) for name, value in error.details.items() if not hasattr(value, "template")}
    headers = {}
    if isinstance(error, BadInput):
        members["errors"] = {field: [say(text) for text in texts] for field, texts in error.errors.items()}
    if isinstance(error, SignInRequired):
        headers["WWW-Authenticate"] = 'Bearer realm="grappe"'
    if error.status == 429 and "retry_after" in error.details:
        headers["Retry-After"] = str(error.details["retry_after"])
    reserved = {"type", "title", "status", "code"}
    members = {name: value for name, value in members.items() if name not in reserved}
    return problem(error.status, error.code, sentence(error), headers, **members)


def _flat(messages: Any, path: str = "") -> dict[str, list[str]]:
    """marshmallow's nested messages as {"field.sub": [sentences]}; the outer "json"/"query" level is dropped."""
    if isinstance(messages, Mapping):
        found: dict[str, list[str]] = {}
        for key, value in messages.items():
            inner = path if not path and key in ("json", "query", "form", "files", "_schema") else f"{path}.{key}"
            found.update(_flat(value, inner.lstrip(".")))
        return found
    return {path or "body": [_reworded(str(text)) for text in (messages if isinstance(messages, list) else [messages])]}


def _reworded(text: str) -> str:
    for pattern, template in VALIDATOR_WORDS:
        found = pattern.fullmatch(text)
        if found:
            return say(template, found.groupdict())
    return text


def _http_error(error: HTTPException) -> Response:
    if error.response is not None or (error.code or 500) < 400:
        return current_app.make_response(error.get_response())
    status = error.code or 500
    if isinstance(error, CSRFError):
        return problem(status, "form_expired", str(FORM_EXPIRED))
    code, title = STATUS_TITLES.get(status, (f"http_{status}", _l("La demande n'a pas abouti.")))
    messages = (getattr(error, "data", None) or {}).get("messages")
    members = {"errors": _flat(messages)} if messages else {}
    headers = {k: v for k, v in error.get_headers() if k in ("Allow", "Retry-After", "WWW-Authenticate", "Location")}
    return problem(status, code, str(title), headers, **members)


def _integrity_error(error: IntegrityError) -> Response:
    conflict = conflict_of(error)
    if conflict is None:
        return _unexpected(error)
    return _domain_error(conflict)


def _unexpected(error: Exception) -> Response:
    if current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    log.exception("unexpected error", extra={"request_id": g.get("request_id")})
    return problem(500, STATUS_TITLES[500][0], str(STATUS_TITLES[500][1]))


def _unwritable_text(error: UnicodeEncodeError) -> Response:
    """Half a character ("\\ud800" in JSON) reads as text but cannot be stored: the caller's mistake, not ours."""
    if "surrogates" not in error.reason:
        return _unexpected(error)
    return _domain_error(BadInput({"body": [HALF_CHARACTER]}))


def _database_away(error: OperationalError) -> Response:
    log.error("database unavailable: %s", type(error.orig).__name__)
    return problem(503, STATUS_TITLES[503][0], str(STATUS_TITLES[503][1]), {"Retry-After": "5"})


def _finish(response: Response) -> Response:
    headers = response.headers
    if current_app.config["SESSION_COOKIE_SECURE"]:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    set_already = {name.lower() for name, _ in headers}
    headers.extend([(name, value) for name, value in SECURITY_HEADERS.items() if name.lower() not in set_already])
    if request.endpoint not in STATIC_ENDPOINTS:
        if "Cache-Control" not in headers:
            headers.add("Cache-Control", "no-store")
        if response.mimetype != "application/json":  # plain data has no language, and finding it out has a price
            headers.add("Content-Language", language())
        headers.add("Vary", "Cookie, Authorization, Accept-Language")
    return response


def init_app(app: Flask) -> None:
    """Install the error mapping and the headers."""
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(IntegrityError, _integrity_error)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(UnicodeEncodeError, _unwritable_text)
    app.register_error_handler(Exception, _unexpected)
    app.after_request(_finish)


NUL_IN_TEXT = N_("Le texte contient un caractère nul : retirez-le.")
HALF_CHARACTER = N_("Le texte contient la moitié d'un caractère : retirez-la.")


def refuse_nul(app: Flask) -> None:
    """PostgreSQL text cannot hold U+0000: refuse it at the door with a sentence instead of a failure deep inside."""

    @app.before_request
    def no_nul() -> None:
        if "%00" in request.query_string.decode("latin-1") or "\x00" in request.path:
            raise BadInput({"query": [NUL_IN_TEXT]})
        if request.is_json and (b"\\u0000" in request.get_data() or b"\x00" in request.get_data()):
            raise BadInput({"body": [NUL_IN_TEXT]})
