"""Things to do, from the rules' sentences to the lines of a page."""
from collections.abc import Iterable

from marketplace.platform import clock
from marketplace.platform.i18n import sentence
from marketplace.platform.navigation import page_url
from tenders.dashboard.rules import Todo, countdown, first_todos


def bound(text: str) -> str:
    """Guillemets kept with the words they hold, at the end of a line too."""
    return text.replace("« ", "«\u00a0").replace(" »", "\u00a0»")


def to_items(todos: Iterable[Todo]) -> list[dict[str, str | None]]:
    """The five most urgent as the `todo` macro draws them: when, what, url, otherwise."""
    now = clock.now()
    return [
        {
            "when": sentence(countdown(now, todo.due)),
            "what": bound(sentence(todo.what)),
            "otherwise": bound(sentence(todo.otherwise)),
            "url": page_url(todo.endpoint, **dict(todo.url_values)),
        }
        for todo in first_todos(todos)
    ]
