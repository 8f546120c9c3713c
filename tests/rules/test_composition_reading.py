"""Instances: read exactly, or refused with every error named by path and reason."""
import copy
import json
from decimal import Decimal
from typing import Any

import pytest

from tenders.composition.reading import MalformedInstance, parse_instance, read_instance
from tests.factories.compositions import document


def errors_of(changed: Any) -> dict[str, str]:
    with pytest.raises(MalformedInstance) as refused:
        parse_instance(changed)
    return {error.path: error.reason for error in refused.value.errors}


def changed(*steps: Any, to: Any) -> dict[str, Any]:
    """The document with the value at this path replaced (`...` as value removes it)."""
    whole = copy.deepcopy(document())
    place: Any = whole
    for step in steps[:-1]:
        place = place[step]
    if to is ...:
        del place[steps[-1]]
    else:
        place[steps[-1]] = to
    return whole


def test_money_is_read_in_whole_cents() -> None:
    instance = parse_instance(document())
    assert instance.coins == 100
    assert instance.offers[0].brackets[1].unit_price == 600
    assert instance.alone_cost == 60000
    assert instance.euros(60001) == Decimal("600.01")


def test_a_finer_price_makes_finer_coins_for_every_amount() -> None:
    instance = parse_instance(changed("needs", 0, "alone_unit_price", to="10.1234"))
    assert instance.coins == 10_000
    assert instance.needs[0].alone_price == 101_234
    assert instance.needs[1].alone_price == 100_000
    assert parse_instance(changed("needs", 0, "alone_unit_price", to="10.120000")).coins == 100


@pytest.mark.parametrize("amount", ["12,50", "-1.00", "1e3", "NaN", "", " 1", "1.", ".5", "0.1234567", 12.5, 12, None, True])
def test_bad_money_is_named(amount: Any) -> None:
    assert "is no amount" in errors_of(changed("needs", 1, "alone_unit_price", to=amount))["needs[1].alone_unit_price"]
    assert "offers[0].mobilisation_cost" in errors_of(changed("offers", 0, "mobilisation_cost", to=amount))
    assert "offers[0].regional_uplift.R2" in errors_of(changed("offers", 0, "regional_uplift", "R2", to=amount))
    assert "offers[0].brackets[1].unit_price" in errors_of(changed("offers", 0, "brackets", 1, "unit_price", to=amount))


@pytest.mark.parametrize("quantity", [0, -3, 1.5, "4", True, None, 10**13])
def test_a_quantity_is_a_whole_number_above_nothing(quantity: Any) -> None:
    assert set(errors_of(changed("needs", 0, "quantity", to=quantity))) == {"needs[0].quantity"}


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        (("needs", 0, "establishment"), "needs[0].establishment"),
        (("needs", 0, "category"), "needs[0].category"),
        (("offers", 1, "provider"), "offers[1].provider"),
        (("offers", 1, "category"), "offers[1].category"),
    ],
)
@pytest.mark.parametrize("value", ["nobody", 7, None, ["a"]])
def test_unknown_ids_are_named(steps: tuple[Any, ...], path: str, value: Any) -> None:
    assert errors_of(changed(*steps, to=value)) == {path: f"{value!r} is unknown"}


@pytest.mark.parametrize("kind", ["categories", "establishments", "providers", "offers"])
def test_the_same_id_twice_is_named(kind: str) -> None:
    rows = document()[kind]
    assert f"{kind}[{len(rows)}].id" in errors_of(document(**{kind: [*rows, rows[0]]}))


def test_an_establishment_twice_in_a_category_is_named() -> None:
    needs = document()["needs"]
    assert errors_of(document(needs=[*needs, needs[1]])) == {
        "needs[3]": "is the same establishment and category as needs[1]"
    }


@pytest.mark.parametrize(
    ("brackets", "path"),
    [
        ([(1, 10), (12, 20)], "offers[0].brackets[1].from"),
        ([(1, 10), (10, 20)], "offers[0].brackets[1].from"),
        ([(11, 20), (1, 10)], "offers[0].brackets[1].from"),
        ([(5, 4)], "offers[0].brackets[0].to"),
        ([(0, 4)], "offers[0].brackets[0].from"),
        ([], "offers[0].brackets"),
    ],
)
def test_brackets_are_contiguous_and_ascending(brackets: list[tuple[int, int]], path: str) -> None:
    rows = [{"from": first, "to": last, "unit_price": "1.00"} for first, last in brackets]
    assert path in errors_of(changed("offers", 0, "brackets", to=rows))


def test_every_error_is_found_at_once() -> None:
    whole = changed("needs", 0, "quantity", to=0)
    whole["offers"][0]["provider"] = "nobody"
    whole["establishments"][2]["requires"] = "hds"
    whole["format"] = "something/2"
    assert set(errors_of(whole)) == {"needs[0].quantity", "offers[0].provider", "establishments[2].requires", "format"}


@pytest.mark.parametrize("key", ["categories", "establishments", "needs", "providers", "offers"])
def test_a_list_that_is_missing_or_none_is_named(key: str) -> None:
    assert errors_of(changed(key, to=...))[key] == "is missing"
    assert errors_of(changed(key, to={}))[key] == "must be a list"
    assert f"{key}[0]" in errors_of(changed(key, 0, to="text"))


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "null", '{"format": NaN}', "\ud800", b"\xff\xfe\x00", "[" * 100_000])
def test_what_is_no_object_of_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(MalformedInstance) as refused:
        read_instance(text)
    assert refused.value.errors


def test_a_name_twice_in_one_object_is_refused_and_named() -> None:
    text = json.dumps(document()).replace('"quantity"', '"quantity": 7, "quantity"', 1)
    with pytest.raises(MalformedInstance) as refused:
        read_instance(text)
    assert [(each.path, "'quantity' is there twice" in each.reason) for each in refused.value.errors] == [("$", True)]


@pytest.mark.parametrize("place", ["id", "region"])
def test_half_a_character_is_refused_wherever_it_stands_and_a_whole_one_read(place: str) -> None:
    whole = document()
    whole["establishments"].append({"id": "site", "region": "Sud", "requires": [], place: "\U0001f347"})
    text = json.dumps(whole)
    assert getattr(read_instance(text).establishments[-1], place) == "\U0001f347"
    with pytest.raises(MalformedInstance) as refused:
        read_instance(text.replace("\\udf47", ""))
    assert [(each.path, "half a character" in each.reason) for each in refused.value.errors] == [("$", True)]


def test_the_text_is_utf_8_with_or_without_its_mark_and_nothing_else() -> None:
    text = json.dumps(document())
    assert read_instance(text.encode("utf-8-sig")) == read_instance(text)
    for other in ("utf-16", "utf-32"):
        with pytest.raises(MalformedInstance):
            read_instance(text.encode(other))


def test_an_empty_market_is_an_instance() -> None:
    empty = document(needs=[], offers=[], providers=[])
    assert read_instance(json.dumps(empty)).needs == ()
