"""What French law wants written on an invoice, in French whatever the reader's language: the document is French."""
from datetime import date

EXEMPTIONS = {"E": "TVA non applicable, art. 293 B du CGI", "AE": "Autoliquidation, art. 283-2 du CGI"}
"""Why a category carries no VAT (art. 242 nonies A, I 12° and 13°)."""
LATE_RATE = "trois fois le taux de l'intérêt légal"
"""The rate that applies when the parties agreed none above it (C. com., art. L441-10, II: at least that)."""


def legal_mentions(late_rate: str, drawn: str, reason: str) -> tuple[tuple[str, str], ...]:
    """(UNTDID 4451 subject code, sentence) of what the Commercial Code and the tax code want written.

    Late penalties and the 40 € indemnity: C. com., art. L441-10 and D441-5; discount: art. L441-9; who drew the document:
    CGI, art. 289, I-2; nature of the operation: CGI, ann. II, art. 242 nonies A. `reason`: why a credit note was made.
    """
    said = [
        ("PMD", f"En cas de retard : pénalités au taux de {late_rate or LATE_RATE}, exigibles sans rappel "
                "(C. com., art. L441-10)."),
        ("PMT", "Indemnité forfaitaire pour frais de recouvrement en cas de retard : 40 € (C. com., art. D441-5)."),
        ("AAB", "Pas d'escompte pour paiement anticipé."),
        ("REG", "Nature de l'opération : prestation de services."),
    ]  # fmt: skip
    if drawn:
        said.append(("REG", drawn))
    if reason:
        said.append(("AAI", reason))
    return tuple(said)


def drawn_by(issuer: str, mandated_on: date | None) -> str:
    """The mention of an invoice that the platform draws under a mandate (CGI, art. 289, I-2); empty otherwise.

    The platform is a third party, not the customer: the word "Autofacturation" (art. 242 nonies A) is for the customer who
    draws its supplier's invoice, and would be wrong here.
    """
    if mandated_on is None:
        return ""
    return (
        f"Facture établie par Grappe au nom et pour le compte de {issuer}, en vertu d'un mandat écrit du "
        f"{mandated_on:%d/%m/%Y} (CGI, art. 289, I-2)."
    )


def mandate_text(issuer: str, siren: str) -> str:
    """The mandate that a signatory gives; same issuer, same text, so that its hash says what was signed."""
    return (
        f"{issuer} (SIREN {siren}) donne mandat à Grappe d'établir, en son nom et pour son compte, les factures et les avoirs "
        "des commandes passées sur la plateforme dont le service fait est certifié (CGI, art. 289, I-2).\n"
        "Ces factures portent une série de numéros propre à la plateforme, sans rupture. Le mandant reste seul responsable de "
        "ses obligations de facturation et de la TVA due ; il reçoit chaque facture le jour même et peut la contester pendant "
        "quinze jours. Il la dépose sur sa plateforme agréée : Grappe ne la transmet pas.\n"
        "Le mandat prend effet à sa signature et prend fin dès que le mandant le retire, pour les factures à venir."
    )


def of_periods(quantity: int, unit: str, periods: int, period: str, where: str) -> str:
    """What a line counts: "300 postes × 36 mois, Clinique du Lac"."""
    named = {"month": "mois", "year": "an" if periods == 1 else "ans"}.get(period)
    counted = f"{quantity} {unit}" if named is None else f"{quantity} {unit} × {periods} {named}"
    return f"{counted}, {where}"


def shortfall_line(owed: int, unit: str, where: str) -> str:
    """What a line of a true-up is for."""
    return f"Minimum contractuel non consommé : {owed} {unit} sur la durée du marché, {where}"
