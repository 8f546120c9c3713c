"""Use case: many needs of one lot at once, from a spreadsheet or a grid; all of them or none."""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from marketplace.establishments.rules import fold
from marketplace.notifications.services import Telling, tell_many
from marketplace.platform import audit
from marketplace.platform.errors import N_, BadInput, DomainError, NotAllowed, NotFound, Sentence
from marketplace.platform.permissions import Actor, allowed, require
from tenders.demand import notices
from tenders.demand.bulk_writing import place_all
from tenders.demand.notices import Entered
from tenders.demand.queries.placing import Standing, list_standings, lock_memberships
from tenders.demand.queries.sheets import LIVE, find_sites, list_grappes_of
from tenders.demand.rules import placing as rules
from tenders.demand.rules.placing import Placed, Wish
from tenders.demand.rules.pool import NOTHING
from tenders.demand.rules.sheet_rows import Entry, Reading, Refusal
from tenders.demand.services.needs import action_of, decide, facts_of, placing_of, until_not_overtaken
from tenders.demand.waiting_list import promote
from tenders.demand.writing import GrappeRowMissing, lock_pool
from tenders.vehicles.queries import get_lot

FIELD_OF: Final[Mapping[str, str]] = {
    "establishment_closed": "finess", "already_pooled_elsewhere": "finess", "firm_needs_not_taken": "firmness",
    "reference_price_required_to_sign": "firmness", "grappe_required": "grappe", "not_a_member": "grappe",
    "grappe_not_active": "grappe", "category_not_pooled": "grappe", "lot_maximum_reached": "quantity",
    "phases_not_by_year": "year_1", "phases_do_not_fit": "year_1",
}  # fmt: skip
"""The cell that a refusal of one row belongs to; other refusals are the whole file's."""
UNKNOWN_SITE: Final = N_("Aucun établissement n'a le numéro FINESS « {finess} » : vérifiez-le.")
UNKNOWN_GRAPPE: Final = N_("Cet établissement n'est membre d'aucune grappe nommée « {grappe} » : vérifiez le nom.")
HAS_NEED: Final = N_("Ce site a un besoin : écrivez sa quantité. Pour le retirer, ouvrez la page de ce besoin.")


@dataclass(frozen=True)
class Line:
    """A row that holds: what the site's need was and what it becomes (the same when `is_changed` is false)."""

    row: int
    site: Establishment
    standing: Standing
    placed: Placed
    is_changed: bool


@dataclass(frozen=True)
class Imported:
    """What an import did, or would do. `is_written`: it did; otherwise nothing was, the rejected rows say why if any."""

    lines: tuple[Line, ...]
    rejected: tuple[Refusal, ...]
    is_written: bool
    ignored: int

    @property
    def changed(self) -> tuple[Line, ...]:
        """Rows that change something."""
        return tuple(line for line in self.lines if line.is_changed)

    @property
    def accepted(self) -> int:
        """Rows that hold; none of a file that was to be written and was not."""
        return len(self.lines)

    @property
    def signed(self) -> tuple[Line, ...]:
        """Rows that engage somebody by this very act."""
        return tuple(each for each in self.changed if action_of(each.standing.before, each.placed) == "need.signed")


def import_needs(actor: Actor, lot_id: UUID, reading: Reading, *, dry_run: bool) -> Imported:
    """Place every need that the rows ask for, by the rules of `put_need`; a signatory's import signs firm needs.

    Rows without a quantity ask for nothing. One refused cell, and nothing is written; `dry_run` never writes. A need
    that is already as its row says stays as it is; one to be confirmed is confirmed. NotFound for a lot one may not
    see; RuleBroken `needs_closed`.
    """

    def attempt(session: Session) -> Imported:
        lot = get_lot(session, actor, lot_id)
        if lot.opened_at is None:
            raise NotFound("lot")
        wished, refused = _wished(session, reading)
        writes = not dry_run and not refused
        asked = {site.id: wish.grappe_id for _, site, wish in wished}
        if writes:
            lock_memberships(session, asked)
            lock_pool(session, lot_id)
        standings = list_standings(session, lot_id, asked)
        silent = _silent_but_placed(session, actor, lot_id, reading)
        lines, unfit = _decided(actor, wished, standings)
        rejected = sorted([*refused, *unfit, *silent], key=lambda each: (each.row, each.field))
        if rejected or not writes:
            kept = lines if dry_run else []
            return Imported(tuple(kept), tuple(rejected), False, len(reading.without_quantity))
        _write(session, actor, lot_id, [line for line in lines if line.is_changed])
        return Imported(tuple(lines), (), True, len(reading.without_quantity))

    return until_not_overtaken(attempt)


