"""What invoices say in notifications, worded once and registered with the notifications room."""
from marketplace.notifications.templates import register
from marketplace.platform.errors import N_


def register_all() -> None:
    """Declare the wordings; repeating it changes nothing."""
    register(
        "invoice_issued",
        N_("Facture {number} de {issuer} : {amount} TTC"),
        N_(
            "{issuer} vous facture {amount} TTC (facture {number}), à payer au plus tard le {due_on}. Commande {order}. "
            "Téléchargez le fichier Factur-X."
        ),
        link="/factures/{invoice_id}",
    )
    register(
        "invoice_to_deposit",
        N_("Facture {number} établie pour {buyer} : à déposer sur votre plateforme agréée"),
        N_(
            "La facture {number} de {amount} TTC à {buyer} est établie. Téléchargez le fichier Factur-X et déposez-le sur "
            "votre plateforme agréée : Grappe ne le transmet pas."
        ),
        link="/factures/{invoice_id}",
    )
    register(
        "credit_note_issued",
        N_("Avoir {number} de {issuer} : {amount} TTC"),
        N_("{issuer} annule une facture de {amount} TTC par l'avoir {number}. Il n'y a plus rien à payer à ce titre."),
        link="/factures/{invoice_id}",
    )
    register(
        "invoice_paid",
        N_("Facture {number} : paiement enregistré"),
        N_("{issuer} a enregistré le paiement de la facture {number}, {amount} TTC, le {paid_on}. Vous n'avez rien à faire."),
        link="/factures/{invoice_id}",
    )
    register(
        "supplier_invoice_disputed",
        N_("Facture {number} contestée par {buyer}"),
        N_("{buyer} conteste votre facture {number} : {reason} Corrigez-la par un avoir, puis émettez-en une autre."),
        link="/factures/recues/{invoice_id}",
    )
    register(
        "supplier_invoice_accepted",
        N_("Facture {number} acceptée par {buyer}"),
        N_("{buyer} accepte votre facture {number}. Elle sera payée à son échéance."),
        link="/factures/recues/{invoice_id}",
    )
