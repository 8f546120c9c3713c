"""The home of each audience: what it gathers, by kind of organisation; a person of several kinds sees the first."""
from tenders.dashboard.homes.authority import build as build_authority
from tenders.dashboard.homes.care import build as build_care
from tenders.dashboard.homes.centre import build as build_centre
from tenders.dashboard.homes.operator import build as build_operator
from tenders.dashboard.homes.provider import build as build_provider

HOMES = {
    "care_operator": build_care,
    "purchasing_centre": build_centre,
    "provider": build_provider,
    "authority": build_authority,
    "platform": build_operator,
}
