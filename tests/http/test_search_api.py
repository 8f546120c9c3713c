"""Search and comparison over HTTP: facets, prices for those who may see them, pages, words forgiven, what to loosen."""
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from marketplace.platform import clock
from tests.factories import accounts as accounts
from tests.factories import catalog as make

SEARCH = "/api/v1/offers/search"


@pytest.fixture
def buyer(session: Session) -> Any:
    return accounts.user_in()


@pytest.fixture
def market(session: Session) -> dict[str, Any]:
    """Three providers: one certified everywhere, one in Martinique without proof, one whose prices are public."""
    certified = make.ProviderFactory(name="Bastion", description="Hébergement souverain en Île-de-France")
    make.hds_certificates(certified.id, (1, 2, 3))
    island = make.ProviderFactory(name="Corail", regions=["02"])
    open_ = make.ProviderFactory(name="Dune", regions=["84"])
    make.CertificateFactory(provider_id=open_.id)
    edr = {"category_code": "edr", "capacity": 3000, "minimum_quantity": 100}
    return {
        "certified": certified,
        "dear": make.published_offer([(1, Decimal(6))], provider_id=certified.id, title="EDR supervisé", **edr),
        "cheap": make.published_offer([(1, Decimal(4)), (2000, Decimal(3))], provider_id=island.id,
                                      title="Détection des intrusions", regional_uplifts={"02": "0.5"}, **edr),
        "public": make.published_offer([(1, Decimal(5))], provider_id=open_.id, visibility="public",
                                       title="Sauvegardes immuables", category_code="backup", unit="tb"),
    }  # fmt: skip


