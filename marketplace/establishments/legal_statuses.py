"""What the FINESS legal status of an operator says of its sector: code → (French label, sector).

Source: ANS nomenclature TRE_R72 (FINESS, « statut juridique »), as read in 2026. Sector None: the status alone does
not say (a body under foreign law).
"""
from typing import Final

PUBLIC: Final = "public"
FOR_PROFIT: Final = "private_for_profit"
NONPROFIT: Final = "private_nonprofit"
SECTORS: Final = (PUBLIC, FOR_PROFIT, NONPROFIT)

LEGAL_STATUSES: Final[dict[str, tuple[str, str | None]]] = {
    "01": ("État", PUBLIC),
    "02": ("Département", PUBLIC),
    "03": ("Commune", PUBLIC),
    "04": ("Région", PUBLIC),
    "05": ("Territoire d'outre-mer", PUBLIC),
    "06": ("Autre collectivité territoriale", PUBLIC),
    "07": ("Métropole ou pôle métropolitain", PUBLIC),
    "08": ("Centre intercommunal d'action sociale", PUBLIC),
    "10": ("Établissement public national d'hospitalisation", PUBLIC),
    "11": ("Établissement public départemental d'hospitalisation", PUBLIC),
    "12": ("Établissement public interdépartemental d'hospitalisation", PUBLIC),
    "13": ("Établissement public communal d'hospitalisation", PUBLIC),
    "14": ("Établissement public intercommunal d'hospitalisation", PUBLIC),
    "15": ("Établissement public régional d'hospitalisation", PUBLIC),
    "16": ("Syndicat interhospitalier", PUBLIC),
    "17": ("Centre communal d'action sociale", PUBLIC),
    "18": ("Établissement social et médico-social national", PUBLIC),
    "19": ("Établissement social et médico-social départemental", PUBLIC),
    "20": ("Établissement social et médico-social interdépartemental", PUBLIC),
    "21": ("Établissement social et médico-social communal", PUBLIC),
    "22": ("Établissement social et médico-social intercommunal", PUBLIC),
    "23": ("Établissement social et médico-social régional", PUBLIC),
    "24": ("Office public d'HLM", PUBLIC),
    "25": ("Caisse des écoles", PUBLIC),
    "26": ("Autre établissement public administratif", PUBLIC),
    "27": ("Établissement public industriel ou commercial", PUBLIC),
    "28": ("Groupement d'intérêt public (GIP)", PUBLIC),
    "29": ("Groupement de coopération sanitaire public", PUBLIC),
    "30": ("Groupement de coopération sociale ou médico-sociale public", PUBLIC),
    "40": ("Régime général de sécurité sociale", NONPROFIT),
    "41": ("Régime spécial de sécurité sociale", NONPROFIT),
    "42": ("Institution de prévoyance", NONPROFIT),
    "43": ("Mutualité sociale agricole (MSA)", NONPROFIT),
    "44": ("Régime maladie des non-salariés non agricoles", NONPROFIT),
    "45": ("Régime vieillesse particulier", NONPROFIT),
    "46": ("Autre régime de prévoyance sociale", NONPROFIT),
    "47": ("Société mutualiste", NONPROFIT),
    "48": ("Assurance mutuelle agricole", NONPROFIT),
    "49": ("Autre organisme mutualiste", NONPROFIT),
    "50": ("Comité d'entreprise ou d'établissement", NONPROFIT),
    "51": ("Syndicat", NONPROFIT),
    "52": ("Syndicat de propriétaires", NONPROFIT),
    "60": ("Association loi 1901 non reconnue d'utilité publique", NONPROFIT),
    "61": ("Association loi 1901 reconnue d'utilité publique", NONPROFIT),
    "62": ("Association de droit local", NONPROFIT),
    "63": ("Fondation", NONPROFIT),
    "64": ("Congrégation", NONPROFIT),
    "65": ("Autre organisme privé à but non lucratif", NONPROFIT),
    "66": ("Groupement de coopération sociale ou médico-sociale privé", NONPROFIT),
    "70": ("Personne physique", FOR_PROFIT),
    "71": ("Société en nom collectif (SNC)", FOR_PROFIT),
    "72": ("Société à responsabilité limitée (SARL)", FOR_PROFIT),
    "73": ("Société anonyme (SA)", FOR_PROFIT),
    "74": ("Société civile", FOR_PROFIT),
    "75": ("Autre société", FOR_PROFIT),
    "76": ("Groupement d'intérêt économique (GIE)", FOR_PROFIT),
    "77": ("Autre organisme privé à caractère commercial", FOR_PROFIT),
    "78": ("Entreprise unipersonnelle à responsabilité limitée (EURL)", FOR_PROFIT),
    "79": ("Société civile de moyens (SCM)", FOR_PROFIT),
    "80": ("Société interprofessionnelle de soins ambulatoires (SISA)", FOR_PROFIT),
    "85": ("Société d'exercice libéral à responsabilité limitée (SELARL)", FOR_PROFIT),
    "86": ("Société d'exercice libéral à forme anonyme (SELAFA)", FOR_PROFIT),
    "87": ("Société d'exercice libéral en commandite par actions (SELCA)", FOR_PROFIT),
    "88": ("Société civile professionnelle (SCP)", FOR_PROFIT),
    "89": ("Groupement de coopération sanitaire privé", NONPROFIT),
    "90": ("Organisme de droit étranger", None),
    "91": ("Société d'exercice libéral par actions simplifiée (SELAS)", FOR_PROFIT),
    "93": ("Société en commandite", FOR_PROFIT),
    "95": ("Société par actions simplifiée (SAS)", FOR_PROFIT),
}


def sector_of(legal_status: str | None) -> str | None:
    """The sector a legal status implies; None when the code is unknown or does not say."""
    return LEGAL_STATUSES.get(legal_status or "", ("", None))[1]


def label_of(legal_status: str | None) -> str | None:
    """The French label of a legal status; None when the code is unknown."""
    known = LEGAL_STATUSES.get(legal_status or "")
    return known[0] if known else None
