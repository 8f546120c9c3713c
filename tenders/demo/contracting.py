"""The demo's running contract: audit days, pooled, decided, signed and activated, so that ordering can be tried."""
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from fpdf import FPDF
from sqlalchemy import select

from catalog.offers.models import Offer, OfferBracket
from catalog.providers.models import Provider
from marketplace.accounts.models import Organisation
from marketplace.platform import clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.files import read_upload
from marketplace.platform.permissions import SYSTEM, Actor
from tenders.contracts.adhesions.queries import convention_for
from tenders.contracts.adhesions.services import adhere
from tenders.contracts.amendments.rules.wanted import Draft
from tenders.contracts.amendments.services import prepare_amendment, sign_amendment
from tenders.contracts.indexation.services import set_formula
from tenders.contracts.rules.conclusion import Fee
from tenders.contracts.services import activate_contract, conclude_contract, sign_contract
from tenders.contracts.services.concluding import Terms
from tenders.demand.rules.placing import Wish
from tenders.demand.services.closings import close_lot
from tenders.demand.services.needs import put_need
from tenders.demo.pooling import Pooling, private_sites
from tenders.demo.sites import Site
from tenders.vehicles import services as vehicles
from tenders.vehicles.models import Lot

DaysAgo = Callable[[int], AbstractContextManager[None]]
CATEGORY = "passi_audit"
NAME = "Audits de sécurité 2026 (démonstration)"
TITLE = "Audits PASSI : architecture, configuration, test d'intrusion"
REFERENCE = "DEMO-2026-AUDIT"
INDEX = "DEMO"
MEMBERSHIP_FEE = Decimal("300.00")
"""Fictitious, in euros excluding VAT a year."""
TERM_MONTHS = 24
OPENED, CLOSED, CONCLUDED, STARTED = 85, 70, 55, 40
"""Days ago."""
DAYS_PER_SITE = (30, 24, 20, 18, 15, 12, 10, 8, 6, 4)
MINIMUM, MAXIMUM = 120, 200
PRICES = ((1, Decimal("1150.00")), (60, Decimal("1080.00")), (140, Decimal("990.00")))
"""Fictitious, in euros excluding VAT per audit day. Never to be quoted."""


@dataclass(frozen=True)
class Running:
    """The contract once it runs: its lot, its centre, and who committed on it, in the order of DAYS_PER_SITE."""

    contract_id: UUID
    lot_id: UUID
    centre_id: UUID
    members: tuple[Site, ...]


def run_contract(days_ago: DaysAgo, pooling: Pooling, centre: Actor, holder: Organisation) -> Running:
    """A vehicle with one lot of audit days, from its opening to the activation of its contract; the same use cases."""
    members = _members_of(pooling)
    with days_ago(OPENED):
        offer_id, provider_id = _publish_offer(holder)
        lot_id = _open_lot(centre)
    with days_ago(OPENED - 5):
        _enter_needs(pooling, lot_id, members)
    with days_ago(OPENED - 6):
        adhere_with(pooling, members[0], lot_id)
    with days_ago(CLOSED):
        close_lot(SYSTEM, lot_id)
    with days_ago(CONCLUDED):
        terms = Terms(
            holder_id=provider_id, offer_id=offer_id, reference=REFERENCE,
            fee=Fee("percent_of_call_offs", "provider", Decimal(2)),
            starts_on=clock.today() + timedelta(days=CONCLUDED - STARTED),
        )  # fmt: skip
        contract = conclude_contract(centre, lot_id, terms)
        set_formula(
            centre, contract.id, index_code=INDEX, base_month=clock.today(), base_value=Decimal("100.00"),
            fixed_share=Decimal("0.15"), indexed_share=Decimal("0.85"), interval_months=1,
        )  # fmt: skip
    with days_ago(STARTED + 2):
        paper = _paper(f"Contrat de démonstration {REFERENCE}")
        sign_contract(centre, contract.id, read_upload("contrat-demonstration.pdf", paper), clock.today())
        activate_contract(centre, contract.id)
    return Running(contract.id, lot_id, contract.organisation_id, members)


