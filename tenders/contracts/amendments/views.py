"""Versions of a contract as one reader sees them: fields in words, before and after, and the value they are held against."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from marketplace.categories.units import unit_word
from marketplace.platform.errors import NotFound, Sentence
from marketplace.platform.facts import unpack
from marketplace.platform.files import StoredFile
from marketplace.platform.i18n import day, euros, language, percent, quantity, unit_price
from marketplace.platform.permissions import Actor
from tenders.contracts import labels as contract_labels
from tenders.contracts.amendments import labels, queries
from tenders.contracts.amendments.models import Amendment
from tenders.contracts.amendments.rules.changes import initial_terms
from tenders.contracts.amendments.rules.thresholds import Worth, worth_of
from tenders.contracts.models import Contract
from tenders.contracts.queries import list_contract_members
from tenders.contracts.views import role_of

ABOUT_MEMBERS = ("added", "removed")


@dataclass(frozen=True)
class FieldLine:
    """A field of a version in words: its name, what it was and what it becomes, a line of text each or several."""

    label: Any
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True)
class VersionView:
    """A version as one reader sees it. `changes` are those it may read; `warnings` and `acknowledgement` the centre's.

    `reads_paper`: whether it may read the signed PDF, which says every change in full.
    """

    amendment: Amendment
    status: str
    changes: Mapping[str, Any]
    lines: tuple[FieldLine, ...]
    warnings: tuple[Sentence, ...]
    acknowledgement: str | None
    reads_paper: bool

    def __getattr__(self, name: str) -> Any:
        return getattr(self.amendment, name)

    @property
    def signed_sha256(self) -> str | None:
        """The hash of the signed PDF."""
        return None if self.amendment.signed_file is None else self.amendment.signed_file.sha256


@dataclass(frozen=True)
class Versions:
    """Every version a reader sees, and the contract's initial value with what signed ones add to it, but those stopped."""

    contract: Contract
    items: tuple[VersionView, ...]
    initial: Worth
    value_changes: Decimal

    @property
    def signed(self) -> tuple[VersionView, ...]:
        """Versions of the contract."""
        return tuple(each for each in self.items if each.number is not None)

    @property
    def drafts(self) -> tuple[VersionView, ...]:
        """What may still be signed."""
        return tuple(each for each in self.items if each.status == "draft")


def versions_of(session: Session, actor: Actor, contract: Contract) -> Versions:
    """The versions of a contract for this reader; a number of statements that does not grow with them."""
    found = queries.list_amendments(session, actor, contract.id)
    signed = [each for each in found if each.number is not None]
    standing = [each.value_change for each in signed if not is_stopped(each, contract)]
    terms = queries.terms_to_amend(session, contract, signed)
    initial = worth_of(initial_terms(terms, [each.changes for each in signed]), contract.pooled_quantity, contract.term)
    role = role_of(actor, contract)
    shown = _names_for(session, actor, contract, role, found)
    items = tuple(_view(each, contract, role, shown) for each in found)
    return Versions(contract, items, initial, sum(standing, Decimal("0.00")))


def version_of(session: Session, actor: Actor, amendment: Amendment) -> VersionView:
    """One version as this reader sees it."""
    contract = amendment.contract
    role = role_of(actor, contract)
    return _view(amendment, contract, role, _names_for(session, actor, contract, role, [amendment]))


def signed_paper(session: Session, actor: Actor, amendment: Amendment) -> StoredFile:
    """The signed PDF, for whoever may read all that the amendment changes; NotFound for any other, and for a draft."""
    view = version_of(session, actor, amendment)
    if amendment.signed_file is None or not view.reads_paper:
        raise NotFound("signed amendment")
    return amendment.signed_file


def _names_for(
    session: Session, actor: Actor, contract: Contract, role: str, found: Sequence[Amendment]
) -> dict[UUID, str]:
    """Names of the establishments that came or left, as far as the reader may know them (ux.md)."""
    ids = {UUID(each) for amendment in found for each in _members_in(amendment.changes)}
    if ids and role == "member":
        mine = actor.organisation_ids(kind="care_operator")
        members = list_contract_members(session, contract.id)
        grappes = {member.grappe_id for member in members if member.organisation_id in mine} - {None}
        ids &= {each.establishment_id for each in members if each.organisation_id in mine or each.grappe_id in grappes}
    return queries.names_of(session, ids)


def _members_in(changes: Mapping[str, Any]) -> list[str]:
    return [
        each for field in ABOUT_MEMBERS if field in changes for each in (*changes[field]["before"], *changes[field]["after"])
    ]


def _view(amendment: Amendment, contract: Contract, role: str, names: Mapping[UUID, str]) -> VersionView:
    read = ((field, _readable(field, change, role, names)) for field, change in amendment.changes.items())
    changes = {field: change for field, change in read if change is not None}
    facts = unpack(amendment.assessment or {})
    is_centre = role == "centre"
    return VersionView(
        amendment=amendment,
        status=status_of(amendment, contract),
        changes=changes,
        lines=tuple(_line(field, change, amendment, contract, names) for field, change in changes.items()),
        warnings=tuple(facts.get("warnings", ())) if is_centre else (),
        acknowledgement=amendment.acknowledgement if is_centre else None,
        reads_paper=changes == amendment.changes,
    )


