"""Everything on a lot's page, for one reader: where it stands, my need, what it costs, who can answer, what was decided."""
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from catalog.certifications.queries import list_schemes
from marketplace.accounts.models import Organisation
from marketplace.establishments.models import Establishment
from marketplace.establishments.territory import region_name
from marketplace.platform.charts import MeterFigures
from marketplace.platform.i18n import language
from marketplace.platform.navigation import page_url
from marketplace.platform.permissions import Actor, allowed
from tenders.contracts.queries import count_running
from tenders.dashboard.queries.decisions import LotClosing, list_lot_closings
from tenders.dashboard.queries.lots import LotLine, get_line
from tenders.dashboard.queries.own_needs import OwnNeed, cost_per_year, list_own_needs, list_own_sites, standing_quantity
from tenders.dashboard.queries.prices import Prices, find_prices
from tenders.demand.queries.pool import get_pool
from tenders.demand.views import PoolView
from tenders.matching.queries import LotMatches, find_matches
from tenders.vehicles import labels
from tenders.vehicles.models import Lot
from tenders.vehicles.words import HDS


@dataclass(frozen=True)
class NeedLine:
    """A need of one of the reader's sites, its yearly cost including VAT, and where to change it while one can."""

    own: OwnNeed
    cost: Decimal | None
    edit_url: str | None


@dataclass(frozen=True)
class Action:
    """Something the reader can do now."""

    label: str
    url: str


@dataclass(frozen=True)
class LotPage:
    """The page. `pool` is None for a draft, which only its centre sees; `sites` are the reader's own.

    `conclude_url`: where the reader concludes the contract of a decided lot that has none.
    """

    line: LotLine
    centre: str
    pool: PoolView | None
    figures: MeterFigures
    sites: list[Establishment]
    needs: list[NeedLine]
    free_sites: list[tuple[Establishment, str]]
    own_quantity: int
    matches: LotMatches | None
    prices: Prices | None
    actions: list[Action]
    closings: list[LotClosing]
    requirements: dict[str, str]
    conclude_url: str | None = None

    @property
    def covered_by_tolerance(self) -> int:
        """Units lacking that the members' tolerances would give; 0 while the reader is not told all that is lacking."""
        return self.pool.covered_by_tolerance if self.pool and self.pool.tells_whole_gap and not self.pool.is_met else 0

    @property
    def missing_where_shown(self) -> int | None:
        """Units lacking in the grappes shown by name, when what others lack is not told; None when all is told or met."""
        is_cut = self.line.state.status == "open" and self.pool is not None and not self.pool.tells_whole_gap
        return self.pool.missing if is_cut and self.pool is not None and not self.pool.is_met else None


def get_lot_page(session: Session, actor: Actor, lot_id: UUID) -> LotPage:
    """Gather the page in a number of statements that does not grow with needs, sites or providers."""
    line = get_line(session, actor, lot_id)
    lot = line.lot
    pool = get_pool(session, actor, lot_id) if lot.opened_at is not None else None
    line = _told_by_pool(line, pool)
    sites = list_own_sites(session, actor) if actor.has_kind("care_operator") else []
    own = list_own_needs(session, actor, lot_id) if sites else []
    quantity = standing_quantity(own)
    matches = find_matches(session, actor, lot) if pool is not None else None
    centre = session.get_one(Organisation, line.vehicle.organisation_id)
    conclude_url = _conclude_url(session, actor, line)
    return LotPage(
        line=line,
        centre=centre.name,
        pool=pool,
        figures=line.figures or MeterFigures(0),
        sites=sites,
        needs=[_need_line(line, each) for each in own],
        free_sites=_free_sites(line, sites, own),
        own_quantity=quantity,
        matches=matches,
        prices=find_prices(session, line, matches, quantity),
        actions=[
            *([Action(_("Conclure le contrat"), conclude_url)] if conclude_url else []), *_actions(line, actor, sites, own),
        ],
        closings=list_lot_closings(session, actor, lot_id),
        requirements=_requirements(session, lot),
        conclude_url=conclude_url,
    )


