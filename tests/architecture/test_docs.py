"""What is printed in docs/ is what the code says; every code is known and provoked by a test."""
import ast

import pytest

from tests.architecture.codebase import ROOT, product, suite
from tests.architecture.docs import PAGES, announcement_types
from tests.architecture.refusals import kinds_of_refusal, read_refusals


@pytest.mark.parametrize("name", PAGES)
def test_the_printed_page_is_current(app, name):
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name](), f"docs/{name} is stale: run make docs"


def spoken_in_suite() -> set[str]:
    """Every literal text of the tests."""
    return {text for module in suite() for _line, text in module.spoken_strings()}


def test_every_code_is_provoked_by_a_test():
    spoken = spoken_in_suite()
    silent = [
        f"{code} ({', '.join(refusal.places)})"
        for code, refusal in read_refusals().items()
        if refusal.is_decided and code not in spoken
    ]
    assert not silent, "\n" + "\n".join(sorted(silent))


def test_every_refusal_has_a_sentence_in_words():
    known = read_refusals().items()
    assert not [code for code, refusal in known if refusal.status is not None and not refusal.sentences]


def test_a_code_is_written_where_it_is_said_or_comes_from_a_sentence():
    """A code built at run time could not be documented: only `….code` of a sentence may be passed on."""
    kinds = {name for name, kind in kinds_of_refusal().items() if not kind.has_own_code}
    built = [
        f"{module.path}:{call.lineno}"
        for module in product()
        for name, call in module.calls()
        if name.split(".")[-1] in kinds and call.args and _is_built(call.args[0])
    ]
    assert not built


def _is_built(code: ast.AST) -> bool:
    return isinstance(code, ast.JoinedStr | ast.BinOp | ast.Call)


def test_every_announcement_says_what_it_means():
    assert announcement_types()
    assert not [kind.__name__ for kind in announcement_types() if not (kind.__doc__ or "").strip()]


def test_the_reading_of_codes_sees_each_way_of_saying_one():
    known = read_refusals()
    assert known["not_found"].status == 404
    assert known["vehicle_not_draft"].status == 409
    assert known["unit_not_of_category"].status is None
    assert known["stale_version"].status == 412
