import pytest

from domain.platforms import all_in_attack_words, in_attack_words


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("windows", "Windows"),
        ("darwin", "macOS"),
        (" macos ", "macOS"),
        ("azure-ad", "Identity Provider"),
        ("office-365", "Office Suite"),
        ("google-workspace", "Office Suite"),
        ("iaas:gcp", "IaaS"),
        ("IAAS", "IaaS"),
        ("network devices", "Network Devices"),
        ("BeOS", "BeOS"),
    ],
)
def test_foreign_names_in_the_words_of_attack(name: str, wanted: str) -> None:
    assert in_attack_words(name) == wanted


def test_three_clouds_are_one_platform() -> None:
    assert all_in_attack_words(["iaas:aws", "linux", "iaas:azure"]) == ("IaaS", "Linux")
