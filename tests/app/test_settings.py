"""Settings: what they take, what production refuses, and that the page about them is true."""

import re
from pathlib import Path

import pytest

from app import settings as module
from app.settings import ROOT, BadSettings, Environment, Settings, load, variable

SAFE = {
    "AEGIS_ENV": "production",
    "AEGIS_SECRET_KEY": "9f2c4be07d5a4c61b8e3a1f60c7d2e94",
    "DATABASE_URL": "postgresql://aegis:word@db/aegis",
    "REDIS_URL": "redis://cache:6379/0",
    "AEGIS_PUBLIC_URL": "https://aegis.example.org",
    "AEGIS_SESSION_COOKIE_SECURE": "true",
}
PAGE = ROOT / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable and no `.env` of whoever runs the tests."""
    for name in [variable(field) for field in Settings.model_fields] + ["DATABASE_URL", "REDIS_URL"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(Settings.model_config, "env_file", ".env")


def set_all(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_defaults_are_for_one_machine() -> None:
    settings = load()
    assert settings.env is Environment.DEVELOPMENT
    assert settings.base_url == "http://127.0.0.1:8050"


def test_safe_production_settings_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, SAFE)
    assert load().production


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AEGIS_SECRET_KEY", ""),
        ("AEGIS_SECRET_KEY", "change-me-please-change-me-please-change-me"),
        ("AEGIS_SECRET_KEY", "a" * 40),
        ("AEGIS_SECRET_KEY", "short"),
        ("DATABASE_URL", ""),
        ("REDIS_URL", ""),
        ("AEGIS_CORS_ORIGINS", "https://a.example,*"),
        ("AEGIS_SESSION_COOKIE_SECURE", "false"),
        ("AEGIS_PUBLIC_URL", "http://aegis.example.org"),
        ("AEGIS_PUBLIC_URL", ""),
    ],
)
def test_production_refuses_and_names_the_setting(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    set_all(monkeypatch, SAFE | {name: value})
    with pytest.raises(BadSettings) as refused:
        load()
    assert list(refused.value.errors) == [name if name.startswith("AEGIS_") else f"AEGIS_{name}"]
    assert not value or len(value) < 8 or value not in refused.value.detail


def test_production_lists_all_problems_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEGIS_ENV", "production")
    with pytest.raises(BadSettings, match="5 settings are wrong"):
        load()


def test_wrong_values_are_named_without_being_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {"AEGIS_PORT": "eighty", "AEGIS_SECRET_KEY": "hunter2", "DATABASE_URL": "mysql://u:pw@h/d"})
    with pytest.raises(BadSettings) as refused:
        load()
    assert set(refused.value.errors) == {"AEGIS_PORT", "AEGIS_SECRET_KEY", "AEGIS_DATABASE_URL"}
    assert "hunter2" not in refused.value.detail
    assert "u:pw" not in refused.value.detail


def test_files_are_kept_in_a_folder_or_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    for good in ("file:///srv/files", "s3://bucket/prefix?endpoint=https://s3.example.org"):
        monkeypatch.setenv("AEGIS_OBJECT_STORE_URL", good)
        assert load().object_store_url == good
    monkeypatch.setenv("AEGIS_OBJECT_STORE_URL", "http://bucket")
    with pytest.raises(BadSettings, match="must begin with file:// or s3://"):
        load()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_a_database_url_is_taken(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://u:p@/aegis?host=%2Frun%2Fpg")
    assert load().database_url == "postgresql://u:p@/aegis?host=%2Frun%2Fpg"


def test_the_prefixed_name_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://general")
    monkeypatch.setenv("AEGIS_REDIS_URL", "redis://ours")
    assert load().redis_url == "redis://ours"


def test_empty_means_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {"AEGIS_PORT": " ", "AEGIS_PUBLIC_URL": ""})
    assert load().port == 8050
    assert load().public_url is None


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEGIS_CORS_ORIGINS", "https://a.example, https://b.example,")
    assert load().cors_origins == ("https://a.example", "https://b.example")


def test_a_dot_env_file_is_read_and_variables_win(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AEGIS_PORT=9000\nAEGIS_HOST=::1\n")
    monkeypatch.setenv("AEGIS_PORT", "9001")
    assert load().base_url == "http://[::1]:9001"


def test_secrets_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, SAFE)
    shown = repr(load())
    assert SAFE["AEGIS_SECRET_KEY"] not in shown
    assert "word" not in shown


def test_misspelt_variables_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEGIS_PROT", "80")
    assert "AEGIS_PROT" in module.unknown_variables()


def test_the_page_lists_every_setting_and_no_other() -> None:
    listed = re.findall(r"^### `(\w+)`$", PAGE.read_text(), re.MULTILINE)
    assert listed == [variable(name) for name in Settings.model_fields]


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_the_page_says_what_the_code_says(name: str) -> None:
    field = Settings.model_fields[name]
    _, _, section = PAGE.read_text().partition(f"### `{variable(name)}`\n")
    section = section.partition("\n#")[0]
    assert field.description
    assert field.description in section
    assert f"Default: {shown(field.default)}" in section
    assert field.examples
    assert f"Example: `{field.examples[0]}`" in section


def shown(default: object) -> str:
    """A default as the page writes it."""
    if default is None or default == () or str(default) == "":
        return "not set"
    if isinstance(default, tuple):
        return f"`{','.join(default)}`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
