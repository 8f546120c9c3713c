"""How facts travel as JSON."""
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.errors import Sentence
from marketplace.platform.facts import pack, to_json, unpack, without_floats

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.dates() | st.datetimes(timezones=st.just(UTC))
    | st.decimals(allow_nan=False, allow_infinity=False, places=4),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(categories=["L"]), min_size=1), inner),
)  # fmt: skip


@given(VALUES)
def test_packed_values_come_back_with_their_types(value: object) -> None:
    assert unpack(json.loads(json.dumps(pack(value)))) == value


def test_a_sentence_comes_back_with_its_values() -> None:
    spoken = Sentence("short", "Il manque {missing} postes avant le {day}.", {"missing": 640, "day": date(2027, 6, 12)})
    assert unpack(json.loads(json.dumps(pack(spoken)))) == spoken


def test_facts_of_a_record_are_whole_numbers_and_words() -> None:
    facts = {"price": Decimal("4.10"), "at": datetime(2027, 6, 12, tzinfo=UTC), "id": uuid4(), "roles": {"b", "a"}, "r": 0.5}
    told = json.loads(to_json(without_floats(facts)))
    assert told["price"] == "4.10" and told["at"] == "2027-06-12T00:00:00+00:00"
    assert told["roles"] == ["a", "b"] and told["r"] == "0.5"


def test_what_is_no_fact_is_refused() -> None:
    with pytest.raises(TypeError, match="object is not a fact"):
        to_json({"x": object()})