def _conclude_url(session: Session, actor: Actor, line: LotLine) -> str | None:
    decided = line.state.status == "closed" and line.state.outcome == "met"
    if not decided or not allowed(actor, "contract.conclude", centre=line.vehicle.organisation_id):
        return None
    return None if count_running(session, line.id) else page_url("contracts_pages.conclude", lot_id=line.id)


def _told_by_pool(line: LotLine, pool: PoolView | None) -> LotLine:
    """The line with what only the pool tells: what all grappes lack (None: not told), whether it hangs on conditions."""
    if pool is None or line.figures is None or line.state.status != "open":
        return line
    if line.figures.minimum_per_grappe is not None:
        lacking = pool.missing if pool.tells_whole_gap else None
        return replace(line, figures=replace(line.figures, lacking_in_grappes=0 if pool.is_met else lacking))
    hangs = line.figures.conditions_open and not pool.is_met
    figures, state = replace(line.figures, conditions_open=hangs), replace(line.state, conditions_open=hangs)
    return replace(line, figures=figures, state=state)


def _edit_url(line: LotLine, site: Establishment) -> str | None:
    if line.state.status != "open":
        return None
    return page_url("demand_pages.edit_need", lot_id=line.id, establishment_id=site.id)


def _need_line(line: LotLine, own: OwnNeed) -> NeedLine:
    cost = cost_per_year(line.lot, own.need.quantity, own.need.price_ceiling) if own.stands else None
    return NeedLine(own, cost, _edit_url(line, own.site))


def _free_sites(
    line: LotLine, sites: Sequence[Establishment], own: Sequence[OwnNeed]
) -> list[tuple[Establishment, str]]:
    """The reader's sites without a need here, with the page where one is entered."""
    taken = {each.site.id for each in own}
    free = [(site, _edit_url(line, site)) for site in sites if site.id not in taken]
    return [(site, url) for site, url in free if url]


def _actions(line: LotLine, actor: Actor, sites: Sequence[Establishment], own: Sequence[OwnNeed]) -> list[Action]:
    """What can be done about the fact at the top, in the order of its use."""
    if line.state.status == "closed" and line.state.outcome == "met" and sites:
        late = page_url("late_joining_pages.show", lot_id=line.id)
        return [Action(_("Rejoindre ce marché"), late)] if late else []
    if line.state.status != "open":
        return []
    found: list[tuple[str, str | None]] = []
    if line.vehicle.organisation_id in actor.organisation_ids(kind="purchasing_centre"):
        found.append((_("Clore le recueil"), page_url("demand_pages.close_lot", lot_id=line.id)))
        found.append((_("Voir les besoins"), page_url("demand_pages.list_needs", lot_id=line.id)))
    if sites:
        first = own[0].site if own else sites[0]
        words = _("Modifier mon besoin") if own else _("Indiquer mon besoin")
        found.append((words, _edit_url(line, first)))
        found.append((_("Simuler"), page_url("what_if_pages.show", lot_id=line.id)))
        if len(sites) > 1:
            found.append((_("Saisir tous mes sites"), page_url("need_grid_pages.enter", lot_id=line.id)))
            found.append((_("Saisir par tableur"), page_url("need_imports_pages.choose_file", lot_id=line.id)))
        grappe_id = next((each.need.grappe_id for each in own if each.need.grappe_id is not None), None)
        if line.state.is_short and grappe_id is not None:
            invite = page_url("grappe_memberships_pages.invite", grappe_id=grappe_id)
            found.append((_("Inviter un établissement"), invite))
    return [Action(label, url) for label, url in found if url]


def _requirements(session: Session, lot: Lot) -> dict[str, str]:
    """What is asked of a provider, in words; an empty text where nothing is."""
    asked, schemes = lot.requirements, list_schemes(session, language())
    hds = schemes[HDS].activities if HDS in schemes else {}

    def words(name: str, names: dict) -> str:
        return ", ".join(str(names.get(code, code)) for code in asked.get(name, []))

    return {
        "certificates": words("certificates", {code: scheme.name for code, scheme in schemes.items()}),
        "hds_activities": words("hds_activities", {number: f"{number} · {name}" for number, name in hds.items()}),
        "delivery_modes": words("delivery_modes", labels.DELIVERY_MODES),
        "regions": ", ".join(region_name(code) or code for code in asked.get("regions", [])),
    }
