"""What a provider may see of the demand: totals by category and region, masked where they would tell who asks."""
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.offers.models import Offer
from catalog.providers.models import Provider
from marketplace.categories.models import ServiceCategory
from marketplace.establishments.models import Establishment
from marketplace.platform.i18n import language
from marketplace.platform.permissions import Actor
from tenders.dashboard.rules import Volume, shown_row
from tenders.demand.models import Need
from tenders.vehicles.models import Lot


@dataclass(frozen=True)
class DemandRow:
    """One category: units by INSEE region code (None: masked), `unit` being the code of its unit of work."""

    category_code: str
    category: str
    unit: str
    regions: Mapping[str, int | None]

    @property
    def shown(self) -> int:
        """Units of the regions that are shown."""
        return sum(value for value in self.regions.values() if value)

    @property
    def is_masked(self) -> bool:
        """Whether some region of the line is masked."""
        return None in self.regions.values()


def find_own_provider(session: Session, actor: Actor) -> Provider | None:
    """The provider profile of the actor's organisation, the first by name when there are several."""
    return session.scalars(
        select(Provider)
        .where(Provider.organisation_id.in_(actor.organisation_ids(kind="provider")))
        .order_by(Provider.name, Provider.id)
        .limit(1)
    ).first()


def list_demand(session: Session) -> list[DemandRow]:
    """Counted needs of open lots by category and region; one statement."""
    place = func.coalesce(Establishment.region, "")
    rows = session.execute(
        select(
            ServiceCategory, Lot.unit, place, func.sum(Need.quantity),
            func.count(Need.establishment_id.distinct()), func.max(Need.quantity),
        )
        .join(Lot, Lot.category_code == ServiceCategory.code)
        .join(Need, Need.lot_id == Lot.id)
        .join(Establishment, Establishment.id == Need.establishment_id)
        .where(Lot.status == "open", Need.status == "counted")
        .group_by(ServiceCategory.code, Lot.unit, place)
        .order_by(ServiceCategory.position, ServiceCategory.code, Lot.unit)
    )  # fmt: skip
    lines: dict[tuple[str, str], tuple[ServiceCategory, dict[str, Volume]]] = {}
    for category, unit, region, total, establishments, largest in rows:
        line = lines.setdefault((category.code, unit), (category, {}))
        line[1][region] = Volume(int(total), establishments, largest)
    return [
        DemandRow(code, category.name_in(language()), unit, shown_row(volumes))
        for (code, unit), (category, volumes) in lines.items()
    ]


def list_offered_categories(session: Session, provider: Provider) -> set[str]:
    """Category codes of the provider's published offers."""
    return set(
        session.scalars(
            select(Offer.category_code).where(Offer.provider_id == provider.id, Offer.status == "published").distinct()
        )
    )
