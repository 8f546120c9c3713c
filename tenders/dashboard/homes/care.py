"""An establishment's or a clinic group's home: what to do, one line per lot, sites × lots, grappes that fit, decisions."""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.categories.queries import category_names
from marketplace.establishments.models import Establishment
from marketplace.platform import clock
from marketplace.platform.errors import N_, Sentence
from marketplace.platform.i18n import language
from marketplace.platform.permissions import Actor
from tenders.dashboard import competition_todos, fee_todos, order_todos
from tenders.dashboard.queries import lots
from tenders.dashboard.queries.decisions import Decision, list_decisions
from tenders.dashboard.queries.lots import LotLine
from tenders.dashboard.queries.own_grappes import Fitting, Pending, list_fitting, list_pending, list_pooled_categories
from tenders.dashboard.queries.own_needs import OwnNeed, cost_per_year, list_own_needs, list_own_sites
from tenders.dashboard.rules import Todo, closes_soon
from tenders.dashboard.todos import to_items
from tenders.demand.mergers.queries import OpenVote, list_open_votes

LOTS_IN_GRID = 6
"""Lots beside one another: what fits a screen without scrolling sideways; the others are on the next pages."""
MOST_OTHER_LOTS = 10


@dataclass(frozen=True)
class OwnLine:
    """A lot with what the reader's sites have on it. `yearly_cost`: euros including VAT at the published price."""

    line: LotLine
    needs: list[OwnNeed]
    quantity: int
    to_sign: int
    yearly_cost: Decimal | None


@dataclass(frozen=True)
class Grid:
    """Sites × lots: `cells[site_id, lot_id]` is the need there. Page `page` of `pages`, the next deadline first.

    `first` and `last` number the lots shown, from 1, among `total`.
    """

    lots: list[LotLine]
    sites: list[Establishment]
    cells: Mapping[tuple[UUID, UUID], OwnNeed]
    page: int
    pages: int
    first: int
    last: int
    total: int


@dataclass(frozen=True)
class CareHome:
    """Everything on the page, in its order."""

    todos: list[dict[str, str | None]]
    lines: list[OwnLine]
    others: list[LotLine]
    grid: Grid | None
    sites: list[Establishment]
    fitting: list[Fitting]
    categories: Mapping[str, str]
    decisions: list[Decision]


def build(session: Session, actor: Actor, asked: Mapping[str, str]) -> CareHome:
    """Gather the page in a number of statements that does not grow with sites, lots or needs."""
    sites = list_own_sites(session, actor)
    needs = list_own_needs(session, actor)
    own_lines = lots.list_lines_by_id(session, actor, sorted({own.need.lot_id for own in needs}))
    lines = shown_lines(own_line(line, needs) for line in own_lines)
    pooled = list_pooled_categories(session, actor)
    shown = {line.id for line in own_lines}
    candidates = lots.list_lines(session, actor, limit=MOST_OTHER_LOTS + len(shown))["items"]
    others = [line for line in candidates if line.id not in shown][:MOST_OTHER_LOTS]
    others.sort(key=lambda line: line.lot.category_code not in pooled)
    regions = {site.region for site in sites if site.region}
    todos = [
        *_of_votes(list_open_votes(session, actor)),
        *competition_todos.of_member(session, actor),
        *order_todos.of_member(session, actor),
        *fee_todos.of_payer(session, actor, kind="care_operator"),
        *_of_grappes(list_pending(session, actor)),
        *(todo for line in lines for todo in _of_line(line)),
        *_of_missing_needs(others, pooled),
    ]
    return CareHome(
        todos=to_items(todos),
        lines=lines,
        others=others,
        grid=grid_of(sites, lines, asked.get("lots", "")),
        sites=sites,
        fitting=list_fitting(session, actor, regions),
        categories=category_names(session, language()),
        decisions=list_decisions(session, actor),
    )


def own_line(line: LotLine, needs: Iterable[OwnNeed]) -> OwnLine:
    """A lot with the reader's needs on it; the quantity counts those that still stand."""
    here = [own for own in needs if own.need.lot_id == line.id]
    quantity = sum(own.need.quantity for own in here if own.stands)
    to_sign = sum(own.need.quantity for own in here if own.need.status == "awaiting_signature")
    return OwnLine(line, here, quantity, to_sign, cost_per_year(line.lot, quantity))


