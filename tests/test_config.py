"""Prove that settings are read, checked and explained."""

import itertools
import tomllib
from pathlib import Path

import pytest

from bot.config import Config, load
from bot.errors import StartError

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own environment out of these tests."""
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)


def write(folder: Path, text: str) -> Path:
    """Write a config.toml and return its path."""
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_example_lists_every_key_with_its_default() -> None:
    """The example file and the settings agree on keys and defaults."""
    example = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    expected = {
        section: set(getattr(field.annotation, "model_fields", ()))  # adapters have names of the host's own
        for section, field in Config.model_fields.items()
    }

    assert {section: set(keys) for section, keys in example.items()} == expected
    assert load(EXAMPLE) == load(None)


def test_every_example_key_has_one_line_of_explanation() -> None:
    """A comment line stands right above every key."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    unexplained = [
        line
        for before, line in itertools.pairwise(lines)
        if " = " in line and not line.startswith("#") and not before.startswith("# ")
    ]

    assert unexplained == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[model]\ncontext = "many"', "model.context"),
        ("[model]\ncontxt = 5", "model.contxt"),
        ("[modell]\n", "modell"),
        ('[log]\nlevel = "loud"', "log.level"),
        ("model = 3", "model"),
        ("[limits]\nrequests_per_user = 0", "limits.requests_per_user"),
        ("[discord\n", "line 1"),
        ('[adapters]\nnone = "x"', "adapters.none"),
        ('[adapters]\n"a b" = "x"', "adapters.a b"),
    ],
)
def test_bad_file_is_one_line_naming_file_and_key(tmp_path: Path, text: str, named: str) -> None:
    """A wrong type, an unknown key or broken TOML names the file, the key and the example file."""
    path = write(tmp_path, text)

    with pytest.raises(StartError) as caught:
        load(path)

    message = str(caught.value)
    assert str(path) in message
    assert named in message
    assert "config.example.toml" in message
    assert "\n" not in message


def test_missing_file_says_what_to_copy(tmp_path: Path) -> None:
    """A config file that is not there names the file to copy."""
    with pytest.raises(StartError, match=r"copy config\.example\.toml"):
        load(tmp_path / "none.toml")


def test_unreadable_file_is_named(tmp_path: Path) -> None:
    """A folder, or bytes that are not UTF-8, end in one clear line."""
    garbled = tmp_path / "garbled.toml"
    garbled.write_bytes(b"\xff\xfe\x00")

    for path in (tmp_path, garbled):
        with pytest.raises(StartError, match="cannot be read"):
            load(path)


def test_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One key from the environment replaces the file's and leaves its neighbours."""
    path = write(tmp_path, "[model]\ncontext = 2048\nparallel = 2")
    monkeypatch.setenv("STORYLOOM_MODEL__CONTEXT", "8192")

    model = load(path).model

    assert (model.context, model.parallel) == (8192, 2)


def test_wrong_environment_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong value names the variable it came from and not the file."""
    monkeypatch.setenv("STORYLOOM_MODEL__CONTEXT", "many")

    with pytest.raises(StartError, match="STORYLOOM_MODEL__CONTEXT"):
        load(write(tmp_path, ""))


def test_malformed_environment_section_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole section set as one variable says how keys are set."""
    monkeypatch.setenv("STORYLOOM_MODEL", "embedded")

    with pytest.raises(StartError, match="STORYLOOM_SECTION__KEY"):
        load(None)


def test_secrets_are_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither repr nor an error shows the token or the password."""
    monkeypatch.setenv("DISCORD_TOKEN", "hush-hush")
    path = write(tmp_path, '[playground]\npassword = "open-sesame"')

    shown = repr(load(path))

    assert "hush-hush" not in shown
    assert "open-sesame" not in shown
    with pytest.raises(StartError) as caught:
        load(write(tmp_path, '[playground]\npassword = "open-sesame"\nhint = "open-sesame"'))
    assert "open-sesame" not in str(caught.value)


def test_token_comes_from_its_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """DISCORD_TOKEN is the bot's token."""
    monkeypatch.setenv("DISCORD_TOKEN", "abc")

    assert load(None).discord.token.get_secret_value() == "abc"


def test_a_password_in_an_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    """Addresses of model servers are logged; the line says where the secret belongs."""
    path = write(tmp_path, '[openai]\nbase_urls = ["http://127.0.0.1:8000/v1", "http://me:hidden@127.0.0.1"]')

    with pytest.raises(StartError, match="api_key") as caught:
        load(path)

    assert "openai.base_urls.1" in str(caught.value)
    assert "hidden" not in str(caught.value)
