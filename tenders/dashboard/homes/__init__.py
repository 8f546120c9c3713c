"""The home of each audience: what it gathers, by kind of organisation, in the order a person of several kinds sees them."""
from tenders.dashboard.homes import authority, care, centre, operator, provider

HOMES = {
    "care_operator": care.build,
    "purchasing_centre": centre.build,
    "provider": provider.build,
    "authority": authority.build,
    "platform": operator.build,
}
