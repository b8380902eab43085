"""Which services are allowed: as documented, none that acts on this machine, and each one Apprise knows."""

from apprise import NotificationManager

from data import messenger
from tests.conftest import ROOT


def test_the_documentation_lists_the_services() -> None:
    names = sorted(set(messenger.SERVICES.values()), key=str.lower)
    assert f"\n{', '.join(names)}.\n" in (ROOT / "docs" / "notifications.md").read_text()


def test_each_is_one_of_apprises_and_none_acts_here() -> None:
    known = set(NotificationManager().schemas())
    assert set(messenger.SERVICES) <= known
    here = {
        "syslog",
        "dbus",
        "kde",
        "qt",
        "glib",
        "gio",
        "gnome",
        "windows",
        "macosx",
        "blink1",
        "apprise",
        "rsyslog",
        "mqtt",
    }
    assert not here & set(messenger.SERVICES)
