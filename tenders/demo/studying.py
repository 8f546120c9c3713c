"""The demo's study: what some sites pay alone, and a question that the worker answers once the demo is served."""
from decimal import Decimal

from marketplace.platform.permissions import Actor
from tenders.composition.studies.rules.parameters import Parameters
from tenders.composition.studies.services import ask_study, state_price
from tenders.demo.pooling import Pooling, private_sites

STATED = (("soc", Decimal("2.90")), ("mfa", Decimal("3.90")), ("edr", Decimal("5.80")))
"""What a unit costs alone, in euros a month; every site is a little dearer or cheaper."""
STEP = Decimal("0.05")
CATEGORIES = ("soc", "mfa", "edr", "remote_access", "hds_hosting", "backup")


def state_prices(pooling: Pooling) -> None:
    """Most sites say what they pay alone; the others leave it open, so that the study has both."""
    taking_part = [site for site in private_sites(pooling.sites) if site.number in pooling.grappe_of]
    for place, site in enumerate(taking_part):
        for category, price in STATED:
            if place % 4:
                stated = price + STEP * (place % 7 - 3)
                state_price(pooling.actor(site.number), pooling.establishments[site.number].id, category, stated)


def ask(centre: Actor) -> None:
    """The first centre's question on its open lots."""
    ask_study(centre, Parameters(CATEGORIES, time_limit=10, term_months=24), title="Qui acheter ensemble (démonstration)")
