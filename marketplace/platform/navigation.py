"""Which links a reader is offered: one site map, filtered by audience and by the pages that exist."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, request, url_for
from flask_babel import gettext as _
from werkzeug.routing import BuildError

from marketplace.platform import charts
from marketplace.platform.permissions import Actor

AUDIENCES = ("public", "care_operator", "provider", "purchasing_centre", "authority", "platform")


@dataclass(frozen=True)
class Entry:
    """One line of the site map: French label, endpoint, and the audiences (kinds of organisation) that see it.

    `place` is `main` (header), `account` (the reader's own menu) or `footer`. `section` is the beginning of the
    path under which the entry counts as the current one. `values` fill the address (a filter, for example).
    """

    label: str
    endpoint: str
    audiences: frozenset[str]
    place: str = "main"
    section: str = ""
    values: tuple[tuple[str, str], ...] = ()

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


def page_url(endpoint: str, **values: Any) -> str | None:
    """The address of a page, or None when no room serves it (a template then leaves the link out)."""
    if endpoint not in current_app.view_functions:
        return None
    try:
        return url_for(endpoint, **values)
    except BuildError:
        return None


def _covers(entry: Entry, url: str, path: str) -> int:
    """How much of the path an entry explains: its whole address, the length of its section, or nothing."""
    if path == url.partition("?")[0]:
        return len(path) + 1
    return len(entry.section) if entry.section and path.startswith(entry.section) else 0


def navigation(actor: Actor | None, place: str = "main") -> list[Link]:
    """The links of one place for this reader, in the reader's language; the one that covers the path best is current."""
    shown = []
    for entry in visible(current_app.extensions["site_map"], audiences_of(actor), place):
        url = page_url(entry.endpoint, **dict(entry.values))
        if url is not None:
            shown.append((entry, url, _covers(entry, url, request.path)))
    best = max((cover for _entry, _url, cover in shown), default=0)
    return [Link(_(entry.label), url, bool(cover) and cover == best) for entry, url, cover in shown]


def init_app(app: Flask, site_map: Sequence[Entry]) -> None:
    """Install the site map; every template gets `navigation`, `page_url` and the geometry of `charts`."""
    app.extensions["site_map"] = tuple(site_map)
    app.jinja_env.globals.update(navigation=navigation, page_url=page_url, charts=charts)
