"""How a page of contracts does what was asked: said when done, a refusal beside its field or above the page."""
from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, redirect

from marketplace.platform.errors import BadInput, RuleBroken
from marketplace.platform.i18n import say, sentence

Errors = Mapping[str, list[str]]


def act(use_case: Callable[[], object], done: str, page: Callable[[Errors], str], onward: str) -> Any:
    """Do it, say so and go on. `page` shows again what was typed, with what is wrong by field (422)."""
    try:
        use_case()
        flash(done, "success")
    except BadInput as bad:
        return page({name: [say(text) for text in texts] for name, texts in bad.errors.items()}), 422
    except RuleBroken as refused:
        if "field" in refused.details:
            return page({str(refused.details["field"]): [sentence(refused)]}), 422
        flash(sentence(refused), "error")
    return redirect(onward)
