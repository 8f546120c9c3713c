"""Reads of ratios, and the proposal for one site."""
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from tenders.demand.estimates.models import EstimateRatio
from tenders.demand.estimates.rules import BASES, Estimate, Ratio, estimate


def list_ratios(session: Session, category_code: str | None = None) -> Sequence[EstimateRatio]:
    """Every ratio, or those of one category, by category and profile."""
    statement = select(EstimateRatio).order_by(
        EstimateRatio.category_code, EstimateRatio.size_band, EstimateRatio.activity_level
    )
    if category_code is not None:
        statement = statement.where(EstimateRatio.category_code == category_code)
    return session.scalars(statement).all()


def find_estimate(session: Session, site: Establishment, category_code: str) -> Estimate | None:
    """What this site's estate and profile propose in a category; None when they propose nothing."""
    ratios = [
        Ratio(each.size_band, each.activity_level, each.basis, each.ratio) for each in list_ratios(session, category_code)
    ]
    estate = {name: getattr(site, name) for name in BASES}
    return estimate(ratios, estate, site.size_band, site.activity_level)
