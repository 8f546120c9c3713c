"""The search page and the comparison, as a browser without scripts sees them, and the files they give."""
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy.orm import Session

from tests.factories import accounts as accounts
from tests.factories import catalog as make


@pytest.fixture
def market(session: Session) -> dict[str, Any]:
    """A dear offer of a certified provider, and a cheap one whose prices are public."""
    certified = make.ProviderFactory(name="Bastion")
    make.hds_certificates(certified.id, (1, 2, 3))
    dear = make.published_offer([(1, Decimal(6))], provider_id=certified.id, title="=Détection managée", minimum_quantity=100)
    other = make.ProviderFactory(name="Corail", regions=["02"])
    cheap = make.published_offer([(1, Decimal(4)), (2000, Decimal("3.25"))], provider_id=other.id, title="Supervision",
                                 visibility="public", regional_uplifts={"02": "0.5"})  # fmt: skip
    return {"dear": dear, "cheap": cheap, "compared": f"offer_id={dear.id}&offer_id={cheap.id}"}


@pytest.fixture
def browser(sign_in: Callable, session: Session) -> FlaskClient:
    return sign_in(accounts.user_in())


def test_anybody_searches_but_only_public_prices_are_shown_and_compared(client: FlaskClient, market: Any) -> None:
    page = client.get("/offres?category=edr&quantity=2000&sort=price&term_months=12").text
    assert "Bastion" in page
    assert "Corail" in page
    assert "3,25" in page
    assert "6,00" not in page
    assert "Seuls les prix publics" in page
    bounded = client.get("/offres?category=edr&quantity=2000&maximum_unit_price=99").text
    assert "Corail" in bounded
    assert "Bastion" not in bounded


def test_a_buyer_sees_prices_and_facets_whose_links_keep_the_rest_of_the_question(browser: FlaskClient, market: Any) -> None:
    page = browser.get("/offres?category=edr&quantity=2 000&hds_activities=1").text
    assert "1 fiche correspond." in page
    assert "6,00" in page
    assert 'aria-current="true"' in page
    link = "/offres?category=edr&amp;hds_activities=1&amp;hds_activities=3&amp;quantity=2000"
    assert link in page
    assert browser.get(link.replace("&amp;", "&")).status_code == 200
    assert '<input type="hidden" name="hds_activities" value="1">' in page


def test_a_mistyped_word_says_what_it_was_taken_for(client: FlaskClient, market: Any) -> None:
    page = client.get("/offres?q=supervizion").text
    assert "Rien pour « supervizion » : la recherche porte sur « supervision »." in page
    assert "Corail" in page


def test_nothing_found_says_what_to_loosen_and_how_many_that_gives(client: FlaskClient, market: Any) -> None:
    page = client.get("/offres?certificate=hds&region=02").text
    assert "Aucune fiche ne correspond." in page
    assert "Sans « Région : Martinique »</a> : 1 fiche" in page
    assert "Sans « Certificat : HDS" in page
    stuck = client.get("/offres?certificate=hds&region=02&quantity=99&delivery_mode=on_site").text
    assert "Retirer un seul filtre ne suffit pas" in stuck


def test_what_cannot_be_read_is_said_beside_its_field_and_the_rest_is_searched(client: FlaskClient, market: Any) -> None:
    page = client.get("/offres?q=supervision&quantity=beaucoup&valid_on=demain&region=02")
    assert page.status_code == 200
    assert page.text.count('aria-invalid="true"') == 2
    assert "Corail" in page.text
    assert "Bastion" not in page.text


def test_what_price_and_order_wait_for_is_said(browser: FlaskClient, market: Any) -> None:
    assert "Pour ranger par coût" in browser.get("/offres?sort=price").text
    assert "Le prix maximum attend une quantité" in browser.get("/offres?maximum_unit_price=4").text


def test_offers_stand_in_columns_and_the_lowest_is_said_in_words(browser: FlaskClient, market: Any) -> None:
    page = browser.get(f"/offres/comparaison?{market['compared']}&quantity=2000&term_months=12&region=02").text
    assert "3,75" in page  # 3,25 and the uplift of Martinique
    assert "144\u202f000" in page
    assert page.count("le plus bas") == 2
    assert "jusqu&#39;au" in page
    assert "Majoration en Martinique" in page
    small = browser.get(f"/offres/comparaison?{market['compared']}&quantity=5").text
    assert "Bastion ne peut pas servir 5" in small


def test_a_comparison_keeps_prices_from_rivals_and_takes_five_at_most(sign_in: Callable, market: Any) -> None:
    rival = sign_in(make.person_of(make.ProviderFactory()))
    page = rival.get(f"/offres/comparaison?{market['compared']}&quantity=2000").text
    assert "réservé aux acheteurs" in page
    assert "3,25" not in page
    many = "&".join(f"offer_id={make.published_offer().id}" for _ in range(6))
    assert "Cinq fiches au plus" in rival.get(f"/offres/comparaison?{many}").text
    assert rival.get("/offres/comparaison").status_code == 302
    assert rival.get("/offres/comparaison.csv").status_code == 404


def test_both_are_given_as_files_whose_cells_are_no_formulas(browser: FlaskClient, market: Any) -> None:
    answers = browser.get("/offres/export.csv?category=edr&quantity=2000&term_months=12")
    assert answers.headers["Content-Disposition"].startswith("attachment")
    assert "'=Détection managée;Bastion" in answers.text
    assert ";6;144000;" in answers.text
    columns = browser.get(f"/offres/comparaison.xlsx?{market['compared']}&quantity=2000&term_months=12")
    sheet = load_workbook(io.BytesIO(columns.data)).active
    rows = {row[0]: row[1:] for row in sheet.iter_rows(values_only=True)}
    assert rows["Prix unitaire HT"] == (6, 3.25)
    assert rows["Total HT sur 12 mois"] == (144000, 78000)
    hidden = browser.application.test_client().get("/offres/export.csv?category=edr&quantity=2000").text
    assert "réservé aux acheteurs" in hidden
    assert "144000" not in hidden
