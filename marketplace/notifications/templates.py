"""What notifications say: each room registers its sentences by code, in French, from its own `messages.py`."""
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from marketplace.platform.i18n import say, say_in


@dataclass(frozen=True)
class Template:
    """A notification's wording: French msgids with `{names}`, and the path that the reader goes to."""

    code: str
    subject: str
    body: str
    link: str | None = None


_templates: dict[str, Template] = {}


def register(code: str, subject: str, body: str, *, link: str | None = None) -> None:
    """Declare the wording of a notification; sentences are marked with N_ by the room.

    `subject` is one line; `body` says fact → consequence → what to do → until when (ux.md). `link` is a path of this
    site such as "/lots/{lot_id}". ValueError when another wording already has this code, or the link leaves the site.
    """
    if link is not None and (not link.startswith("/") or link.startswith(("//", "/{"))):
        raise ValueError(f"the link of {code!r} is not a path of this site")
    template = Template(code, subject, body, link)
    if _templates.setdefault(code, template) != template:
        raise ValueError(f"two wordings for the notification {code!r}")


def registered() -> dict[str, Template]:
    """Every wording by code, for the tests and the docs."""
    return dict(_templates)


def get_template(code: str) -> Template:
    """The wording of a code; LookupError when no room registered it."""
    try:
        return _templates[code]
    except KeyError:
        raise LookupError(f"no notification template {code!r}: register it in the room's messages.py") from None


def names_in(template: Template) -> set[str]:
    """Every value that the wording needs."""
    sources = (template.subject, template.body, template.link or "")
    return {name for source in sources for _, name, _, _ in Formatter().parse(source) if name}


@dataclass(frozen=True)
class Wording:
    """A notification in words: subject, body and path, in one language."""

    subject: str
    body: str
    link: str | None


def word(code: str, values: Mapping[str, Any], locale: str | None = None) -> Wording:
    """The notification in the language in force, or in `locale` (outside requests).

    A code no longer registered (an old notification after an upgrade) still reads as its bare code.
    """
    template = _templates.get(code) or Template(code, code, code)
    speak = say if locale is None else lambda text, filled: say_in(locale, text, filled)
    link = template.link.format(**values) if template.link else None
    return Wording(" ".join(speak(template.subject, values).split()), speak(template.body, values), link)