def titles(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json
    return [item["title"] for item in answer.json["items"]]


def test_facets_count_what_there_would_be_whatever_was_chosen_in_them(api: Callable, buyer: Any, market: Any) -> None:
    answer = api(buyer).get(f"{SEARCH}?category=edr&region=02")
    assert titles(answer) == ["Détection des intrusions"]
    facets = answer.json["facets"]
    assert facets["category"] == {"edr": 1}
    assert facets["region"] == {"02": 1, "11": 1, "84": 1}
    assert facets["certificate"] == {}
    both = api(buyer).get(f"{SEARCH}?hds_activities=1&hds_activities=3&certificate=iso27001")
    assert titles(both) == ["EDR supervisé"]
    assert both.json["facets"]["hds_activity"] == {"1": 1, "2": 1, "3": 1}
    assert both.json["items"][0]["certificates"] == ["hds", "iso27001"]
    assert both.json["items"][0]["hds_activities"] == [1, 2, 3]


def test_certificates_are_judged_on_the_day_asked(api: Callable, buyer: Any, market: Any) -> None:
    ended = clock.today() + timedelta(days=1061)
    assert titles(api(buyer).get(f"{SEARCH}?certificate=hds&valid_on={ended - timedelta(days=1)}")) == ["EDR supervisé"]
    assert titles(api(buyer).get(f"{SEARCH}?certificate=hds&valid_on={ended}")) == []


@pytest.mark.parametrize(
    ("words", "found", "read_as"),
    [
        ("detection", ["Détection des intrusions", "EDR supervisé"], {}),  # the title first, then the category's name
        ("DÉTECTIONS d'intrusion", ["Détection des intrusions"], {}),
        ("sauvegarde immuable", ["Sauvegardes immuables"], {}),
        ("sauvgarde", ["Sauvegardes immuables"], {"sauvgarde": ["sauvegardes"]}),
        ("detecsion des intrusons", ["Détection des intrusions"],
         {"detecsion": ["detection"], "intrusons": ["intrusions"]}),
        ("bastoin", ["EDR supervisé"], {"bastoin": ["bastion"]}),
        ("souverain", ["EDR supervisé"], {}),
        ("EDR corail", ["Détection des intrusions"], {}),
        ("zzzzzzzz", [], {}),
    ],
)  # fmt: skip
def test_words_are_found_without_accents_in_any_form_and_despite_slips(
    api: Callable, buyer: Any, market: Any, words: str, found: list[str], read_as: dict[str, Any]
) -> None:
    answer = api(buyer).get(SEARCH, query_string={"q": words})
    assert titles(answer) == found
    assert answer.json["read_as"] == read_as


def test_a_word_in_the_title_comes_before_the_same_in_a_description(api: Callable, buyer: Any, session: Session) -> None:
    make.published_offer(title="Autre chose", description="avec supervision")
    make.published_offer(title="Supervision")
    assert titles(api(buyer).get(f"{SEARCH}?q=supervision")) == ["Supervision", "Autre chose"]


def test_prices_at_a_quantity_are_bounded_and_ordered_with_mobilisation_and_uplift(
    api: Callable, buyer: Any, market: Any
) -> None:
    ask = f"{SEARCH}?category=edr&quantity=2000&sort=price&term_months=36"
    answer = api(buyer).get(ask)
    assert [(i["unit_price"], i["amount"]) for i in answer.json["items"]] == [
        ("3.0000", "216000.00"), ("6.0000", "432000.00"),
    ]  # fmt: skip
    assert answer.json["prices"] == "all"
    assert titles(api(buyer).get(f"{ask}&maximum_unit_price=3")) == ["Détection des intrusions"]
    assert titles(api(buyer).get(f"{ask}&maximum_unit_price=3&region=02")) == []
    assert titles(api(buyer).get(f"{ask}&maximum_unit_price=3.5&region=02")) == ["Détection des intrusions"]
    assert titles(api(buyer).get(f"{SEARCH}?category=edr&quantity=4000")) == []
    assert titles(api(buyer).get(f"{SEARCH}?category=edr&quantity=99")) == []


def test_a_rival_and_an_authority_learn_no_hidden_price_by_bounding_or_ordering(api: Callable, market: Any) -> None:
    rival = make.person_of(make.ProviderFactory())
    authority = accounts.user_in(accounts.OrganisationFactory(kind="authority"), ("viewer",))
    owner = make.person_of(market["certified"])
    for person, prices, bounded in ((rival, "own", set()), (authority, "public", set()), (owner, "own", {"EDR supervisé"})):
        ask = api(person).get(f"{SEARCH}?category=edr&quantity=2000&sort=price")
        assert ask.json["prices"] == prices
        shown = {i["title"] for i in ask.json["items"] if i["unit_price"] is not None}
        assert shown == bounded
        for bound in ("0.01", "3", "100"):
            answer = api(person).get(f"{SEARCH}?category=edr&quantity=2000&maximum_unit_price={bound}")
            assert set(titles(answer)) <= bounded
    order = [api(rival).get(f"{SEARCH}?category=edr&quantity={q}&sort=price") for q in (500, 2000)]
    assert titles(order[0]) == titles(order[1])
    assert titles(api(authority).get(f"{SEARCH}?category=backup&quantity=10&maximum_unit_price=5")) == ["Sauvegardes immuables"]
    assert titles(api(rival).get(f"{SEARCH}?category=backup&quantity=10&maximum_unit_price=5")) == []


def test_suspended_and_unverified_providers_are_not_found(api: Callable, buyer: Any, session: Session) -> None:
    make.published_offer(provider_id=make.ProviderFactory(verified_at=None).id)
    suspended = make.ProviderFactory(suspended_until=clock.today(), suspension_reason="Essai")
    make.published_offer(provider_id=suspended.id)
    assert api(buyer).get(SEARCH).json["total"] == 0


def test_an_empty_answer_says_which_filter_to_drop_and_how_many_that_would_give(
    api: Callable, buyer: Any, market: Any
) -> None:
    answer = api(buyer).get(f"{SEARCH}?category=edr&certificate=hds&region=02")
    assert answer.json["total"] == 0
    assert answer.json["loosened"] == {"certificate": 1, "region": 1}
    answer = api(buyer).get(f"{SEARCH}?q=corail&quantity=99")
    assert answer.json["loosened"] == {"q": 1, "quantity": 1}
    assert api(buyer).get(f"{SEARCH}?q=corail").json["loosened"] == {}


@pytest.mark.parametrize("order", ["sort=name", "q=EDR", "category=edr&quantity=10&sort=price"])
def test_pages_follow_one_another_without_loss_or_repeat(api: Callable, buyer: Any, session: Session, order: str) -> None:
    provider = make.ProviderFactory()
    for number in range(7):
        make.published_offer([(1, Decimal(5 + number % 3))], provider_id=provider.id, title=f"EDR {number % 2}")
    seen: list[str] = []
    cursor = ""
    while True:
        page = api(buyer).get(f"{SEARCH}?{order}&limit=3{cursor}").json
        assert page["total"] == 7
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) == 7
    other = api(buyer).get(f"{SEARCH}?category=edr&quantity=10&sort={'name' if 'price' in order else 'price'}{cursor}")
    assert other.status_code == 422


