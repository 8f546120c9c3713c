"""Which links a reader is offered: one site map, filtered by audience and by the pages that exist."""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Flask, Response, current_app, request, url_for
from flask_babel import gettext as _
from werkzeug.routing import BuildError

from marketplace.platform.i18n import LOCALES
from marketplace.platform.permissions import Actor

A_YEAR = 365 * 24 * 3600

AUDIENCES = ("public", "care_operator", "provider", "purchasing_centre", "authority", "platform")


@dataclass(frozen=True)
class Entry:
    """One line of the site map: French label, endpoint, and the audiences (kinds of organisation) that see it.

    `place` is `main` (header), `account` (the reader's own menu) or `footer`. `section` is the beginning of the
    path under which the entry counts as the current one.
    """

    label: str
    endpoint: str
    audiences: frozenset[str]
    place: str = "main"
    section: str = ""

    def __post_init__(self) -> None:
        if self.audiences - set(AUDIENCES):
            raise ValueError(f"unknown audience in {self}")


@dataclass(frozen=True)
class Link:
    """An entry ready to draw."""

    label: str
    url: str
    current: bool


def audiences_of(actor: Actor | None) -> set[str]:
    """The audiences a reader belongs to; nobody signed in is `public`."""
    if actor is None or actor.user_id is None:
        return {"public"}
    return {seat.kind for seat in actor.seats}


def visible(site_map: Iterable[Entry], audiences: set[str], place: str) -> list[Entry]:
    """The entries of one place for these audiences, in the order of the site map, one per endpoint."""
    kept: dict[str, Entry] = {}
    for entry in site_map:
        if entry.place == place and entry.audiences & audiences:
            kept.setdefault(entry.endpoint, entry)
    return list(kept.values())


def page_url(endpoint: str, **values: object) -> str | None:
    """The address of a page, or None when no room serves it (a template then leaves the link out)."""
    if endpoint not in current_app.view_functions:
        return None
    try:
        return url_for(endpoint, **values)
    except BuildError:
        return None


def _is_current(entry: Entry, url: str) -> bool:
    path = request.path if request else ""
    return path == url or bool(entry.section and path.startswith(entry.section))


def navigation(actor: Actor | None, place: str = "main") -> list[Link]:
    """The links of one place for this reader, in the reader's language."""
    links = []
    for entry in visible(current_app.extensions["site_map"], audiences_of(actor), place):
        url = page_url(entry.endpoint)
        if url is not None:
            links.append(Link(_(entry.label), url, _is_current(entry, url)))
    return links


def in_language(locale: str) -> str:
    """The address of the page being read, in another language (the home page after a form was refused)."""
    if request.method != "GET" or request.endpoint is None:
        return f"/?lang={locale}"
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return f"{request.path}?{urlencode([*kept, ('lang', locale)])}"


def _remember_language(response: Response) -> Response:
    asked = request.args.get("lang")
    if asked in LOCALES and response.mimetype == "text/html":
        response.set_cookie("lang", asked, max_age=A_YEAR, samesite="Lax", secure=request.is_secure, httponly=True)
    return response


def init_app(app: Flask, site_map: Sequence[Entry]) -> None:
    """Install the site map, and give every template `navigation`, `page_url` and `in_language`."""
    app.extensions["site_map"] = tuple(site_map)
    app.jinja_env.globals.update(navigation=navigation, page_url=page_url, in_language=in_language)
    app.after_request(_remember_language)
