"""A form of the catalogue, shown or saved: it says what the API says, a refusal stands beside its field."""
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import marshmallow as ma
from flask import redirect, render_template
from flask_wtf import FlaskForm

from marketplace.platform.errors import BadInput, DomainError
from marketplace.platform.i18n import say, told


def submit(form: FlaskForm, save: Callable[[], Any], onward: Callable[[Any], str], template: str, **seen: Any) -> Any:
    """Show the form, or save it and go on; nothing typed is lost when it is refused."""
    homeless: list[str] = []
    if form.validate_on_submit():
        try:
            return redirect(onward(save()))
        except ma.ValidationError as bad:
            homeless = _place(form, _flat(bad.normalized_messages()))
        except BadInput as bad:
            homeless = _place(form, {field: [say(text) for text in texts] for field, texts in bad.errors.items()})
        except DomainError as refused:
            homeless = _place(form, {str(refused.details.get("field", "")): [told(refused)]})
    page = render_template(template, form=form, homeless=homeless, **seen)
    return page, 422 if form.is_submitted() else 200


def figures(text: str | None) -> str | None:
    """A figure typed the French way ("12 500,50 €") as the API writes it ("12500.50"); None when left empty."""
    cleaned = "".join((text or "").split()).replace("€", "").replace(",", ".")
    return cleaned or None


def whole_figure(text: Any) -> Any:
    """A whole number typed with spaces, or the text itself for the schema to refuse."""
    cleaned = figures(None if text is None else str(text))
    return int(cleaned) if cleaned is not None and cleaned.isascii() and cleaned.isdigit() else cleaned


def _place(form: FlaskForm, refusals: Mapping[str, Iterable[str]]) -> list[str]:
    """Put each sentence beside its field; those that belong to no single field are returned."""
    homeless: list[str] = []
    for path, sentences in refusals.items():
        name = path.split(".")[0]
        if name in form and form[name].type != "FieldList":
            form[name].errors = [*form[name].errors, *sentences]
        else:
            homeless += [*sentences]
    return homeless


def _flat(messages: Any, path: str = "") -> dict[str, list[str]]:
    """marshmallow's nested messages by dotted field name."""
    if isinstance(messages, Mapping):
        found: dict[str, list[str]] = {}
        for key, value in messages.items():
            found |= _flat(value, f"{path}.{key}".lstrip("."))
        return found
    return {path: [str(text) for text in (messages if isinstance(messages, list) else [messages])]}