def test_as_many_statements_for_three_offers_as_for_thirty(
    api: Callable, buyer: Any, session: Session, count_queries: Callable
) -> None:
    def cost(asked: str) -> int:
        with count_queries() as statements:
            assert api(buyer).get(f"{SEARCH}?limit=100&{asked}").status_code == 200
        return len(statements)

    questions = ("category=edr&quantity=500&sort=price", "q=edr", "q=edrr+manage&region=93")
    for _ in range(3):
        make.published_offer()
    cost("")
    few = [cost(asked) for asked in questions]
    for _ in range(27):
        make.published_offer()
    assert [cost(asked) for asked in questions] == few
    assert max(few) <= 9


def test_offers_are_compared_in_columns_and_the_lowest_is_named(api: Callable, buyer: Any, market: Any) -> None:
    ids = f"offer_id={market['dear'].id}&offer_id={market['cheap'].id}"
    answer = api(buyer).get(f"/api/v1/offers/comparison?{ids}&quantity=2000&term_months=12&region=02").json
    dear, cheap = answer["columns"]
    assert (dear["unit_price"], cheap["unit_price"], cheap["uplift"]) == ("6.0000", "3.5000", "0.5")
    assert (dear["amount"], cheap["amount"]) == ("144000.00", "84000.00")
    assert cheap["best"] == ["amount", "unit_price"]
    assert dear["best"] == []
    assert {proof["proof"] for proof in dear["proofs"]} == {"hds", "hds:1", "hds:2", "hds:3", "iso27001"}
    assert answer["comparable"] is True
    mixed = api(buyer).get(f"/api/v1/offers/comparison?{ids}&offer_id={market['public'].id}").json
    assert mixed["comparable"] is False
    assert not any("amount" in column["best"] for column in mixed["columns"])


def test_a_comparison_hides_prices_and_refuses_unknown_or_too_many_offers(api: Callable, buyer: Any, market: Any) -> None:
    rival = make.person_of(make.ProviderFactory())
    hidden = api(rival).get(f"/api/v1/offers/comparison?offer_id={market['dear'].id}").json["columns"][0]
    assert [hidden[name] for name in ("unit_price", "amount", "mobilisation_amount", "brackets", "uplift")] == [None] * 5
    unknown = "019b0000-0000-7000-8000-000000000000"
    assert api(buyer).get(f"/api/v1/offers/comparison?offer_id={unknown}").status_code == 404
    six = "&".join(f"offer_id={market['dear'].id}" for _ in range(6))
    assert api(buyer).get(f"/api/v1/offers/comparison?{six}").status_code == 422
    assert api(None).get(f"/api/v1/offers/comparison?offer_id={market['dear'].id}").status_code == 401
    assert api(None).get(SEARCH).status_code == 401


def test_the_directory_is_filtered_by_activities_day_mode_and_quantity(api: Callable, buyer: Any, market: Any) -> None:
    def names(asked: str) -> list[str]:
        return [p["name"] for p in api(buyer).get(f"/api/v1/providers?{asked}").json["items"]]

    assert names("hds_activities=1&hds_activities=3") == ["Bastion"]
    assert names("hds_activities=4") == []
    assert names(f"certificate=hds&valid_on={clock.today() - timedelta(days=31)}") == []
    assert names("category=edr&quantity=3000") == ["Bastion", "Corail"]
    assert names("category=edr&quantity=3001") == []
    assert names("delivery_mode=on_site") == []
    lone = make.ProviderFactory(name="Sans socle")
    make.CertificateFactory(provider_id=lone.id, scheme="hds", version="v2", activities=[1])
    assert names("certificate=hds") == ["Bastion"], "HDS without ISO/IEC 27001 is worth nothing"
