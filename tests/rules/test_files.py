"""Which files may be kept, by their content."""
import pytest

from marketplace.platform.errors import RuleBroken
from marketplace.platform.files.rules import LARGEST_FILE, read_upload

PDF = b"%PDF-1.7\n1 0 obj"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 20


def refused(name: str, content: bytes) -> str:
    with pytest.raises(RuleBroken) as found:
        read_upload(name, content)
    return found.value.code


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [("a.pdf", PDF, "application/pdf"), ("B.PNG", PNG, "image/png"), ("c.jpg", JPEG, "image/jpeg"),
     ("d.jpeg", JPEG, "image/jpeg")],
)  # fmt: skip
def test_a_pdf_and_two_kinds_of_picture_may_be_kept(name: str, content: bytes, kind: str) -> None:
    upload = read_upload(name, content)
    assert (upload.name, upload.content_type, len(upload.sha256)) == (name, kind, 64)


def test_a_file_named_as_something_else_is_refused_and_told_what_it_is() -> None:
    with pytest.raises(RuleBroken) as found:
        read_upload("certificat.png", PDF)
    assert (found.value.code, found.value.details["found"]) == ("file_name_misleads", "PDF")
    assert refused("certificat", PDF) == "file_name_misleads"


@pytest.mark.parametrize("content", [b"MZ\x90\x00", b"<html>", b"PK\x03\x04", b"GIF89a", b" %PDF-1.7"])
def test_anything_else_is_refused_whatever_its_name(content: bytes) -> None:
    assert refused("certificat.pdf", content) == "file_type_not_accepted"


def test_an_empty_file_and_one_byte_too_many_are_refused() -> None:
    assert refused("vide.pdf", b"") == "file_empty"
    assert refused("lourd.pdf", PDF.ljust(LARGEST_FILE + 1)) == "file_too_large"
    assert len(read_upload("juste.pdf", PDF.ljust(LARGEST_FILE)).content) == LARGEST_FILE


def test_a_name_loses_its_folders_and_what_cannot_be_printed() -> None:
    assert read_upload("../../etc/C:\\x\\cer\r\ntif\u202eicat.pdf", PDF).name == "certificat.pdf"
    assert len(read_upload("a" * 300 + ".pdf", PDF).name) == 120
