"""A purchasing centre's home: what to do, lots about to close, volumes by region, envelopes, certificates that end."""
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from sqlalchemy.orm import Session

from marketplace.categories.queries import category_names
from marketplace.platform import clock
from marketplace.platform.errors import N_, Sentence
from marketplace.platform.i18n import language
from marketplace.platform.permissions import Actor
from tenders.dashboard import fee_todos, order_todos
from tenders.dashboard.queries import centre, lots
from tenders.dashboard.queries.lots import LotLine
from tenders.dashboard.rules import Todo, closes_soon
from tenders.dashboard.todos import to_items
from tenders.demand.mergers.queries import OpenVote, list_to_choose

NEARLY_FULL = Fraction(70, 100)
A_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class CentreHome:
    """Everything on the page, in its order. `regions` are the volumes of `category`, in `unit`."""

    todos: list[dict[str, str | None]]
    closing: list[LotLine]
    open_count: int
    category: str | None
    categories: list[tuple[str, str]]
    regions: Mapping[str, int]
    unit: str
    envelopes: list[LotLine]
    moves: list[centre.Move]
    departures: list[centre.Departure]
    certificates: list[centre.EndingCertificate]


def build(session: Session, actor: Actor, asked: Mapping[str, str]) -> CentreHome:
    """Gather the page in a number of statements that does not grow with lots or needs."""
    lines = lots.list_centre_lines(session, actor)
    opened = [line for line in lines if line.state.status == "open"]
    soon = [line for line in opened if closes_soon(clock.now(), line.closes_at)]
    names = category_names(session, language())
    pooled = sorted({line.lot.category_code for line in opened}, key=lambda code: names[code])
    category = _category(opened, asked.get("categorie"))
    return CentreHome(
        todos=to_items([
            *order_todos.of_centre(session, actor), *fee_todos.of_payee(session, actor),
            *_of_choices(list_to_choose(session, actor)), *_of_lines(lines),
        ]),
        closing=sorted(soon, key=distance, reverse=True),
        open_count=len(opened),
        category=category,
        categories=[(code, names[code]) for code in pooled],
        regions=centre.volumes_by_region(session, actor, category) if category else {},
        unit=next((line.unit for line in opened if line.lot.category_code == category), ""),
        envelopes=[line for line in opened if is_nearly_full(line)],
        moves=centre.list_moves(session, actor, clock.now() - A_WEEK),
        departures=centre.list_departures(session, actor),
        certificates=centre.list_ending_certificates(session, actor),
    )


def distance(line: LotLine) -> Fraction:
    """How far a lot is from its minimum, as a share of it: 0 when reached or when there is none."""
    return Fraction(line.state.lacking or 0, line.state.minimum or 1)


def is_nearly_full(line: LotLine) -> bool:
    """Whether 70 % of a lot's maximum is taken."""
    maximum = line.state.maximum
    return bool(maximum) and Fraction(line.state.engaged, maximum or 1) >= NEARLY_FULL


def _category(opened: list[LotLine], asked: str | None) -> str | None:
    """The category asked for when the centre collects it, else that of the lot with most commitments."""
    if asked in {line.lot.category_code for line in opened}:
        return asked
    largest = max(opened, key=lambda line: line.state.engaged, default=None)
    return largest.lot.category_code if largest else None


def _of_choices(mergers: list[OpenVote]) -> list[Todo]:
    return [
        Todo(
            Sentence("choose_merger", N_("Choisir où réunir les besoins de « {title} »"), {"title": one.title}),
            Sentence("without_choice", N_("Sans choix, aucun vote n'a lieu et la suite publiée du lot s'applique.")),
            "mergers_pages.show_merger",
            (("lot_id", one.lot_id),),
            one.until,
        )
        for one in mergers
    ]


def _of_lines(lines: list[LotLine]) -> list[Todo]:
    todos = []
    for line in lines:
        values = {
            "title": line.title, "lacking": line.state.lacking or 0, "unit": line.unit,
            "waiting": line.figures.awaiting_signature if line.figures else 0,
        }  # fmt: skip
        here = (("lot_id", line.id),)
        if line.state.status == "draft":
            todos.append(
                Todo(
                    Sentence("open_lot", N_("Ouvrir le lot « {title} », encore en préparation"), values),
                    Sentence("invisible", N_("Tant qu'il n'est pas ouvert, personne ne le voit.")),
                    "vehicles_pages.show_vehicle", (("vehicle_id", line.vehicle.id),),
                )
            )  # fmt: skip
        elif line.state.status == "open" and line.state.lacking and closes_soon(clock.now(), line.closes_at):
            todos.append(
                Todo(
                    Sentence("remind", N_("Relancer les établissements sur « {title} »"), values),
                    Sentence("will_miss", N_("Sans réponse, il manquera {lacking} {unit} à la clôture."), values),
                    "dashboard_pages.show_lot", here, line.closes_at,
                )
            )  # fmt: skip
        elif line.state.status == "open" and values["waiting"]:
            todos.append(
                Todo(
                    Sentence("chase", N_("Faire signer {waiting} {unit} sur « {title} »"), values),
                    Sentence("unsigned", N_("Un besoin non signé ne compte pas à la clôture.")),
                    "dashboard_pages.show_lot", here, line.closes_at,
                )
            )  # fmt: skip
    return todos
