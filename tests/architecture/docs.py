"""The documents that are printed from the code: `python -m tests.architecture.docs` (make docs) writes them."""
import inspect
from collections.abc import Iterable

from app import create_app
from marketplace.platform import events, permissions
from marketplace.platform.config import load_settings
from marketplace.platform.events import Announcement
from marketplace.platform.http import STATUS_TITLES
from marketplace.platform.permissions import ROLES, Permission
from tests.architecture.codebase import ROOT
from tests.architecture.refusals import Refusal, read_refusals

NOTICE = "_Printed from the code by `make docs`; a test says when it is stale._"


def settings_for_reading() -> object:
    """Settings of an application that is only looked at: its database is never reached."""
    return load_settings(
        {
            "GRAPPE_ENV": "test",
            "DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/nothing",
            "SECRET_KEY": "a key for printing documents, long enough to be accepted",
            "BASE_URL": "http://localhost",
        }
    )


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def page(title: str, *parts: str) -> str:
    """A Markdown page."""
    return "\n\n".join([f"# {title}", NOTICE, *parts]) + "\n"


def permissions_page() -> str:
    """Role × action × relation, joined from every room."""
    rows = [
        (f"`{action}`", row.relation, _roles(row), ", ".join(sorted(row.kinds)) or "any", row.scope)
        for action, lines in sorted(permissions.table().items())
        for row in lines
    ]
    return page(
        "Who may do what",
        "One row allows one action to people who hold one of the roles in an organisation that stands in the relation "
        "to the subject: `own`, the grappe's `coordinator`, the vehicle's purchasing `centre`, the `provider`, the "
        "platform `operator`, or anybody `signed_in`. A token needs the scope as well. Rows that one may not see are "
        "*not found*; rows that one sees but may not change answer `not_allowed`.",
        table(("Action", "Relation", "Roles", "Kinds of organisation", "Token scope"), rows),
    )


def _roles(row: Permission) -> str:
    held = [role for role in ROLES if role in row.roles]
    return "every role" if len(held) == len(ROLES) else ", ".join(held)


def errors_page() -> str:
    """Stable codes: refusals with their HTTP status, then sentences that explain a decision."""
    known = read_refusals()
    refusals = {code: refusal for code, refusal in known.items() if refusal.status is not None}
    general = {
        code: Refusal(code, status, [str(getattr(title, "_args", [title])[0])], ["marketplace.platform.http"])
        for status, (code, title) in STATUS_TITLES.items()
        if code not in refusals
    }
    reasons = [refusal for refusal in known.values() if refusal.status is None]
    return page(
        "Codes",
        "Refusals are `application/problem+json` (RFC 9457) with `type`, `title`, `status` and a stable `code`; "
        "details in braces are members of their own. Sentences are French here and follow the caller's language.",
        "## Refusals",
        table(("Code", "Status", "Sentence", "Said in"), _lines([*refusals.values(), *general.values()])),
        "## Reasons",
        "Codes that explain a decision (a closing, a match, a row of an import) or that a rule hands over to be refused.",
        table(("Code", "Sentence", "Said in"), (line[:1] + line[2:] for line in _lines(reasons))),
    )


def _lines(refusals: Iterable[Refusal]) -> list[tuple[str, ...]]:
    return [
        (f"`{one.code}`", str(one.status), " / ".join(one.sentences) or "–", ", ".join(sorted(one.places)))
        for one in sorted(refusals, key=lambda one: one.code)
    ]


def announcement_types() -> list[type[Announcement]]:
    """Every event type declared by a room, by name."""
    waiting, found = list(Announcement.__subclasses__()), set()
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if not kind.__module__.startswith("tests"):
            found.add(kind)
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


def announcements_page() -> str:
    """What lower rooms say, and who listens."""
    listening = events.listeners()
    rows = [
        (
            f"`{kind.__name__}`",
            kind.__module__.removesuffix(".events"),
            inspect.cleandoc(kind.__doc__ or "").split("\n")[0],
            ", ".join(f"`{step.__module__}.{step.__name__}`" for step in listening.get(kind, [])) or "nobody",
        )
        for kind in announcement_types()
    ]
    return page(
        "Announcements",
        "The only way up: a lower room announces, or asks, inside its transaction; steps of higher rooms, registered in "
        "app.py, write, answer or refuse.",
        table(("Announcement", "Said by", "What it says", "Who listens"), rows),
    )


PAGES = {
    "permissions.md": permissions_page,
    "errors.md": errors_page,
    "announcements.md": announcements_page,
}


def main() -> None:
    """Write every page into docs/."""
    create_app(settings_for_reading())  # type: ignore[arg-type]
    for name, write in PAGES.items():
        (ROOT / "docs" / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