Wished = tuple[Entry, Establishment, Wish]


def _wished(session: Session, reading: Reading) -> tuple[list[Wished], list[Refusal]]:
    """Rows with their site and grappe found, and what is refused before any rule is asked."""
    sites = find_sites(session, {entry.finess for entry in reading.entries})
    grappes = list_grappes_of(session, [site.id for site in sites.values()])
    wished, refused = dict[UUID, Wished](), list(reading.refusals)
    for entry in reading.entries:
        site = sites.get(entry.finess)
        if site is None:
            why = Sentence("establishment_unknown", UNKNOWN_SITE, {"finess": entry.finess})
            refused.append(Refusal(entry.row, "finess", why))
            continue
        grappe_id = grappes.get(site.id, {}).get(_key(entry.grappe)) if entry.grappe else None
        if entry.grappe and grappe_id is None:
            why = Sentence("grappe_unknown", UNKNOWN_GRAPPE, {"grappe": entry.grappe})
            refused.append(Refusal(entry.row, "grappe", why))
            continue
        wish = Wish(
            entry.quantity, entry.firmness, grappe_id, entry.tolerance, entry.minimum_pool_quantity,
            entry.maximum_unit_price, phases=entry.phases or None,
        )  # fmt: skip
        try:
            rules.check_wish(wish)
        except BadInput as bad:
            refused += [_misfit(entry, name, text) for name, texts in bad.errors.items() for text in texts]
            continue
        wished.setdefault(site.id, (entry, site, wish))
    return list(wished.values()), refused


def _key(grappe: str) -> str:
    """How a grappe is looked up: by id as written, or by folded name."""
    try:
        return str(UUID(grappe))
    except ValueError:
        return fold(grappe)


def _misfit(entry: Entry, name: str, text: str) -> Refusal:
    if name == "condition":
        name = "maximum_unit_price" if entry.maximum_unit_price is not None else "minimum_pool_quantity"
    return Refusal(entry.row, name, Sentence("condition_wrong", text))


def _silent_but_placed(session: Session, actor: Actor, lot_id: UUID, reading: Reading) -> list[Refusal]:
    """Rows that left the quantity of a living need of the actor's empty: neither a change nor a withdrawal."""
    rows = {finess: row for row, finess in reading.without_quantity}
    own = actor.organisation_ids(kind="care_operator")
    sites = {each.id: each for each in find_sites(session, rows).values() if each.organisation_id in own}
    standings = list_standings(session, lot_id, dict.fromkeys(sites))
    return [
        Refusal(rows[sites[site_id].finess], "quantity", Sentence("quantity_missing", HAS_NEED))
        for site_id, standing in standings.items()
        if standing.before is not None and standing.before.status in LIVE
    ]


