"""Find every sentence of the product and hold the English catalogue against it (`make translations`)."""
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
ENGLISH = ROOT / "marketplace" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
PACKAGES = ("marketplace", "catalog", "tenders")
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"trimmed": "false", "newstyle_gettext": "true"}}
KEYWORDS = {
    "_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "N_": None,
    "RuleBroken": (2,), "Conflict": (2,), "SignInRequired": (2,), "WrongCredentials": (2,), "TooMany": (2,),
    "Sentence": (2,), "Refusal": (2,), "Entry": (1,), "name_constraint": (3,),
}  # fmt: skip
"""Functions whose argument is a French source sentence, and which argument."""


def sentences() -> Iterator[tuple[str, int, str | tuple[str, ...]]]:
    """(file, line, French sentence) for every sentence in code and templates."""
    for package in PACKAGES:
        for name, line, message, _comments, _context in extract_from_dir(
            ROOT / package, METHODS, OPTIONS, KEYWORDS, strip_comment_tags=True
        ):
            yield f"{package}/{name}", line, message


def template() -> Catalog:
    """The catalogue of everything to translate, in the order of the files."""
    catalogue = Catalog(locale="en", project="grappe", charset="utf-8", fuzzy=False)
    for name, _line, message in sentences():
        catalogue.add(message, locations=[(name, 0)])
    return catalogue


def english() -> Catalog:
    """The English catalogue as committed."""
    with ENGLISH.open("rb") as lines:
        return read_po(lines, locale="en")


def missing() -> list[str]:
    """French sentences without an English one."""
    known = english() if ENGLISH.exists() else Catalog(locale="en")
    found = []
    for message in template():
        if not message.id:
            continue
        there = known.get(message.id)
        texts = [] if there is None else [there.string] if isinstance(there.string, str) else list(there.string)
        if not texts or not all(texts):
            found.append(message.id if isinstance(message.id, str) else message.id[0])
    return found


def update() -> None:
    """Bring the catalogue up to the code: new sentences added empty, gone ones dropped."""
    known = english() if ENGLISH.exists() else Catalog(locale="en")
    fresh = template()
    known.update(fresh, no_fuzzy_matching=True)
    known.obsolete.clear()
    ENGLISH.parent.mkdir(parents=True, exist_ok=True)
    with ENGLISH.open("wb") as lines:
        write_po(lines, known, width=110, omit_header=False, sort_output=True, no_location=True)


if __name__ == "__main__":
    if "--update" in sys.argv:
        update()
    print("\n".join(missing()))
