"""Every sentence has its English: nothing forgotten, nothing doubtful, and the same figures in both languages."""
import re
from string import Formatter

import pytest

from marketplace.categories.units import UNITS
from marketplace.platform.i18n import catalogue
from tests import translations

FRENCH_LEFT = re.compile(r"[«»]|\s[:;?!]|[àâçèêëîïôùûœ]|\b(vous|votre|est|sont|cette|pour|les|des)\b")
SPELT_THE_SAME = ("Département", "Cliniques des Alpes", "Sécurité 2027", "Privé lucratif", "Ã©", "02 : 0,35")


@pytest.fixture(scope="module")
def pairs():
    """[(French texts, English texts)] of what is translated: one of each, or singular and plural."""
    return [
        (translations.texts_of(message.id), translations.texts_of(message.string))
        for message in translations.english()
        if message.id and all(translations.texts_of(message.string))
    ]


def test_every_sentence_has_its_english():
    assert translations.missing() == []


def test_every_french_sentence_of_the_code_is_marked_for_translation():
    assert translations.unmarked() == []


def test_no_english_is_doubtful_or_left_over_from_a_sentence_that_is_gone():
    committed = translations.english()
    assert [message.id for message in committed if message.id and message.fuzzy] == []
    assert not committed.obsolete
    assert {message.id for message in committed} == {message.id for message in translations.template()}


def test_both_languages_fill_in_the_same_values(pairs):
    filled = translations.placeholders
    assert [french for french, english in pairs if filled(french) != filled(english)] == []


def test_english_can_be_filled_in(pairs):
    """A stray brace or per cent sign would fail only when somebody reads the sentence."""
    for _french, english in pairs:
        for text in english:
            if "%(" in text:
                assert text % _Anything()
            elif "{" in text:
                assert list(Formatter().parse(text))


def test_a_counted_sentence_has_both_its_forms(pairs):
    assert [french for french, english in pairs if len(french) != len(english)] == []


def test_no_french_is_left_in_the_english(pairs):
    def without_names(text):
        for name in SPELT_THE_SAME:
            text = text.replace(name, "")
        return text

    left = [text for _french, english in pairs for text in english if FRENCH_LEFT.search(without_names(text))]
    assert left == []


def test_sentences_keep_their_spaces_and_their_lines(pairs):
    """What is put end to end in a page or a mail keeps its joints."""
    for french, english in pairs:
        assert french[0][:1].isspace() == english[0][:1].isspace(), french[0]
        assert french[0][-1:].isspace() == english[0][-1:].isspace(), french[0]
        assert french[0].count("\n") == english[0].count("\n"), french[0]


def test_units_are_the_same_words_in_sentences_and_in_tables():
    said = catalogue("en")
    for words in UNITS.values():
        if words.fr[0] != words.fr[1] or words.en[0] == words.en[1]:
            assert [said.ugettext(word) for word in words.fr] == list(words.en)


def test_writing_the_catalogue_again_changes_nothing(tmp_path, monkeypatch):
    committed = translations.ENGLISH.read_bytes()
    copy = tmp_path / "messages.po"
    copy.write_bytes(committed)
    monkeypatch.setattr(translations, "ENGLISH", copy)
    translations.update()
    assert copy.read_bytes() == committed


class _Anything(dict):
    """Has every key."""

    def __missing__(self, name):
        return 1
