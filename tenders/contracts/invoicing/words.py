"""The closed vocabularies of invoices, and their words on screen."""
from marketplace.platform.errors import N_

KINDS = ("invoice", "credit_note")
MEANS = ("transfer", "direct_debit", "card", "cheque", "offset", "other")
DECISIONS = ("accepted", "disputed")

KIND_NAMES = {"invoice": N_("Facture"), "credit_note": N_("Avoir")}
MEANS_NAMES = {
    "transfer": N_("virement"), "direct_debit": N_("prélèvement"), "card": N_("carte"), "cheque": N_("chèque"),
    "offset": N_("compensation"), "other": N_("autre moyen"),
}  # fmt: skip
DECISION_NAMES = {"accepted": N_("acceptée"), "disputed": N_("contestée")}
STATUSES = ("issued", "overdue", "paid", "credited", "credit")
STATUS_NAMES = {
    "issued": N_("à payer"), "overdue": N_("en retard"), "paid": N_("payée"), "credited": N_("annulée par avoir"),
    "credit": N_("avoir"),
}  # fmt: skip
