"""Needs imported from a spreadsheet: by the rules of one need, all of them or none, totals true."""
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.accounts.queries import get_actor
from marketplace.grappes.models import PoolingClaim
from marketplace.platform import clock
from marketplace.platform.errors import NotFound, RuleBroken
from tenders.demand.models import Need, NeedVersion
from tenders.demand.queries.sheets import list_sheet_sites
from tenders.demand.rules.sheet_rows import read_rows
from tenders.demand.services import Imported, import_needs
from tests.factories.accounts import user_in
from tests.factories.demand import assert_totals_are_true, clinic, need_on, open_pool, placed_on, sister, totals_of
from tests.factories.grappes import grappe_of
from tests.factories.vehicles import LotFactory

HEADER = ["finess", "quantity", "firmness", "tolerance", "minimum_pool_quantity", "maximum_unit_price", "grappe"]


def sheet(*rows: tuple[Any, ...]) -> Any:
    """Rows as a read sheet; cells left out at the end are empty."""
    return read_rows([HEADER, *[[str(cell) for cell in row] + [""] * (len(HEADER) - len(row)) for row in rows]])


def imported(actor: Any, lot: Any, *rows: tuple[Any, ...], dry_run: bool = False) -> Imported:
    return import_needs(actor, lot.id, sheet(*rows), dry_run=dry_run)


def codes(done: Imported) -> list[tuple[int, str, str]]:
    return [(each.row, each.field, each.why.code) for each in done.rejected]


def count_needs(session: Session, lot: Any) -> int:
    return session.scalar(select(func.count()).select_from(Need).where(Need.lot_id == lot.id)) or 0


def test_every_row_becomes_a_need_as_if_it_were_sent_alone(session: Session) -> None:
    lot = open_pool()
    site, actor = clinic()
    second, third = sister(site), sister(site)
    grappe = grappe_of(second, clinic()[0])
    done = imported(
        actor, lot, (site.finess, 300, "ferme", 20), (second.finess, 120, "conditionnel", "", 5000, "4,10", grappe.name),
        (third.finess, 7, "indicatif"), (clinic()[0].finess, "", ""),
    )  # fmt: skip
    assert (done.is_written, done.accepted, len(done.changed), done.ignored, done.rejected) == (True, 3, 3, 1, ())
    totals = totals_of(session, lot.id)
    assert (totals.firm, totals.conditional, totals.indicative, totals.tolerance, totals.members) == (300, 120, 7, 20, 2)
    need = session.get_one(Need, (lot.id, second.id))
    assert (need.grappe_id, need.minimum_pool_quantity, need.maximum_unit_price) == (grappe.id, 5000, Decimal("4.10"))
    assert session.get_one(Need, (lot.id, site.id)).signed_by == actor.user_id
    assert_totals_are_true(session)
    assert session.scalar(select(func.count()).select_from(NeedVersion).where(NeedVersion.lot_id == lot.id)) == 3
    told = session.scalars(text("SELECT payload ->> 'template' FROM outbox WHERE kind = 'notification'")).all()
    assert told == ["needs_imported_signed"]


def test_a_dry_run_says_the_same_and_writes_nothing(session: Session) -> None:
    lot = open_pool()
    site, actor = clinic()
    done = imported(actor, lot, (site.finess, 300, "ferme"), dry_run=True)
    assert (done.is_written, done.accepted, len(done.signed)) == (False, 1, 1)
    assert (count_needs(session, lot), totals_of(session, lot.id).firm) == (0, 0)
    assert session.scalar(text("SELECT count(*) FROM audit_events WHERE action LIKE 'need.%'")) == 0


def test_one_refused_cell_and_nothing_is_written(session: Session) -> None:
    lot = open_pool()
    site, actor = clinic()
    done = imported(actor, lot, (site.finess, 300, "ferme"), (sister(site).finess, "beaucoup", "ferme"))
    assert (done.is_written, done.accepted, codes(done)) == (False, 0, [(3, "quantity", "not_a_whole_number")])
    assert count_needs(session, lot) == 0


def test_each_refusal_names_its_cell(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=100)
    site, actor = clinic()
    second, third, fourth = sister(site), sister(site), sister(site)
    elsewhere = open_pool()
    placed_on(elsewhere, third, actor, 10)
    stranger, _ = clinic()
    placed_on(lot, fourth, actor, 5, firmness="indicative")
    done = imported(
        actor, lot, (site.finess, 101, "ferme"), (second.finess, 5, "conditionnel"), (third.finess, 5, "ferme"),
        (stranger.finess, 5, "indicatif"), ("999999999", 5, "ferme"), (fourth.finess, "", ""),
        (sister(site).finess, 5, "ferme", "", "", "", "Inconnue"), (sister(site).finess, 5, "ferme", "", 3),
    )  # fmt: skip
    assert codes(done) == [
        (2, "quantity", "lot_maximum_reached"), (3, "minimum_pool_quantity", "condition_wrong"),
        (4, "finess", "already_pooled_elsewhere"), (5, "finess", "not_allowed"), (6, "finess", "establishment_unknown"),
        (7, "quantity", "quantity_missing"), (8, "grappe", "grappe_unknown"), (9, "minimum_pool_quantity", "condition_wrong"),
    ]  # fmt: skip


