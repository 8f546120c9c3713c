"""What the rooms of `catalog` bring to the application: what is offered."""
from catalog.certifications import api as certifications_api
from catalog.certifications import lists as certificate_lists
from catalog.certifications import operator_api as certification_operator_api
from catalog.certifications import operator_pages as certification_operator_pages
from catalog.certifications import pages as certifications_pages
from catalog.certifications import permissions as certifications_permissions
from catalog.certifications import reminders as certificate_reminders
from catalog.contacts import api as contacts_api
from catalog.contacts import pages as contacts_pages
from catalog.contacts import permissions as contacts_permissions
from catalog.offers import api as offers_api
from catalog.offers import directory_pages
from catalog.offers import pages as offers_pages
from catalog.offers import permissions as offers_permissions
from catalog.offers.search import api as search_api
from catalog.offers.search import gathering
from catalog.offers.search import listings as search_listings
from catalog.offers.search import pages as search_pages
from catalog.offers.search.commands import catalogue_commands
from catalog.providers import api as profiles_api
from catalog.providers import events as providers_events
from catalog.providers import pages as profiles_pages
from catalog.providers import permissions as providers_permissions
from catalog.providers import sign_up, sign_up_pages, subcontracting_api, subcontracting_pages, suspensions
from marketplace.platform import events, jobs

API_BLUEPRINTS = (
    profiles_api.bp,
    subcontracting_api.bp,
    certifications_api.bp,
    search_api.bp,
    certification_operator_api.bp,
    offers_api.bp,
    contacts_api.bp,
)
PAGE_BLUEPRINTS = (
    directory_pages.bp,
    search_pages.bp,
    profiles_pages.bp,
    subcontracting_pages.bp,
    sign_up_pages.bp,
    certifications_pages.bp,
    certification_operator_pages.bp,
    offers_pages.bp,
    contacts_pages.bp,
)
PERMISSIONS = {
    "providers": providers_permissions.PERMISSIONS,
    "certifications": certifications_permissions.PERMISSIONS,
    "offers": offers_permissions.PERMISSIONS,
    "contacts": contacts_permissions.PERMISSIONS,
}
PUBLIC_ENDPOINTS = {
    *directory_pages.PUBLIC_ENDPOINTS,
    *search_pages.PUBLIC_ENDPOINTS,
    *sign_up_pages.PUBLIC_ENDPOINTS,
}
LISTENERS: tuple[tuple[type[events.Announcement], events.Step], ...] = (
    (providers_events.ProviderChanged, search_listings.on_provider_changed),
    (providers_events.CertificateRulesChanged, search_listings.on_rules_changed),
)
OUTBOX_HANDLERS = {
    sign_up.KIND: sign_up.deliver,
}
CHECKS: dict[str, jobs.Check] = {
    "certifications.remind_of_ends": certificate_reminders.remind_of_ends,
    "search.list_missing": lambda _now: search_listings.list_missing(),
    "search.gather": lambda _now: gathering.gather_when_due(),
    "certifications.forget_lists": certificate_lists.forget_lists,
    "providers.forget_sign_ups": sign_up.forget_sign_ups,
    "providers.end_suspensions": suspensions.end_suspensions,
}
COMMANDS = (
    catalogue_commands,
)
