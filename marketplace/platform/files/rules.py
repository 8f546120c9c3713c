"""Which files may be kept: what they are by their content, never by what they say of themselves."""
import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from marketplace.platform.errors import RuleBroken

LARGEST_FILE: Final = 10 * 1024 * 1024
"""Bytes of one kept file: 10 MiB."""
LONGEST_NAME: Final = 120
MAGIC: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
"""The first bytes of each type that may be kept."""
EXTENSIONS: Final = {"pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg"}
WORDS: Final = {"application/pdf": "PDF", "image/png": "PNG", "image/jpeg": "JPEG"}
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Upload:
    """A file that may be kept. `content_type` is what its bytes are; `sha256` is hexadecimal."""

    name: str
    content_type: str
    sha256: str
    content: bytes = field(repr=False)


def read_upload(name: str, content: bytes) -> Upload:
    """The file as it may be kept; RuleBroken `file_*` says what is wrong with it. `name` is what the sender calls it."""
    if not content:
        raise RuleBroken("file_empty", "Le fichier est vide : choisissez-en un autre.", field="evidence")
    if len(content) > LARGEST_FILE:
        raise RuleBroken(
            "file_too_large",
            "Ce fichier dépasse {most} Mio : réduisez-le, par exemple en baissant la définition des images.",
            field="evidence", most=LARGEST_FILE // 1024 // 1024,
        )  # fmt: skip
    found = next((kind for magic, kind in MAGIC if content.startswith(magic)), None)
    if found is None:
        raise RuleBroken(
            "file_type_not_accepted",
            "Ce fichier n'est ni un PDF, ni une image PNG ou JPEG : envoyez l'un des trois.",
            field="evidence",
        )  # fmt: skip
    shown = _plain_name(name)
    said = EXTENSIONS.get(shown.rpartition(".")[2].lower())
    if said != found:
        raise RuleBroken(
            "file_name_misleads",
            "« {name} » contient un fichier {found} : renommez-le comme tel, ou choisissez le bon fichier.",
            field="evidence", name=shown, found=WORDS[found],
        )  # fmt: skip
    return Upload(shown, found, hashlib.sha256(content).hexdigest(), content)


def _plain_name(name: str) -> str:
    """The last part of a path, without what cannot be printed, its end kept when it is too long."""
    last = _UNPRINTABLE.sub("", name).replace("\\", "/").rpartition("/")[2].strip()
    return last[-LONGEST_NAME:]