def _decided(
    actor: Actor, wished: Iterable[Wished], standings: Mapping[UUID, Standing]
) -> tuple[list[Line], list[Refusal]]:
    """Each row by the rules of one need, what frees room first: the order of the rows decides nothing about the room."""
    lines, refused, freed = list[Line](), list[Refusal](), 0
    for entry, site, wish in sorted(wished, key=lambda each: _growth(each, standings)):
        standing = standings[site.id]
        try:
            line = _line(actor, entry, site, wish, standing, standing.counted + freed)
        except NotAllowed as refusal:
            field = "quantity" if refusal.action == "need.sign" else "finess"
            refused.append(Refusal(entry.row, field, refusal.sentence))
        except DomainError as refusal:
            if refusal.code not in FIELD_OF:
                raise
            refused.append(Refusal(entry.row, FIELD_OF[refusal.code], refusal.sentence))
        else:
            before = standing.before.contribution if standing.before else NOTHING
            freed += line.placed.contribution.counted - before.counted
            lines.append(line)
    return sorted(lines, key=lambda line: line.row), refused


def _growth(wished: Wished, standings: Mapping[UUID, Standing]) -> tuple[bool, int]:
    entry, site, wish = wished
    before = standings[site.id].before
    counted = before.contribution.counted if before else 0
    return (0 if wish.firmness == "indicative" else wish.quantity) > counted, entry.row


def _line(
    actor: Actor, entry: Entry, site: Establishment, wish: Wish, standing: Standing, counted: int
) -> Line:  # fmt: skip
    require(actor, "need.place", own=standing.organisation_id, coordinator=standing.mandated_id)
    before = standing.before
    if before is not None and entry.phases is None:
        wish = replace(wish, phases=before.wish.phases)  # a sheet without years does not change them
    if before is not None and before.wish == wish and before.status in LIVE and before.status != "to_confirm":
        return Line(entry.row, site, standing, before, False)
    if before is not None and before.signature is not None and wish.firmness == "firm":
        wish = replace(wish, price_ceiling=before.signature.price_ceiling)
    signs = allowed(actor, "need.sign", own=standing.organisation_id)
    placed = decide(actor, standing, wish, signs, False, counted)
    return Line(entry.row, site, standing, placed, placed != before)


def _write(session: Session, actor: Actor, lot_id: UUID, lines: list[Line]) -> None:
    """Write what changes, tell the audit and the people, and count whom it frees a place for."""
    if not lines:
        return
    for line in lines:
        grappe_id = line.placed.wish.grappe_id
        if grappe_id is not None and not line.standing.has_grappe_row:
            raise GrappeRowMissing(lot_id, grappe_id)
    place_all(session, lot_id, [placing_of(actor, line.standing, line.site.id, line.placed) for line in lines])
    audit.record_all(session, actor, [_act(lot_id, line) for line in lines])
    tell_many(session, _tellings(lines))
    freed = sum((line.standing.before.contribution.counted if line.standing.before else 0) for line in lines)
    if sum(line.placed.contribution.counted for line in lines) < freed:
        promote(session, get_lot(session, actor, lot_id))


def _act(lot_id: UUID, line: Line) -> audit.Act:
    before = line.standing.before
    return audit.Act(
        action_of(before, line.placed), "need", f"{lot_id}:{line.site.id}", line.standing.organisation_id,
        None if before is None else facts_of(before), facts_of(line.placed),
    )  # fmt: skip


def _tellings(lines: Iterable[Line]) -> list[Telling]:
    """One telling an organisation for what it has to sign, one for what was signed."""
    found: dict[tuple[str, UUID], list[Line]] = {}
    for line in lines:
        action = action_of(line.standing.before, line.placed)
        if line.placed.status == "awaiting_signature" or action == "need.signed":
            kind = "signed" if action == "need.signed" else "to_sign"
            found.setdefault((kind, line.standing.organisation_id), []).append(line)
    tell = {"signed": notices.imported_signed, "to_sign": notices.imported_to_sign}
    return [
        tell[kind](group[0].standing.ground, _entered(organisation_id, group))
        for (kind, organisation_id), group in found.items()
    ]


def _entered(organisation_id: UUID, lines: list[Line]) -> Entered:
    amounts = [line.placed.signature.exposure_excl_vat for line in lines if line.placed.signature]
    quantity = sum(line.placed.wish.quantity for line in lines)
    return Entered(organisation_id, len(lines), quantity, sum(amounts, Decimal(0)))
