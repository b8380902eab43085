"""Which pages there are: each at an address of its own, and in the rail under a key of its own."""

from collections import Counter

from app.navigation import PAGES


def test_every_page_has_its_own_address_and_key() -> None:
    addresses = Counter(page.module.PATH for page in PAGES)
    keys = Counter(page.module.NAV.key for page in PAGES if page.module.NAV)
    assert [path for path, number in addresses.items() if number > 1] == []
    assert [key for key, number in keys.items() if key and number > 1] == []


def test_places_in_the_rail_are_told_apart() -> None:
    labels = Counter((page.module.NAV.group, page.module.NAV.label) for page in PAGES if page.module.NAV)
    assert max(labels.values()) == 1
