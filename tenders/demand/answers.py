"""Needs, pools and closings as the dictionaries that the API answers and the pages read."""
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from marketplace.platform.facts import unpack
from marketplace.platform.i18n import sentence
from tenders.demand.models import Closing, NeedVersion
from tenders.demand.queries import ClosingSight, NeedChange, NeedRow
from tenders.demand.rules.masking import GroupBehind, masked_groups
from tenders.demand.services import Imported, NeedState
from tenders.demand.views import GrappeRow, PoolView


def need_state(state: NeedState) -> dict[str, Any]:
    """A need after it was placed or signed, with what it binds to."""
    wish, signature = state.placed.wish, state.placed.signature
    answer = {
        "lot_id": state.lot_id, "establishment_id": state.establishment_id, "grappe_id": wish.grappe_id,
        "quantity": wish.quantity, "tolerance": wish.tolerance, "firmness": wish.firmness, "status": state.status,
        "condition": condition_of(wish.minimum_pool_quantity, wish.maximum_unit_price), "phases": wish.phases,
        "price_ceiling": signature and signature.price_ceiling, "signed_at": signature and signature.signed_at,
        "exposure": state.exposure, "exposure_at_most": state.exposure, "version": state.version,
    }  # fmt: skip
    return answer if state.rank is None else {**answer, "rank": state.rank}


def need_row(row: NeedRow, rank: int | None = None) -> dict[str, Any]:
    """A need as read."""
    need = row.need
    answer = {
        "lot_id": need.lot_id, "establishment_id": need.establishment_id, "grappe_id": need.grappe_id,
        "establishment_name": row.establishment_name, "quantity": need.quantity, "tolerance": need.tolerance,
        "firmness": need.firmness, "condition": condition_of(need.minimum_pool_quantity, need.maximum_unit_price),
        "phases": need.phases,
        "status": need.status, "price_ceiling": need.price_ceiling, "signed_at": need.signed_at, "version": need.version,
    }  # fmt: skip
    optional = {"rank": rank, "ordered_quantity": need.ordered_quantity}
    return answer | {name: value for name, value in optional.items() if value is not None}


def imported(done: Imported) -> dict[str, Any]:
    """What an import did, its refusals in the reader's language."""
    return {
        "accepted": done.accepted, "changed": len(done.changed), "ignored": done.ignored, "written": done.is_written,
        "rejected": [
            {"row": each.row, "field": each.field, "code": each.why.code, "message": sentence(each.why)}
            for each in done.rejected
        ],
    }  # fmt: skip


def need_change(change: NeedChange) -> dict[str, Any]:
    """One change of a need: when, who, before, after."""
    return {
        "changed_at": change.changed_at, "changed_by": change.changed_by,
        "before": _asked(change.before), "after": _asked(change.after),
    }  # fmt: skip


def _asked(version: NeedVersion | None) -> dict[str, Any] | None:
    if version is None:
        return None
    return {
        "status": version.status, "grappe_id": version.grappe_id, "quantity": version.quantity,
        "tolerance": version.tolerance, "firmness": version.firmness, "price_ceiling": version.price_ceiling,
        "condition": condition_of(version.minimum_pool_quantity, version.maximum_unit_price), "phases": version.phases,
    }  # fmt: skip


def condition_of(minimum_pool_quantity: int | None, maximum_unit_price: Any) -> dict[str, Any] | None:
    """The condition of a need, None when it has none."""
    if minimum_pool_quantity is None and maximum_unit_price is None:
        return None
    return {"minimum_pool_quantity": minimum_pool_quantity, "maximum_unit_price": maximum_unit_price}


def pool(view: PoolView) -> dict[str, Any]:
    """The pool as JSON values: read often, so written down without going through a schema (tests hold them equal)."""
    value = view.minimum.value
    return {
        "lot_id": str(view.lot_id), "status": view.status, "round": view.round, "unit": view.unit, "firm": view.firm,
        "conditional": view.conditional, "awaiting_signature": view.awaiting_signature,
        "waitlisted": view.waitlisted, "indicative": view.indicative, "tolerance": view.tolerance,
        "members": view.members,
        "minimum": {
            "kind": view.minimum.kind, "basis": view.minimum.basis, "scope": view.minimum.scope,
            "value": value if value is None or isinstance(value, int) else f"{value:f}",
            "quantity": view.minimum.quantity,
        },
        "maximum": view.maximum, "missing": view.missing, "covered_by_tolerance": view.covered_by_tolerance,
        "is_met": view.is_met, "conditions_open": view.conditions_open,
        "grappes": [_grappe_row(row, whole=row.own or view.sees_everything) for row in view.grappes],
        "masked_grappes": view.masked_grappes,
    }  # fmt: skip


def _grappe_row(row: GrappeRow, whole: bool) -> dict[str, Any]:
    shown = {
        "grappe_id": row.grappe_id and str(row.grappe_id), "name": row.name, "firm": row.firm,
        "conditional": row.conditional, "indicative": row.indicative, "members": row.members,
    }  # fmt: skip
    if not whole:
        return shown
    return {
        **shown, "awaiting_signature": row.awaiting_signature, "waitlisted": row.waitlisted, "tolerance": row.tolerance,
    }  # fmt: skip


def closing(decided: Closing, sight: ClosingSight | None = None) -> dict[str, Any]:
    """A decision in the reader's language; `sight` None shows every member and grappe, else what this reader may see."""
    body, visible = decided.body, sight.members if sight is not None else None
    return {
        "lot_id": decided.lot_id, "round": decided.round, "outcome": decided.outcome,
        "ordered_quantity": decided.ordered_quantity, "tested_quantity": body["tested_quantity"],
        "policy_applied": decided.policy_applied, "policy_skipped": [_worded(each) for each in body["policy_skipped"]],
        "reason": decided.reason, "decided_at": decided.decided_at, "undone_at": decided.undone_at,
        "undo_reason": decided.undo_reason, "groups": _groups(body["groups"], sight),
        "included": _members(body["included"], visible), "excluded": _members(body["excluded"], visible),
        "warnings": [{"code": each.code, "detail": sentence(each)} for each in unpack(body["warnings"])],
    }  # fmt: skip


def _groups(lines: Iterable[dict[str, Any]], sight: ClosingSight | None) -> list[dict[str, Any]]:
    # A decision stored before organisations were counted shows its grappes to their members and to the centre alone.
    groups = tuple(GroupBehind(**{"organisations": 0, **line}) for line in lines)
    if sight is not None:
        own = {str(grappe_id) for grappe_id in sight.own_grappes}
        groups = masked_groups(groups, own, sight.own_alone, sight.readers) if sight.sees_groups else ()
    return [
        {"grappe_id": each.grappe_id, "outcome": each.outcome, "ordered_quantity": each.ordered_quantity}
        for each in groups
    ]


def _members(lines: Iterable[dict[str, Any]], visible: Collection[UUID] | None) -> list[dict[str, Any]]:
    return [_worded(line) for line in lines if visible is None or UUID(line["establishment_id"]) in visible]


def _worded(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "detail": " ".join(sentence(each) for each in unpack(line["detail"]))}