def status_of(amendment: Amendment, contract: Contract) -> str:
    """draft, withdrawn, signed (its day is to come), in_force, or stopped (the contract ends before its day)."""
    if amendment.withdrawn_at is not None:
        return "withdrawn"
    if amendment.number is None:
        return "draft"
    if is_stopped(amendment, contract):
        return "stopped"
    return "in_force" if amendment.number <= contract.amendments_in_force else "signed"


def is_stopped(amendment: Amendment, contract: Contract) -> bool:
    """Whether a signed version never takes effect: the contract is terminated on its day or before, and it is not in force."""
    if contract.terminated_on is None or amendment.effective_on is None or amendment.number is None:
        return False
    in_force = amendment.number <= contract.amendments_in_force
    return amendment.effective_on >= contract.terminated_on and not in_force


def _readable(
    field: str, change: Mapping[str, Any], role: str, names: Mapping[UUID, str]
) -> Mapping[str, Any] | None:
    """What this reader may know of a change: a fee is of who earns or pays it, members of those who may name them."""
    if field == "fee" and role != "centre":
        payer = {"holder": "provider"}.get(role, role)
        return change if payer in (change["before"]["payer"], change["after"]["payer"]) else None
    if field in ABOUT_MEMBERS:
        return {side: [each for each in change[side] if UUID(each) in names] for side in ("before", "after")}
    return change


def _line(
    field: str, change: Mapping[str, Any], amendment: Amendment, contract: Contract, names: Mapping[UUID, str]
) -> FieldLine:
    if field in ABOUT_MEMBERS:
        everybody = amendment.changes[field]
        sides = [_members(change[side], len(everybody[side]), names) for side in ("before", "after")]
    else:
        sides = [_said(field, change[side], contract) for side in ("before", "after")]
    return FieldLine(labels.FIELDS[field], *sides)


def _members(ids: Sequence[str], of_all: int, names: Mapping[UUID, str]) -> tuple[str, ...]:
    said = sorted(names[UUID(each)] for each in ids)
    others = of_all - len(said)
    if not others:
        return tuple(said)
    return (*said, _("%(n)s autres établissements", n=others) if said else _("%(n)s établissements", n=others))


def _said(field: str, value: Any, contract: Contract) -> tuple[str, ...]:
    """A term in words, with its unit."""
    if value is None:
        return (_("aucun"),) if field not in ("text", "formula", "duration_reason") else (
            (_("prix fermes"),) if field == "formula" else ()
        )
    if field in ("maximum_quantity", "minimum_quantity"):
        return (f"{quantity(value)} {unit_word(contract.unit, value, language())}",)
    if field == "maximum_amount":
        return (_("%(amount)s HT", amount=euros(Decimal(value))),)
    if field == "ends_on":
        return (day(date.fromisoformat(value)),)
    return _WORDED.get(field, lambda each, _contract: (str(each),))(value, contract)


def _grid(grid: Mapping[str, Any], contract: Contract) -> tuple[str, ...]:
    unit = unit_word(contract.unit, 2, language())
    lines = [
        _("à partir de %(n)s %(unit)s : %(price)s HT", n=quantity(each["from_quantity"]), unit=unit,
          price=unit_price(Decimal(each["unit_price"])))
        for each in grid["brackets"]
    ]  # fmt: skip
    once = Decimal(grid["mobilisation_amount"])
    if once:
        lines.append(_("mise en service, une fois : %(amount)s HT", amount=euros(once)))
    lines += [
        _("région %(region)s : + %(price)s HT", region=region, price=unit_price(Decimal(uplift)))
        for region, uplift in grid["regional_uplifts"].items()
    ]
    return tuple(lines)


def _formula(formula: Mapping[str, Any], _contract: Contract) -> tuple[str, ...]:
    return (
        _("%(fixed)s + %(indexed)s × %(code)s ÷ %(base)s", fixed=_figure(formula["fixed_share"]),
          indexed=_figure(formula["indexed_share"]), code=formula["index_code"], base=_figure(formula["base_value"])),
        _("mois de base : %(month)s", month=day(date.fromisoformat(formula["base_month"]))),
        _("%(months)s mois au moins entre deux révisions", months=formula["interval_months"]),
    )  # fmt: skip


def _figure(text: str) -> str:
    return str(quantity(Decimal(text).normalize()))


def _fee(fee: Mapping[str, Any], _contract: Contract) -> tuple[str, ...]:
    if fee["kind"] == "none":
        return (_("aucune"),)
    value = Decimal(fee["value"])
    said = {
        "percent_of_call_offs": _("%(share)s des commandes", share=percent(value / 100, 2)),
        "flat_yearly": _("%(amount)s HT par an", amount=euros(value)),
        "entry": _("%(amount)s HT à l'entrée", amount=euros(value)),
    }[fee["kind"]]
    return (_("%(value)s, payée par %(who)s", value=said, who=contract_labels.FEE_PAYERS[fee["payer"]]),)


_WORDED = {"grid": _grid, "formula": _formula, "fee": _fee}
