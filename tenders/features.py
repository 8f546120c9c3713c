"""What the rooms of `tenders` bring to the application: what is bought together."""
from catalog.certifications import events as certifications_events
from marketplace.billing import events as billing_events
from marketplace.grappes import events as grappes_events
from marketplace.platform import events, jobs
from tenders.composition.cli import compose_instance
from tenders.composition.studies import acceptance as study_acceptance
from tenders.composition.studies import api as studies_api
from tenders.composition.studies import own_pages as own_studies_pages
from tenders.composition.studies import pages as studies_pages
from tenders.composition.studies import permissions as studies_permissions
from tenders.composition.studies import running as studies
from tenders.contracts import api as contracts_api
from tenders.contracts import listeners as contracts
from tenders.contracts import pages as contracts_pages
from tenders.contracts import permissions as contracts_permissions
from tenders.contracts.adhesions import api as adhesions_api
from tenders.contracts.adhesions import fees as adhesion_fees
from tenders.contracts.adhesions import pages as adhesions_pages
from tenders.contracts.adhesions import permissions as adhesions_permissions
from tenders.contracts.amendments import api as amendments_api
from tenders.contracts.amendments import pages as amendments_pages
from tenders.contracts.amendments import permissions as amendments_permissions
from tenders.contracts.amendments import services as amendments
from tenders.contracts.amendments import threshold_pages as amendment_threshold_pages
from tenders.contracts.competitions import api as competitions_api
from tenders.contracts.competitions import pages as competitions_pages
from tenders.contracts.competitions import permissions as competitions_permissions
from tenders.contracts.competitions.services import closing as competitions
from tenders.contracts.fees import listeners as fee_listeners
from tenders.contracts.fees import services as contract_fees
from tenders.contracts.indexation import api as indexation_api
from tenders.contracts.indexation import pages as indexation_pages
from tenders.contracts.indexation import permissions as indexation_permissions
from tenders.contracts.invoicing import api as invoicing_api
from tenders.contracts.invoicing import listeners as invoicing_listeners
from tenders.contracts.invoicing import pages as invoicing_pages
from tenders.contracts.invoicing import permissions as invoicing_permissions
from tenders.contracts.invoicing import receiving_api, receiving_pages
from tenders.contracts.invoicing.services import drawing as invoice_drawing
from tenders.contracts.invoicing.services import originals as invoice_originals
from tenders.contracts.ordering import api as ordering_api
from tenders.contracts.ordering import desk_api as order_desk_api
from tenders.contracts.ordering import execution_pages
from tenders.contracts.ordering import pages as ordering_pages
from tenders.contracts.ordering import permissions as ordering_permissions
from tenders.contracts.ordering import rights_pages as order_rights_pages
from tenders.contracts.settlement import api as settlement_api
from tenders.contracts.settlement import pages as settlement_pages
from tenders.contracts.settlement import permissions as settlement_permissions
from tenders.contracts.settlement import services as settlement
from tenders.dashboard import late_joining_pages, mailbox, what_if_pages
from tenders.dashboard import pages as dashboard_pages
from tenders.dashboard import permissions as dashboard_permissions
from tenders.dashboard.calendar import pages as calendar_pages
from tenders.dashboard.control_room import pages as control_room_pages
from tenders.dashboard.control_room import services as control_room
from tenders.demand import api as demand_api
from tenders.demand import events as demand_events
from tenders.demand import grid_pages as need_grid_pages
from tenders.demand import history_pages as need_history_pages
from tenders.demand import import_api as need_import_api
from tenders.demand import import_pages as need_import_pages
from tenders.demand import listeners as demand
from tenders.demand import pages as demand_pages
from tenders.demand import permissions as demand_permissions
from tenders.demand import services as demand_services
from tenders.demand import undoing_pages as demand_undoing_pages
from tenders.demand.cli import pool_commands
from tenders.demand.envelopes import alerts as envelope_alerts
from tenders.demand.envelopes import api as envelopes_api
from tenders.demand.envelopes import listeners as envelopes
from tenders.demand.estimates import api as estimates_api
from tenders.demand.joining import api as late_joinings_api
from tenders.demand.joining import events as joining_events
from tenders.demand.joining import listeners as joining_listeners
from tenders.demand.mergers import api as mergers_api
from tenders.demand.mergers import pages as mergers_pages
from tenders.demand.mergers import services as mergers
from tenders.matching import api as matching_api
from tenders.matching import listeners as matching
from tenders.matching import permissions as matching_permissions
from tenders.vehicles import api as vehicles_api
from tenders.vehicles import events as vehicles_events
from tenders.vehicles import pages as vehicles_pages
from tenders.vehicles import permissions as vehicles_permissions

