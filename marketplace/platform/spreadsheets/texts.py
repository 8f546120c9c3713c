"""Which text the bytes of a file are: UTF-8 or Windows-1252, in normal form C, or a refusal that says what is wrong."""
import re
import unicodedata

from marketplace.platform.errors import N_, RuleBroken

_UTF8_INSIDE = re.compile(rb"\xc3[\x80-\xbf]|\xc5[\x92\x93]|\xc2[\xa0-\xbf]|\xe2\x80[\x90-\xbf]")
"""UTF-8 sequences of French letters and punctuation: in a Windows-1252 file they betray a second encoding."""
_FOREIGN_LETTER = re.compile(rb"[A-Za-z][\x80-\x90\x93-\x95\x98-\x9b\x9d\x9e](?<!\x8c)[A-Za-z]")
"""Bytes no French word has inside in Windows-1252; DOS (CP850) and Mac files have their accents there."""
_TWICE_ENCODED = re.compile("Ã[\u0080-\u00bfƒ‰Š‡ˆ€™œ]|â€[™˜œ“”]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")


def decode(data: bytes) -> str:
    """The file's text in NFC; RuleBroken when it is empty, binary, or in a wrong or mixed encoding."""
    text = _as_text(data)
    if not text.strip():
        raise RuleBroken("import_file_empty", N_("Le fichier est vide : vérifiez que vous avez choisi le bon."))
    if _CONTROL.search(text):
        raise RuleBroken(
            "import_file_binary",
            N_("Ce fichier n'est pas du texte (il contient des caractères de contrôle) : donnez le fichier CSV "
               "d'origine, en UTF-8 ou en Windows-1252, non compressé."),
        )
    if _TWICE_ENCODED.search(text):
        raise RuleBroken(
            "import_encoding_doubled",
            N_("Les accents de ce fichier ont été encodés deux fois (« Ã© » au lieu de « é ») : reprenez le fichier "
               "d'origine, sans l'avoir enregistré à nouveau."),
        )
    return unicodedata.normalize("NFC", text)


def _as_text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        place = wrong.start
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as wrong:
        raise _wrong_encoding(data, wrong.start) from wrong
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or _FOREIGN_LETTER.search(data):
        raise _wrong_encoding(data, place)
    mixed = _UTF8_INSIDE.search(data)
    if mixed:
        raise RuleBroken(
            "import_encoding_mixed",
            N_("Ce fichier mélange deux encodages : UTF-8 à la ligne {first}, Windows-1252 à la ligne {second}. "
               "Reprenez le fichier d'origine, ou enregistrez-le entièrement en UTF-8."),
            first=_line(data, mixed.start()),
            second=_line(data, place),
        )
    return text


def _wrong_encoding(data: bytes, place: int) -> RuleBroken:
    return RuleBroken(
        "import_encoding_unknown",
        N_("L'encodage de ce fichier n'est ni UTF-8 ni Windows-1252 (premier caractère illisible à la ligne {line}) : "
           "enregistrez-le en « CSV UTF-8 »."),
        line=_line(data, place),
    )


def _line(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1
