"""The demo's establishments: three hundred, everywhere, obviously fictitious, with valid check digits, always the same."""
from collections import Counter

from stdnum.fr import siren, siret

from marketplace.establishments.identifiers import has_finess_key
from marketplace.establishments.readers.files import read_establishments
from marketplace.establishments.territory import REGIONS, region_of
from tenders.demo.market import PLANS
from tenders.demo.people import CENTRES, PROVIDERS
from tenders.demo.pooling import GRAPPES, private_sites
from tenders.demo.sites import GROUPS, as_sae_file, is_free, make_sites


def test_three_hundred_sites_in_every_region():
    sites = make_sites()
    assert len(sites) == len({site.finess for site in sites}) == 300
    assert {region_of(site.department) for site in sites} == set(REGIONS)


def test_every_number_has_its_check_digit():
    for site in make_sites():
        assert has_finess_key(site.finess) and has_finess_key(site.operator_finess)
    rows = [line.split(";") for line in as_sae_file(make_sites()).decode().splitlines()]
    place = {name: column for column, name in enumerate(rows[0])}
    assert all(siren.is_valid(row[place["siren"]]) and siret.is_valid(row[place["siret"]]) for row in rows[1:])


def test_names_say_that_they_are_fictitious():
    assert all("de démonstration" in site.name for site in make_sites())


def test_the_demo_is_the_same_every_time():
    assert as_sae_file(make_sites()) == as_sae_file(make_sites())


def test_each_clinic_group_keeps_free_sites_and_takes_part_with_others():
    sites = make_sites()
    free = Counter(site.group for site in sites if is_free(site.number))
    busy = Counter(site.group for site in private_sites(sites) if site.group is not None)
    assert len(GROUPS) == 3 and all(free[group] >= 2 and busy[group] >= 2 for group in range(3))


def test_two_centres_three_vehicles_ten_lots_eight_grappes_twelve_providers():
    assert (len(CENTRES), len(PLANS), sum(len(plan.lots) for plan in PLANS)) == (2, 3, 10)
    assert (len(GRAPPES), len(PROVIDERS)) == (8, 12)
    fills = sorted(lot.fill for plan in PLANS for lot in plan.lots)
    assert fills[0] < 0.6 and any(0.9 < fill < 1 for fill in fills) and fills[-1] > 1.2


def test_the_file_is_one_the_import_reads():
    reading = read_establishments(as_sae_file(make_sites()))
    assert (reading.layout, len(reading.rows), reading.refusals) == ("sae", 300, [])
