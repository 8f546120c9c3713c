"""Find every French sentence of the product and hold the English catalogue against it (`make translations`)."""
import ast
import re
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
OPTIONS = {"**/templates/**.html": {"trimmed": "false", "newstyle_gettext": "true", "silent": "false"}}
KEYWORDS = {
    "_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "N_": None,
    "RuleBroken": (2,), "Conflict": (2,), "SignInRequired": (2,), "WrongCredentials": (2,), "NotReady": (2,),
    "Sentence": (2,), "name_constraint": (3,),
}  # fmt: skip
"""Functions whose argument is a French source sentence, and which argument."""

HEADER = """\
# English of Grappe; the source sentences are French. Kept up to the code by `make translations ARGS=--update`.
msgid ""
msgstr ""
"Language: en\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""
"""The same at every writing: no dates, no names of tools, so that a change of the file is a change of a sentence."""

FRENCH_ON_PURPOSE = (
    "marketplace/grappes/rules/charter_text.py",  # the signed document stays French
    "marketplace/establishments/legal_statuses.py",  # labels of the FINESS nomenclature
    "marketplace/establishments/territory.py",  # names of places
    "marketplace/platform/spreadsheets/texts.py",  # how broken accents look
    "marketplace/establishments/cli.py",  # read by whoever runs the import
    "marketplace/platform/i18n.py",  # how a moment is written
    "tenders/demo/",  # made-up names and texts
    "marketplace/platform/documents/typeface.py",  # letters
    "tenders/contracts/invoicing/factur_x/page.py",  # a French invoice is French for every reader
    "tenders/contracts/adhesions/convention.py",
    "tenders/contracts/fees/lines.py",  # what is signed is French
    "tenders/contracts/invoicing/rules/mentions.py",  # its mentions too
)
_ACCENTS = re.compile("[àâçéèêëîïôùûüœÀÉÈÊÎÔÇ«»]")
_PLACEHOLDER = re.compile(r"%\([a-z_0-9]+\)[sd]|\{[a-z_0-9]*\}")


def sentences() -> Iterator[tuple[str, int, str | tuple[str, ...]]]:
    """(file, line, French sentence) for every sentence in code and templates; (singular, plural) when it counts."""
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
    """The English catalogue as committed; empty when there is none."""
    if not ENGLISH.exists():
        return Catalog(locale="en")
    with ENGLISH.open("rb") as lines:
        return read_po(lines, locale="en")


def missing() -> list[str]:
    """French sentences without an English one; a counted sentence needs both its forms."""
    known = english()
    found = []
    for message in template():
        if not message.id:
            continue
        there = known.get(message.id)
        if there is None or len(texts_of(there.string)) < len(texts_of(message.id)) or not all(texts_of(there.string)):
            found.append(texts_of(message.id)[0])
    return found


def texts_of(text: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """The one text of a sentence, or its singular and plural."""
    return (text,) if isinstance(text, str) else tuple(text)


def placeholders(texts: tuple[str, ...]) -> set[str]:
    """The names to fill in a sentence: "{n}", "%(unit)s"."""
    return {name for text in texts for name in _PLACEHOLDER.findall(text)}


def unmarked() -> list[str]:
    """"file:line text" of string literals with French letters that nothing marks for translation (docstrings apart)."""
    marked = {text for _name, _line, message in sentences() for text in texts_of(message) if text}
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith(FRENCH_ON_PURPOSE):
                continue
            for line, text in _literals(ast.parse(path.read_text("utf-8"))):
                if len(text) > 3 and _ACCENTS.search(text) and text not in marked:
                    found.append(f"{name}:{line} {text}")
    return found


def _literals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, text) of every string literal that is not a statement of its own, as docstrings are."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.lineno, node.value


def write(catalogue: Catalog) -> None:
    """Write the English catalogue: sorted by French sentence, always the same bytes for the same sentences."""
    ENGLISH.parent.mkdir(parents=True, exist_ok=True)
    with ENGLISH.open("wb") as lines:
        lines.write(HEADER.encode())
        write_po(lines, catalogue, width=110, omit_header=True, sort_output=True, no_location=True)


def update() -> None:
    """Bring the catalogue up to the code: new sentences added empty, gone ones dropped."""
    known = english()
    known.update(template(), no_fuzzy_matching=True)
    known.obsolete.clear()
    write(known)


if __name__ == "__main__":
    if "--update" in sys.argv:
        update()
    print("\n".join(missing()))
