"""The closed vocabularies of billing: what is charged for, how it is paid, how a payment page ended."""
CHARGE_KINDS = ("membership", "call_off_fee", "entry_fee", "yearly_fee", "listing", "correction")
GATHERINGS = ("monthly", "at_once")
METHODS = ("card", "sepa_debit")
PURPOSES = ("plan", "method")
CHECKOUT_ENDS = ("completed", "expired", "replaced")
PAID_HOW = ("stripe", "outside")
SIDES = ("owed", "earned")
CHARGE_STATES = ("waiting", "invoiced", "paid", "cancelled")
INVOICE_STATES = ("void", "refunded", "paid", "failed", "under_way", "announced", "due")
EVENT_OUTCOMES = ("applied", "ignored", "stale")
DAYS_OF_NOTICE = 14
"""A SEPA direct debit is announced at least fourteen days before it is made (SEPA rulebook, pre-notification)."""
