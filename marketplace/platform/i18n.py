"""French first, English second: locale of a request, translations read from .po, and how figures are written."""
import io
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, Domain, force_locale, get_locale

from marketplace.platform import clock
from marketplace.platform.errors import DomainError, Sentence

LOCALES = ("fr", "en")
TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"
NARROW_NO_BREAK = "\u202f"
NO_BREAK = "\u00a0"


@cache
def catalogue(locale: str) -> NullTranslations:
    """The translations of a locale, read from its .po (source strings are French, so French needs none)."""
    source = TRANSLATIONS / locale / "LC_MESSAGES" / "messages.po"
    if not source.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with source.open("rb") as lines:
        write_mo(compiled, read_po(lines, locale=locale))
    compiled.seek(0)
    return Translations(fp=compiled)


class PoDomain(Domain):
    """A Flask-Babel domain that needs no compiled .mo file beside the .po."""

    def get_translations(self) -> NullTranslations:
        """Translations of the locale in force."""
        return catalogue(str(get_locale() or "fr")[:2])


def choose_locale() -> str:
    """Language asked by `lang` in the address or cookie, then the user's own, then Accept-Language, then French."""
    if not has_request_context():
        return getattr(g, "locale", "fr") if g else "fr"
    asked = request.args.get("lang") or request.cookies.get("lang")
    if asked in LOCALES:
        return asked
    if request.path.startswith("/api/") and request.accept_languages:
        return request.accept_languages.best_match(LOCALES, default="fr")
    actor = g.get("actor")
    if actor is not None and actor.user_id is not None and actor.locale in LOCALES:
        return actor.locale
    return request.accept_languages.best_match(LOCALES, default="fr") or "fr"


def language() -> str:
    """`fr` or `en`, whatever is in force."""
    return str(get_locale() or "fr")[:2]


def say(message: str, values: Any = None) -> str:
    """A French template translated, then filled; a value that is itself a Sentence is said too."""
    translated = catalogue(language()).ugettext(message) if language() != "fr" else message
    return translated.format(**{name: _value(value) for name, value in values.items()}) if values else translated


def say_in(locale: str, message: str, values: Any = None) -> str:
    """The same in a given language, outside of any request (mails)."""
    with force_locale(locale if locale in LOCALES else "fr"):
        return say(message, values)


def _value(value: Any) -> Any:
    if isinstance(value, Sentence | DomainError):
        return sentence(value)
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return quantity(value)
    if isinstance(value, Decimal):
        return format_decimal(value, locale=language())
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    return value


def sentence(spoken: Sentence | DomainError | str) -> str:
    """A rule's sentence or a refusal in the reader's language, figures written its way."""
    if isinstance(spoken, str):
        return say(spoken)
    if isinstance(spoken, DomainError):
        spoken = spoken.sentence
    return say(spoken.template, spoken.values)


def told(refused: DomainError) -> str:
    """The sentence of a refusal, shown on the page where the act was asked for.

    What the reader may not see or do at all (403, 404) is raised again: its own page answers.
    """
    if refused.status in (403, 404):
        raise refused
    return sentence(refused)


def quantity(value: int | Decimal | None) -> str:
    """A whole number with its thousands apart: 4 360."""
    return "–" if value is None else format_decimal(value, locale=language())


def euros(value: Decimal | None, *, cents: bool | None = None, locale: str | None = None) -> str:
    """An amount in euros; cents are written when there are some (or when asked): 44 280 €, 1,50 €.

    `locale`: the language of a document, whoever reads; the reader's by default.
    """
    if value is None:
        return "–"
    locale = locale or language()
    with_cents = value != value.to_integral_value() if cents is None else cents
    pattern = "#,##0.00" if with_cents else "#,##0"
    figures = format_decimal(value, format=pattern, locale=locale)
    return f"{figures}{NO_BREAK}€" if locale == "fr" else f"€{figures}"


def unit_price(value: Decimal | None) -> str:
    """A price per unit: two decimals, up to four when they are needed: 4,10 €, 0,1234 €."""
    if value is None:
        return "–"
    figures = format_decimal(value, format="#,##0.00##", locale=language())
    return f"{figures}{NO_BREAK}€" if language() == "fr" else f"€{figures}"


def percent(value: Decimal | float | None, digits: int = 0) -> str:
    """A share between 0 and 1 as a percentage."""
    if value is None:
        return "–"
    pattern = f"#,##0.{'0' * digits}{NO_BREAK}%" if digits else None
    return format_percent(value, format=pattern, locale=language())


def day(value: date | datetime | None) -> str:
    """A day in words, in Paris: 12 juin 2027, 1er avril 2027."""
    if value is None:
        return "–"
    on_the_wall = clock.paris(value) if isinstance(value, datetime) else value
    return format_date(on_the_wall, _day_pattern(on_the_wall), locale=language())


def _day_pattern(on_the_wall: date) -> str:
    """French counts the days of a month from its "premier"."""
    return "d'er' MMMM y" if language() == "fr" and on_the_wall.day == 1 else "d MMMM y"


def moment(value: datetime | None) -> str:
    """A moment in words, in Paris: 12 juin 2027 à 12 h 00."""
    if value is None:
        return "–"
    on_the_wall = clock.paris(value)
    pattern = f"{_day_pattern(on_the_wall)} 'à' H 'h' mm" if language() == "fr" else "d MMMM y 'at' HH:mm"
    return format_datetime(on_the_wall, pattern, locale=language(), tzinfo=clock.PARIS)


class PoBabel(Babel):
    """Flask-Babel whose default domain reads .po files."""

    domain_instance = PoDomain()


def init_app(app: Flask) -> None:
    """Install the locale choice and the template filters."""
    PoBabel(app, default_locale="fr", default_timezone="Europe/Paris", locale_selector=choose_locale)
    for name, function in {
        "quantity": quantity, "euros": euros, "unit_price": unit_price, "percent": percent,
        "day": day, "moment": moment, "sentence": sentence, "say": say,
    }.items():  # fmt: skip
        app.jinja_env.filters[name] = function
    app.jinja_env.globals["language"] = language
