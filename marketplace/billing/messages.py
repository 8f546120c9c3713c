"""What billing says in notifications: one wording per event, registered by code."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_, Sentence

_OWED = "/facturation/a-payer"
_EARNED = "/facturation/a-recevoir"
_PLAN = "/facturation/formule"

REASONS = {
    "card_declined": N_("carte refusée par la banque"),
    "expired_card": N_("carte expirée"),
    "insufficient_funds": N_("provision insuffisante"),
    "authentication_required": N_("la banque demande une confirmation du titulaire"),
    "debit_not_authorized": N_("prélèvement refusé par le titulaire du compte"),
    "amount_too_large": N_("montant supérieur à ce qui a été payé"),
    "method_changed_since_announced": N_("le moyen de paiement a changé depuis l'annonce"),
}
"""What the codes of Stripe's that payers meet most often mean; the code itself stays in the books."""
OTHER_REASON = N_("refus de la banque")


def reason_of(code: str | None) -> Sentence:
    """Why a payment or a refund came to nothing, in words."""
    return Sentence("payment_refused", REASONS.get(code or "", OTHER_REASON))


def register_all() -> None:
    """Declare the wordings; repeating it changes nothing."""
    _register_fees()
    _register_plans()


def _register_fees() -> None:
    register(
        "fee_invoice_made",
        N_("Frais dus à {payee} : {amount} TTC"),
        N_(
            "{payee} vous facture {amount} TTC de frais, à payer à partir du {due_on}. Le détail et les moyens de payer "
            "sont sur la page. Sans moyen de paiement enregistré, rien n'est prélevé."
        ),
        link=_OWED,
    )
    register(
        "debit_announced",
        N_("Prélèvement de {amount} TTC annoncé : pas avant le {charge_on}"),
        N_(
            "{amount} TTC dus à {payee} seront prélevés sur le compte se terminant par {digits}, pas avant le {charge_on} "
            "(mandat {mandate}). Vérifiez le montant et la provision du compte d'ici là ; en cas d'erreur, écrivez à {payee}."
        ),
        link=_OWED,
    )
    register(
        "card_charge_announced",
        N_("Paiement de {amount} TTC par carte : à partir du {charge_on}"),
        N_(
            "{amount} TTC dus à {payee} seront payés avec la carte se terminant par {digits}, à partir du {charge_on}. "
            "Vérifiez le montant d'ici là ; en cas d'erreur, écrivez à {payee}."
        ),
        link=_OWED,
    )
    register(
        "fee_payment_failed",
        N_("Paiement refusé : {amount} TTC restent dus à {payee}"),
        N_(
            "Votre banque a refusé le paiement de {amount} TTC dus à {payee} (motif : {reason}). Rien n'a été prélevé et "
            "rien ne le sera à nouveau sans vous : payez depuis la page de la facture, ou par virement."
        ),
        link=_OWED,
    )
    register(
        "fee_payment_missed",
        N_("Impayé : {amount} TTC dus par {payer}"),
        N_(
            "La banque de {payer} a refusé le paiement de {amount} TTC (motif : {reason}). {payer} est prévenu et peut "
            "payer depuis sa page. Sans paiement, relancez-le ; un virement reçu se note sur la page des frais."
        ),
        link=_EARNED,
    )
    register(
        "refund_failed",
        N_("Remboursement refusé : {amount} pour {payer}"),
        N_("Stripe n'a pas pu rendre {amount} à {payer} (motif : {reason}). Remboursez par virement."),
        link=_EARNED,
    )


def _register_plans() -> None:
    register(
        "plan_unpaid",
        N_("Formule « {plan} » impayée : fiche visible jusqu'au {hidden_on}"),
        N_(
            "Le paiement de votre formule « {plan} » a été refusé. Sans paiement, votre fiche et vos offres quittent "
            "l'annuaire le {hidden_on}. Vos consultations, vos offres déposées et vos marchés ne changent pas. Mettez à jour "
            "votre moyen de paiement."
        ),
        link=_PLAN,
    )
    register(
        "plan_paid_again",
        N_("Formule « {plan} » payée"),
        N_("Le paiement de votre formule « {plan} » est arrivé : votre fiche est visible dans l'annuaire."),
        link=_PLAN,
    )
    register(
        "reconciliation_differs",
        N_("Rapprochement du {day} : écarts à regarder, {count}"),
        N_(
            "Le rapprochement du {day} entre Grappe et Stripe a trouvé des écarts, au nombre de {count}. Regardez-les "
            "aujourd'hui : un écart peut être un paiement en double ou manquant."
        ),
        link="/facturation/rapprochements",
    )