def test_a_buyers_import_leaves_firm_needs_to_the_signatories_in_one_message(session: Session) -> None:
    lot = open_pool()
    site, signatory = clinic()
    buyer = get_actor(session, user_in(session.get_one(Organisation, site.organisation_id), ("buyer",)).id)
    done = imported(buyer, lot, (site.finess, 30, "ferme"), (sister(site).finess, 20, "ferme"))
    assert {line.placed.status for line in done.lines} == {"awaiting_signature"}
    assert totals_of(session, lot.id).awaiting_signature == 50
    told = session.execute(text("SELECT payload ->> 'template', payload -> 'values' ->> 'count' FROM outbox")).all()
    assert told == [("needs_imported_to_sign", "2")]
    signed = sister(site)
    placed_on(lot, signed, signatory, 40)
    assert codes(imported(buyer, lot, (signed.finess, 39, "ferme"))) == [(2, "quantity", "not_allowed")]


def test_room_freed_by_one_row_serves_another_in_any_order(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=100)
    site, actor = clinic()
    second = sister(site)
    placed_on(lot, site, actor, 100)
    assert imported(actor, lot, (second.finess, 60, "ferme"), (site.finess, 40, "ferme")).is_written
    assert totals_of(session, lot.id).firm == 100
    assert_totals_are_true(session)


def test_what_an_import_frees_goes_to_the_waiting_list_and_claims_follow(session: Session) -> None:
    lot = open_pool(minimum=None, maximum=100)
    site, actor = clinic()
    placed_on(lot, site, actor, 100)
    waiting, other = clinic()
    placed_on(lot, waiting, other, 50, accept_waitlist=True)
    assert imported(actor, lot, (site.finess, 50, "indicatif")).is_written
    assert session.get_one(Need, (lot.id, waiting.id), populate_existing=True).status == "counted"
    claims = select(PoolingClaim.establishment_id).where(PoolingClaim.subject_id == lot.id)
    assert session.scalars(claims).all() == [waiting.id]
    assert_totals_are_true(session)


def test_a_coordinator_with_the_mandate_imports_for_the_members(session: Session) -> None:
    lot = open_pool()
    (first, coordinator), (second, _) = clinic(), clinic()
    grappe = grappe_of(first, second, coordinator_enters_needs=True)
    done = imported(coordinator, lot, (second.finess, 20, "indicatif", "", "", "", str(grappe.id)))
    assert (done.is_written, count_needs(session, lot)) == (True, 1)


def test_needs_as_they_stand_are_left_alone_with_their_ceiling(session: Session) -> None:
    lot = open_pool()
    site, actor = clinic()
    placed_on(lot, site, actor, 100, price_ceiling=Decimal("5.00"))
    done = imported(actor, lot, (site.finess, 100, "ferme"))
    assert (done.accepted, done.changed) == (1, ())
    imported(actor, lot, (site.finess, 90, "ferme"))
    need = session.get_one(Need, (lot.id, site.id), populate_existing=True)
    assert (need.quantity, need.price_ceiling, need.version) == (90, Decimal("5.0000"), 2)


def test_the_template_holds_every_own_site_and_its_need(session: Session) -> None:
    lot = open_pool()
    site, actor = clinic()
    second = sister(site)
    need_on(lot, 5)
    grappe = grappe_of(second, clinic()[0])
    placed_on(lot, site, actor, 100)
    found = list_sheet_sites(session, actor, lot)
    rows = {each.site.id: (each.need and each.need.quantity, each.grappe_name) for each in found}
    assert rows == {site.id: (100, None), second.id: (None, grappe.name)}


def test_a_lot_that_takes_no_needs_refuses_the_file_whole(session: Session) -> None:
    lot = open_pool()
    site, actor = clinic()
    with clock.frozen_at(lot.needs_close_at), pytest.raises(RuleBroken) as refusal:
        imported(actor, lot, (site.finess, 1, "indicatif"))
    assert refusal.value.code == "needs_closed"
    with pytest.raises(NotFound):
        imported(actor, LotFactory(), (site.finess, 1, "indicatif"))


def test_the_number_of_statements_does_not_grow_with_the_rows(session: Session, count_queries: Any) -> None:
    counts = []
    for size in (2, 40):
        lot = open_pool()
        site, actor = clinic()
        rows = [(each.finess, 5, "indicatif") for each in (site, *(sister(site) for _ in range(size - 1)))]
        with count_queries() as statements:
            assert imported(actor, lot, *rows).is_written
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 16