API_BLUEPRINTS = (
    vehicles_api.bp,
    demand_api.bp,
    need_import_api.bp,
    mergers_api.bp,
    envelopes_api.bp,
    estimates_api.bp,
    late_joinings_api.bp,
    matching_api.bp,
    studies_api.bp,
    settlement_api.bp,
    adhesions_api.bp,
    competitions_api.bp,
    indexation_api.bp,
    amendments_api.bp,
    invoicing_api.bp,
    receiving_api.bp,
    ordering_api.bp,
    order_desk_api.bp,
    contracts_api.bp,
)
PAGE_BLUEPRINTS = (
    vehicles_pages.bp,
    demand_pages.bp,
    mergers_pages.bp,
    demand_undoing_pages.bp,
    contracts_pages.bp,
    need_history_pages.bp,
    need_import_pages.bp,
    need_grid_pages.bp,
    dashboard_pages.bp,
    what_if_pages.bp,
    late_joining_pages.bp,
    control_room_pages.bp,
    calendar_pages.bp,
    studies_pages.bp,
    own_studies_pages.bp,
    settlement_pages.bp,
    adhesions_pages.bp,
    competitions_pages.bp,
    indexation_pages.bp,
    amendments_pages.bp,
    amendment_threshold_pages.bp,
    invoicing_pages.bp,
    receiving_pages.bp,
    ordering_pages.bp,
    order_rights_pages.bp,
    execution_pages.bp,
)
PERMISSIONS = {
    "vehicles": vehicles_permissions.PERMISSIONS,
    "demand": demand_permissions.PERMISSIONS,
    "matching": matching_permissions.PERMISSIONS,
    "contracts": contracts_permissions.PERMISSIONS,
    "studies": studies_permissions.PERMISSIONS,
    "ordering": ordering_permissions.PERMISSIONS,
    "settlement": settlement_permissions.PERMISSIONS,
    "indexation": indexation_permissions.PERMISSIONS,
    "adhesions": adhesions_permissions.PERMISSIONS,
    "amendments": amendments_permissions.PERMISSIONS,
    "competitions": competitions_permissions.PERMISSIONS,
    "invoicing": invoicing_permissions.PERMISSIONS,
    "dashboard": dashboard_permissions.PERMISSIONS,
}
PUBLIC_ENDPOINTS = {
    *dashboard_pages.PUBLIC_ENDPOINTS,
    *calendar_pages.PUBLIC_ENDPOINTS,
    *mailbox.PUBLIC_ENDPOINTS,
}
LISTENERS: tuple[tuple[type[events.Announcement], events.Step], ...] = (
    (joining_events.JoiningLate, contracts.lock_for_latecomer),
    (joining_events.JoinedLate, contracts.entitle_latecomer),
    (joining_events.FeesOfJoining, contracts.contract_fees),
    (demand_events.RelyingOnClosing, joining_listeners.relying_latecomers),
    (vehicles_events.LotOpened, demand.open_pool),
    (vehicles_events.LotOpened, envelopes.open_envelope),
    (vehicles_events.LotOpened, study_acceptance.propose_accepted),
    (vehicles_events.LotCancelled, demand.release_lot),
    (vehicles_events.LotCancelled, envelopes.release_envelope),
    (grappes_events.MembershipEnding, demand.refuse_while_engaged),
    (grappes_events.MembershipEnded, demand.release_member),
    (grappes_events.GrappeDissolved, demand.release_grappe),
    (grappes_events.LeavingEffects, demand.pools_left_smaller),
    (certifications_events.LotsRelyingOn, matching.lots_relying_on),
    (certifications_events.LotsRelyingOn, contracts.contracts_relying_on),
    (demand_events.RelyingOnClosing, contracts.contracts_relying_on_closing),
    (billing_events.FeeInvoicePaid, fee_listeners.note_fees_paid),
    (billing_events.TransferAccountsOf, invoicing_listeners.transfer_accounts),
    (grappes_events.PooledFor, demand.centres_pooled_for),
)
CHECKS: dict[str, jobs.Check] = {
    "demand.close_due_lots": lambda _now: demand_services.close_due_lots(),
    "demand.settle_mergers": lambda _now: mergers.settle_due_mergers(),
    "demand.end_lots": lambda _now: demand_services.end_lots(),
    "envelopes.raise_alerts": envelope_alerts.raise_alerts,
    "fees.charge_due_years": contract_fees.charge_due_years,
    "adhesions.charge_due_memberships": adhesion_fees.charge_due_memberships,
    "amendments.take_effect_due": amendments.take_effect_due,
    "competitions.close_due": competitions.close_due,
    "settlement.settle_due": settlement.settle_due,
    "invoicing.draw_mandated": invoice_drawing.draw_mandated,
    "invoicing.keep_originals": invoice_originals.keep_originals,
    "control_room.send_summaries": control_room.send_summaries,
}
LONG_JOBS: dict[str, jobs.Work] = {
    "studies.run": studies.run_waiting,
}
COMMANDS = (
    pool_commands,
    compose_instance,
)
