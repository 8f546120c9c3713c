"""What the rooms of `marketplace` bring to the application: who."""
from marketplace.accounts import api as accounts_api
from marketplace.accounts import expiry, passwords_by_mail
from marketplace.accounts import pages as accounts_pages
from marketplace.accounts import permissions as accounts_permissions
from marketplace.accounts.commands import create_operator
from marketplace.billing import api as billing_api
from marketplace.billing import applying as stripe_facts
from marketplace.billing import collecting, gathering, reconciling, subscribing
from marketplace.billing import pages as billing_pages
from marketplace.billing import permissions as billing_permissions
from marketplace.billing import webhook as stripe_webhook
from marketplace.categories import api as categories_api
from marketplace.categories import permissions as categories_permissions
from marketplace.establishments import answers as establishments_answers
from marketplace.establishments import api as establishments_api
from marketplace.establishments import pages as establishments_pages
from marketplace.establishments import permissions as establishments_permissions
from marketplace.establishments.cli import import_establishments
from marketplace.grappes import api as grappes_api
from marketplace.grappes import membership_pages as grappe_membership_pages
from marketplace.grappes import pages as grappes_pages
from marketplace.grappes import permissions as grappes_permissions
from marketplace.grappes.services.exits import end_due_memberships
from marketplace.notifications import api as notifications_api
from marketplace.notifications import events as notifications_events
from marketplace.notifications import mailing as notification_mails
from marketplace.notifications import pages as notifications_pages
from marketplace.notifications import permissions as notifications_permissions
from marketplace.notifications import services as notifications
from marketplace.platform import events, health, idempotency, jobs
from marketplace.platform.audit import mailing as seal_mails
from marketplace.platform.audit.command import audit_commands
from marketplace.platform.outbox.command import outbox_commands

API_BLUEPRINTS = (
    accounts_api.bp,
    categories_api.bp,
    establishments_api.bp,
    grappes_api.bp,
    notifications_api.bp,
    billing_api.bp,
)
PAGE_BLUEPRINTS = (
    accounts_pages.bp,
    establishments_pages.bp,
    grappes_pages.bp,
    grappe_membership_pages.bp,
    notifications_pages.bp,
    billing_pages.bp,
    stripe_webhook.bp,
)
PERMISSIONS = {
    "accounts": accounts_permissions.PERMISSIONS,
    "categories": categories_permissions.PERMISSIONS,
    "establishments": establishments_permissions.PERMISSIONS,
    "grappes": grappes_permissions.PERMISSIONS,
    "notifications": notifications_permissions.PERMISSIONS,
    "billing": billing_permissions.PERMISSIONS,
}
PUBLIC_ENDPOINTS = {
    *accounts_pages.PUBLIC_ENDPOINTS,
    *health.PUBLIC_ENDPOINTS,
    *stripe_webhook.PUBLIC_ENDPOINTS,
}
LISTENERS: tuple[tuple[type[events.Announcement], events.Step], ...] = (
    (notifications_events.OrganisationsOf, establishments_answers.organisations_of),
)
OUTBOX_HANDLERS = {
    passwords_by_mail.KIND: passwords_by_mail.deliver,
    notifications.TELLING: notifications.deliver_telling,
    notifications.MAILING: notification_mails.deliver_mail,
    seal_mails.KIND: seal_mails.deliver_seal,
    gathering.ISSUE: collecting.issue_invoice,
    gathering.PAY: collecting.pay_invoice,
    stripe_facts.SETTLE: collecting.settle_invoice,
    collecting.REFUND: collecting.give_back,
    subscribing.CHECKOUT: subscribing.open_checkout,
    subscribing.CHANGE: subscribing.change_plan,
    stripe_facts.SYNC: subscribing.sync_subscription,
    stripe_facts.METHOD: subscribing.read_method,
    reconciling.RECONCILE: reconciling.reconcile,
}
CHECKS: dict[str, jobs.Check] = {
    "accounts.forget_ended_sessions": expiry.forget_ended_sessions,
    "platform.forget_old_keys": idempotency.forget_old_keys,
    "grappes.end_due_memberships": lambda _now: end_due_memberships(),
    "billing.gather_due_charges": gathering.gather_due_charges,
    "billing.hand_to_stripe": gathering.hand_to_stripe,
    "billing.announce_payments": gathering.announce_payments,
    "billing.collect_due": gathering.collect_due,
    "billing.start_reconciliation": reconciling.start_reconciliation,
}
COMMANDS = (
    audit_commands,
    outbox_commands,
    import_establishments,
    create_operator,
)
