"""The demo's eight grappes and the needs on the ten lots, entered by the same use cases as on screen."""
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from uuid import UUID

from marketplace.categories.models import ServiceCategory
from marketplace.establishments.models import Establishment
from marketplace.grappes.services import entry, formation
from marketplace.platform import clock
from marketplace.platform.money import split_by_largest_remainder
from marketplace.platform.permissions import Actor
from tenders.demand.rules.placing import Wish
from tenders.demand.services.needs import put_need
from tenders.demo.market import OPENED_DAYS_AGO, LotPlan
from tenders.demo.sites import SEED, Site, is_free

ActorOf = Callable[[UUID], Actor]
"""The actor of the person who acts for an organisation."""


@dataclass(frozen=True)
class GrappePlan:
    """A grappe to found: its name, what it pools and how many members it has."""

    name: str
    categories: tuple[str, ...]
    members: int
    preset: str
    legal_form: str = "none"


GRAPPES = (
    GrappePlan("Grappe de démonstration des Rives", ("soc", "mfa", "edr"), 10, "committed_group"),
    GrappePlan("Grappe de démonstration du Plateau", ("soc", "edr", "support_maintenance"), 9, "committed_group"),
    GrappePlan("Grappe de démonstration des Vallées", ("soc", "mfa", "awareness"), 8, "light_association"),
    GrappePlan("Grappe de démonstration du Littoral", ("hds_hosting", "backup"), 9, "committed_group"),
    GrappePlan("Grappe de démonstration des Cimes", ("soc", "support_maintenance", "remote_access"), 8, "light_association"),
    GrappePlan("Grappe de démonstration de la Plaine", ("mfa", "edr", "exposure_audit"), 8, "light_association", "association"),
    GrappePlan("Grappe de démonstration des Îles", ("soc", "awareness", "crisis_exercise"), 6, "light_association"),
    GrappePlan("Grappe de démonstration du Bocage", ("backup", "support_maintenance", "exposure_audit"), 7, "committed_group"),
)  # fmt: skip


@dataclass
class Pooling:
    """What the plans need to act: sites, their establishments, who acts, and each site's grappe."""

    sites: list[Site]
    establishments: dict[int, Establishment]
    actor_of: ActorOf
    grappe_of: dict[int, tuple[UUID, tuple[str, ...]]]

    def actor(self, number: int) -> Actor:
        """Who acts for a site."""
        return self.actor_of(self.establishments[number].organisation_id)


def private_sites(sites: list[Site]) -> list[Site]:
    """Sites that may take part and do, in a shuffled order that never changes."""
    taking_part = [site for site in sites if not site.is_public and not is_free(site.number)]
    Random(SEED).shuffle(taking_part)
    return taking_part


def found_grappes(pooling: Pooling) -> None:
    """Found, fill and activate the eight grappes; group sites first, so that each group is in two of them."""
    waiting = sorted(private_sites(pooling.sites), key=lambda site: site.group is None)
    groups, others = [s for s in waiting if s.group is not None], [s for s in waiting if s.group is None]
    for index, plan in enumerate(GRAPPES):
        own = [groups.pop() for _ in range(2) if groups]
        members = own + [others.pop() for _ in range(plan.members - len(own))]
        _found(pooling, plan, members, day=index)


def _found(pooling: Pooling, plan: GrappePlan, members: list[Site], day: int) -> None:
    first, rest = members[0], members[1:]
    with clock.frozen_at(clock.now() + timedelta(days=day)):
        grappe = formation.found_grappe(
            pooling.actor(first.number), name=plan.name, legal_form=plan.legal_form, preset=plan.preset,
            coordinator_establishment_id=pooling.establishments[first.number].id, categories=plan.categories,
        )  # fmt: skip
        for site in rest:
            establishment_id = pooling.establishments[site.number].id
            entry.invite_establishment(pooling.actor(first.number), grappe.id, establishment_id)
            entry.accept_invitation(pooling.actor(site.number), grappe.id, establishment_id)
        formation.activate_grappe(pooling.actor(first.number), grappe.id)
    for site in members:
        pooling.grappe_of[site.number] = (grappe.id, plan.categories)


def enter_needs(pooling: Pooling, lot_id: UUID, plan: LotPlan, category: ServiceCategory) -> None:
    """Enter the needs of a lot: mostly firm, some conditional, awaiting signature or indicative, with tolerances."""
    random = Random(f"{SEED}-{plan.category}")
    pooled = [s for s in private_sites(pooling.sites) if plan.category in pooling.grappe_of.get(s.number, (None, ()))[1]]
    alone = [s for s in private_sites(pooling.sites) if s.number not in pooling.grappe_of]
    random.shuffle(alone)
    taking_part = (pooled + alone)[: plan.participants]
    wanted = round(plan.minimum * plan.fill)
    shares = split_by_largest_remainder(wanted, [site.staff for site in taking_part])
    for index, (site, quantity) in enumerate(zip(taking_part, shares, strict=True)):
        spread = index % 6 == 2 and category.price_period != "once" and quantity > 1
        _enter(pooling, lot_id, plan, site, max(1, quantity), _kind_of(index, random), random, spread)
    for index, site in enumerate((pooled + alone)[plan.participants : plan.participants + 4]):
        usual = max(1, wanted // plan.participants)
        _enter(pooling, lot_id, plan, site, usual, ("indicative", "awaiting")[index % 2], random)


def _kind_of(index: int, random: Random) -> str:
    return "conditional" if index % 5 == 4 else "firm"


def _enter(
    pooling: Pooling, lot_id: UUID, plan: LotPlan, site: Site, quantity: int, kind: str, random: Random,
    spread: bool = False,
) -> None:  # fmt: skip
    actor = pooling.actor(site.number)
    grappe_id, categories = pooling.grappe_of.get(site.number, (None, ()))
    if kind == "awaiting":  # entered by somebody who may not sign
        actor = Actor(actor.user_id, actor.name, actor.seats, frozenset({"read", "write"}))
    wish = Wish(
        quantity=quantity, firmness="firm" if kind == "awaiting" else kind,
        grappe_id=grappe_id if plan.category in categories else None,
        tolerance=quantity // 20 if kind in ("firm", "conditional") else 0,
        minimum_pool_quantity=round(plan.minimum * 0.9) if kind == "conditional" else None,
        phases=(quantity // 2, quantity) if spread else None,
    )  # fmt: skip
    days = min(OPENED_DAYS_AGO - 1, OPENED_DAYS_AGO + plan.closes_in_days - 2)
    with clock.frozen_at(clock.now() + timedelta(hours=random.randint(1, 24 * days))):
        put_need(actor, lot_id, pooling.establishments[site.number].id, wish, accept_waitlist=True)
