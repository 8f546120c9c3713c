"""What a page's address asks of the search, and the addresses that ask a little more or a little less."""
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import marshmallow as ma
from flask import url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from catalog.certifications.rules.states import Scheme
from catalog.offers.search.queries import Answer, Question
from catalog.offers.search.schemas import ComparisonArgs, SearchArgs
from catalog.providers import labels
from catalog.providers.submission import figures
from marketplace.platform.i18n import day, quantity, unit_price

FIGURES: Final = ("quantity", "term_months", "maximum_unit_price")
MANY: Final = ("hds_activities", "offer_id")
ASKED: Final = (
    "q", "category", "certificate", "hds_activities", "valid_on", "region", "delivery_mode", "quantity", "term_months",
    "maximum_unit_price", "sort",
)  # fmt: skip


@dataclass(frozen=True)
class Option:
    """A value of a facet: how many there would be, and the address that chooses it or leaves it."""

    label: str
    count: int
    url: str
    chosen: bool


@dataclass(frozen=True)
class Facet:
    """A facet as the page lists it; values that nothing has are left out."""

    title: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Dropped:
    """A filter in force, in words, the address without it, and how many that would give (None: not counted)."""

    label: str
    url: str
    count: int | None = None


@dataclass(frozen=True)
class Asking:
    """What was typed (None where nothing was), what of it can be asked, and what is wrong with the rest, by field."""

    typed: Mapping[str, Any]
    question: Question
    errors: Mapping[str, list[str]]

    def url(self, endpoint: str = ".search", **changes: Any) -> str:
        """The address of the same question, changed; a value of None leaves it out."""
        kept = {name: value for name, value in {**self.typed, **changes}.items() if value not in (None, "", [])}
        return url_for(endpoint, **kept)


def read(args: MultiDict[str, str], schema: ma.Schema | None = None) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """(typed, loaded, errors): fields that cannot be read are said and left aside, the others still count."""
    schema = schema or SearchArgs(unknown=ma.EXCLUDE)
    typed: dict[str, Any] = {}
    for name in args:
        values = [value.strip()[:200] for value in args.getlist(name) if value.strip()]
        if name in schema.fields and values:
            typed[name] = values if name in MANY else figures(values[0]) if name in FIGURES else values[0]
    try:
        return typed, schema.load(typed), {}
    except ma.ValidationError as bad:
        errors = {name: _flat(said) for name, said in bad.normalized_messages().items()}
        sound = {name: value for name, value in typed.items() if name not in errors}
        return typed, schema.load(sound, partial=True), errors


def asking(args: MultiDict[str, str]) -> Asking:
    """A page's address as a question."""
    typed, loaded, errors = read(args)
    asked = {name: loaded[name] for name in ASKED if name in loaded}
    asked["hds_activities"] = tuple(sorted(set(asked.get("hds_activities", ()))))
    return Asking({name: typed.get(name) for name in ASKED}, replace(Question(), **asked), errors)


def compared(args: MultiDict[str, str]) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """The same for a comparison; offers beyond the fifth are left aside."""
    few = MultiDict(args)
    few.setlist("offer_id", list(dict.fromkeys(args.getlist("offer_id")))[:5])
    return read(few, ComparisonArgs(unknown=ma.EXCLUDE))


def facets(asked: Asking, answer: Answer, categories: Mapping[str, str], schemes: Mapping[str, Scheme]) -> list[Facet]:
    """Every facet with the values that some offer has, in the order of their vocabulary."""
    hds = schemes["hds"].activities if "hds" in schemes else {}
    one = {
        "category": (_("Catégorie"), categories),
        "certificate": (_("Certificat du prestataire"), {code: scheme.name for code, scheme in schemes.items()}),
        "region": (_("Région servie"), labels.TERRITORY_NAMES),
        "delivery_mode": (_("Intervention"), labels.DELIVERY_MODES),
    }
    listed = [Facet(title, _options(asked, answer, name, words)) for name, (title, words) in one.items()]
    listed.insert(2, Facet(_("Activités HDS couvertes"), _activities(asked, answer, hds)))
    return [facet for facet in listed if facet.options]


def _options(asked: Asking, answer: Answer, name: str, words: Mapping[str, Any]) -> tuple[Option, ...]:
    chosen, counts = getattr(asked.question, name), answer.facets[name]
    return tuple(
        Option(str(label), counts.get(code, 0), asked.url(**_only(name, None if code == chosen else code)), code == chosen)
        for code, label in words.items()
        if code in counts or code == chosen
    )


def _only(name: str, value: Any) -> dict[str, Any]:
    return {name: value}


def _activities(asked: Asking, answer: Answer, names: Mapping[int, str]) -> tuple[Option, ...]:
    chosen, counts = set(asked.question.hds_activities), answer.facets["hds_activity"]
    return tuple(
        Option(f"{number}. {name}", counts.get(str(number), 0),
               asked.url(hds_activities=sorted(chosen ^ {number}) or None), number in chosen)
        for number, name in names.items()
        if str(number) in counts or number in chosen
    )  # fmt: skip


def in_force(
    asked: Asking, answer: Answer, categories: Mapping[str, str], schemes: Mapping[str, Scheme]
) -> list[Dropped]:
    """The filters of the question in words, each with the address without it; counted when nothing was found."""
    q = asked.question
    scheme = schemes.get(q.certificate or "")
    mode = labels.DELIVERY_MODES.get(q.delivery_mode or "", q.delivery_mode)
    price = unit_price(q.maximum_unit_price)
    words = {
        "q": _("Mots : %(words)s", words=q.q) if q.q else None,
        "category": _("Catégorie : %(name)s", name=categories.get(q.category, q.category)) if q.category else None,
        "certificate": _("Certificat : %(name)s", name=scheme.name if scheme else q.certificate) if q.certificate else None,
        "hds_activities": _("Activités HDS : %(numbers)s", numbers=", ".join(map(str, q.hds_activities)))
        if q.hds_activities else None,
        "region": _("Région : %(name)s", name=labels.TERRITORY_NAMES.get(q.region, q.region)) if q.region else None,
        "delivery_mode": _("Intervention : %(name)s", name=mode) if q.delivery_mode else None,
        "quantity": _("Quantité : %(n)s", n=quantity(q.quantity)) if q.quantity else None,
        "maximum_unit_price": _("Prix unitaire : %(price)s au plus", price=price) if q.maximum_unit_price is not None else None,
        "valid_on": _("Certificats valables le %(day)s", day=day(q.valid_on)) if q.valid_on else None,
    }  # fmt: skip
    return [
        Dropped(label, asked.url(**_only(name, None)), answer.loosened.get(name))
        for name, label in words.items()
        if label is not None
    ]


def _flat(said: Any) -> list[str]:
    if isinstance(said, Mapping):
        return [text for each in said.values() for text in _flat(each)]
    return [str(text) for text in said] if isinstance(said, list) else [str(said)]