def shown_lines(lines: Iterable[OwnLine]) -> list[OwnLine]:
    """Open lots first, then closed ones on which something of ours still stands; the rest is told by the decisions."""
    listed = list(lines)
    opened = [own for own in listed if own.line.state.status == "open"]
    return opened + [own for own in listed if own.line.state.status == "closed" and own.quantity]


def grid_of(sites: list[Establishment], lines: list[OwnLine], asked: str = "") -> Grid | None:
    """Sites × lots for two sites or more, page by page; None when one line per lot already says it all.

    `asked` is the page as typed into the address: anything that is none of them shows the first.
    """
    if len(sites) < 2 or not lines:
        return None
    by_deadline = sorted(lines, key=lambda own: (own.line.state.status != "open", own.line.closes_at, str(own.line.id)))
    pages = -(-len(lines) // LOTS_IN_GRID)
    page = int(asked) if asked.isascii() and asked.isdecimal() and 1 <= int(asked[:4]) <= pages else 1
    first = (page - 1) * LOTS_IN_GRID
    shown = by_deadline[first : first + LOTS_IN_GRID]
    cells = {(own.site.id, own.need.lot_id): own for line in shown for own in line.needs if own.stands}
    return Grid([line.line for line in shown], sites, cells, page, pages, first + 1, first + len(shown), len(lines))


def _of_votes(votes: Iterable[OpenVote]) -> list[Todo]:
    return [
        Todo(
            Sentence("vote_merger", N_("Voter : « {title} » rejoint-il un autre regroupement ?"), {"title": one.title}),
            Sentence("without_vote", N_("Sans assez de votants, la suite publiée du lot s'applique.")),
            "mergers_pages.show_merger",
            (("lot_id", one.lot_id),),
            one.until,
        )
        for one in votes
    ]


def _of_grappes(pending: Iterable[Pending]) -> list[Todo]:
    todos = []
    for one in pending:
        values = {"grappe": one.grappe, "site": one.establishment}
        if one.status == "invited":
            what = Sentence("answer_invitation", N_("Répondre à l'invitation de « {grappe} » pour {site}"), values)
            otherwise = Sentence("stays_out", N_("Sans réponse, {site} n'en fait pas partie."), values)
        else:
            what = Sentence("answer_request", N_("Examiner la demande de {site} pour « {grappe} »"), values)
            otherwise = Sentence("still_waits", N_("Sans réponse, {site} reste en attente."), values)
        todos.append(Todo(what, otherwise, "grappes_pages.show_grappe", (("grappe_id", one.grappe_id),)))
    return todos


def _of_line(own: OwnLine) -> list[Todo]:
    line = own.line
    if line.state.status != "open":
        return []
    here = ("dashboard_pages.show_lot", (("lot_id", line.id),), line.closes_at)
    values = {"title": line.title, "unit": line.unit, "quantity": own.to_sign, "lacking": line.state.lacking or 0}
    todos = []
    if own.to_sign:
        todos.append(
            Todo(
                Sentence("sign", N_("Signer {quantity} {unit} sur « {title} »"), values),
                Sentence("unsigned", N_("Sans signature avant la clôture, ce besoin ne compte pas."), values),
                *here,
            )
        )
    if any(need.need.status == "to_confirm" for need in own.needs):
        todos.append(
            Todo(
                Sentence("confirm", N_("Confirmer votre besoin sur « {title} », prolongé"), values),
                Sentence("unconfirmed", N_("Sans confirmation, il ne compte plus."), values),
                *here,
            )
        )
    if own.quantity and line.state.lacking and closes_soon(clock.now(), line.closes_at):
        todos.append(
            Todo(
                Sentence("short", N_("Inviter un établissement sur « {title} », ou augmenter votre besoin"), values),
                Sentence("will_miss", N_("Il manque {lacking} {unit} ; sinon le marché ne sera pas lancé."), values),
                *here,
            )
        )
    return todos


def _of_missing_needs(others: Iterable[LotLine], pooled: set[str]) -> list[Todo]:
    return [
        Todo(
            Sentence("place_need", N_("Indiquer votre besoin sur « {title} »"), {"title": line.title}),
            Sentence("not_in", N_("Votre grappe achète cette catégorie ; sans besoin, vous n'y participez pas.")),
            "dashboard_pages.show_lot",
            (("lot_id", line.id),),
            line.closes_at,
        )
        for line in others
        if line.lot.category_code in pooled
    ]