def amend(centre: Actor, contract_id: UUID) -> None:
    """A signed version of the contract, and a draft that waits for its signature."""
    why, basis = "Trois sites ont demandé des jours d'audit de plus.", "mutual_agreement"
    draft = prepare_amendment(centre, contract_id, Draft("maximum", why, basis, maximum_quantity=MAXIMUM + 20))
    paper = read_upload("avenant-demonstration.pdf", _paper(f"Avenant n° 1 au contrat {REFERENCE}"))
    sign_amendment(centre, draft.id, paper, clock.today())
    clause = "Article 6 : le rapport d'audit est remis dans les trente jours, et présenté à l'établissement."
    prepare_amendment(centre, contract_id, Draft("other", "Les rapports arrivaient tard.", basis, text=clause))


def _publish_offer(holder: Organisation) -> tuple[UUID, UUID]:
    with transaction() as session:
        provider = session.scalars(select(Provider).where(Provider.organisation_id == holder.id)).one()
        offer = Offer(
            id=new_id(), provider_id=provider.id, category_code=CATEGORY, title=TITLE, unit="day", price_period="once",
            pricing="all_units", minimum_quantity=60, capacity=600, delivery_modes=["remote", "on_site"],
            description="Prix fictifs.", created_at=clock.now(),
        )  # fmt: skip
        session.add(offer)
        session.flush()
        ends = [start - 1 for start, _ in PRICES[1:]] + [None]
        for (start, price), end in zip(PRICES, ends, strict=True):
            session.add(OfferBracket(offer_id=offer.id, from_quantity=start, to_quantity=end, unit_price=price))
        session.flush()
        offer.published_at = clock.now()
        return offer.id, provider.id


def _open_lot(centre: Actor) -> UUID:
    start = clock.today() + timedelta(days=OPENED - STARTED)
    vehicle = vehicles.create_vehicle(
        centre, name=NAME, technique="listing", regime="private", starts_on=start,
        ends_on=start + timedelta(days=TERM_MONTHS * 30 + 15), duration_reason=None, membership_fee=MEMBERSHIP_FEE,
    )  # fmt: skip
    noon = clock.paris(clock.now() + timedelta(days=OPENED - CLOSED)).replace(hour=0, minute=30, second=0, microsecond=0)
    lot = vehicles.add_lot(
        centre, vehicle.id, code="1", title=TITLE, category=CATEGORY, kind="support", unit="day", price_period="once",
        term_months=TERM_MONTHS, order_multiple=1, reference_unit_price=PRICES[0][1],
        minimum={"kind": "contractual", "basis": "quantity", "scope": "lot", "value": Decimal(MINIMUM)},
        maximum={"basis": "quantity", "value": Decimal(MAXIMUM)},
        requirements={"certificates": ["passi"], "hds_activities": [], "regions": [], "delivery_modes": []},
        needs_close_at=noon.astimezone(clock.now().tzinfo), minimum_policy=["extend", "release"], takes_firm_needs=True,
        extension_days=15,
    )  # fmt: skip
    vehicles.open_vehicle(centre, vehicle.id)
    return lot.id


def _members_of(pooling: Pooling) -> tuple[Site, ...]:
    """Two sites of each clinic group, then others, so that the demo's clinics have something to order."""
    sites = private_sites(pooling.sites)
    chosen = [site for group in (0, 1, 2) for site in [s for s in sites if s.group == group][:2]]
    return (*chosen, *[site for site in sites if site.group is None][: len(DAYS_PER_SITE) - len(chosen)])


def _enter_needs(pooling: Pooling, lot_id: UUID, members: tuple[Site, ...]) -> None:
    for site, quantity in zip(members, DAYS_PER_SITE, strict=True):
        put_need(
            pooling.actor(site.number), lot_id, pooling.establishments[site.number].id,
            Wish(quantity=quantity, firmness="firm", tolerance=2),
        )  # fmt: skip


def adhere_with(pooling: Pooling, site: Site, lot_id: UUID) -> None:
    """The organisation of a site signs the convention of a lot's vehicle, and owes its yearly fee from then on."""
    establishment = pooling.establishments[site.number]
    with transaction() as session:
        vehicle = session.get_one(Lot, lot_id).vehicle
        convention = convention_for(session, vehicle, establishment.organisation_id)
    adhere(
        pooling.actor(site.number), convention.vehicle_id, convention.organisation_id, convention_sha256=convention.sha256
    )


def _paper(title: str) -> bytes:
    """One page that says what it is."""
    paper = FPDF()
    paper.add_page()
    paper.set_font("Helvetica", size=14)
    paper.multi_cell(0, 10, f"{title}\n{TITLE}\nDocument fictif, sans valeur.")
    return bytes(paper.output())
