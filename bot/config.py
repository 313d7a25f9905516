"""Read the host's settings: the environment, then config.toml, then defaults; unknown keys are named errors.

`DISCORD_TOKEN` is the bot's token; every other key is set as `STORYLOOM_SECTION__KEY`.
config.example.toml lists every key; a test holds the two together.
"""

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from bot.errors import StartError
from bot.locales import Text, _

PREFIX = "STORYLOOM_"
NO_ADAPTER, UNSET_ADAPTER = "none", "default"
"""What people choose instead of an adapter's name: the model as it is, and what the server has."""


class Section(BaseModel):
    """Refuse unknown keys and later changes in every section."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class DiscordSettings(Section):
    """Say how the bot reaches Discord."""

    token: SecretStr = SecretStr("")
    api_base: AnyHttpUrl = AnyHttpUrl("https://discord.com/api/v10")
    message_content: bool = True
    shards: Annotated[int, Field(ge=0, le=1024)] = 0


class StorageSettings(Section):
    """Say where the stories are kept."""

    path: Path = Path("data/storyloom.db")


class ModelSettings(Section):
    """Say which model narrates, and how it runs."""

    backend: Literal["auto", "llamacpp", "transformers", "openai"] = "auto"
    model: str = "embedded"
    languages: tuple[Literal["en", "zh"], ...] = ()
    quantization: Literal["nf4", "int8", "none"] = "nf4"
    context: Annotated[int, Field(ge=1024, le=1_048_576)] = 4096
    parallel: Annotated[int, Field(ge=1, le=64)] = 4
    threads: Annotated[int, Field(ge=0, le=512)] = 0
    gpu_layers: Annotated[int, Field(ge=-1)] = 0
    cache_megabytes: Annotated[int, Field(ge=0)] = 512
    warm_gigabytes: Annotated[float, Field(ge=0)] = 0
    host_gigabytes: Annotated[float, Field(ge=0)] = 0
    cache_dir: Annotated[Path | None, BeforeValidator(lambda value: value or None)] = None
    timeout_seconds: Annotated[float, Field(gt=0)] = 120


def _without_password(url: AnyHttpUrl) -> AnyHttpUrl:
    if url.username or url.password:
        raise ValueError("a password does not belong in an address, which is logged: use api_key")
    return url


class OpenAISection(Section):
    """Say which servers narrate where the backend is `openai`."""

    base_urls: tuple[Annotated[AnyHttpUrl, AfterValidator(_without_password)], ...] = ()
    api_key: SecretStr = SecretStr("")
    model: str = ""
    dialect: Literal["auto", "vllm", "llamacpp", "plain"] = "auto"
    health_seconds: Annotated[float, Field(ge=1, le=3600)] = 10
    retries: Annotated[int, Field(ge=0, le=20)] = 4


class NarratorSettings(Section):
    """Say how the narrator picks its words."""

    temperature: Annotated[float, Field(ge=0, le=2)] = 0.8
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    min_p: Annotated[float, Field(ge=0, le=1)] = 0.05
    repetition_penalty: Annotated[float, Field(ge=1, le=2)] = 1.1
    dry_multiplier: Annotated[float, Field(ge=0, le=5)] = 0.8


def _adapter_name(name: str) -> str:
    if not re.fullmatch(r"\w[\w.-]{0,49}", name) or name in (NO_ADAPTER, UNSET_ADAPTER):
        raise ValueError("a name has up to 50 letters, digits, dots and hyphens, and is not none or default")
    return name


AdapterName = Annotated[str, AfterValidator(_adapter_name)]


class LimitSettings(Section):
    """Say how much one person, one server and everybody together may ask for at a time."""

    passage_characters: Annotated[int, Field(ge=100, le=100_000)] = 8000
    requests_per_user: Annotated[int, Field(ge=1)] = 2
    requests_per_guild: Annotated[int, Field(ge=1)] = 50
    requests_waiting: Annotated[int, Field(ge=1, le=10_000)] = 200


class MemorySettings(Section):
    """Say how the bot remembers."""

    embeddings: bool = True


class MetricsSettings(Section):
    """Say where the bot tells machines how it does."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 0

    @property
    def url(self) -> str:
        """Return the address of what is served there."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


class LogSettings(Section):
    """Say how much the log tells, and in which shape."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class PlaygroundSettings(Section):
    """Say who may open the playground from another machine."""

    password: SecretStr = SecretStr("")


class Config(BaseSettings):
    """Hold all settings, section by section."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
    )

    discord: DiscordSettings = DiscordSettings()
    storage: StorageSettings = StorageSettings()
    model: ModelSettings = ModelSettings()
    openai: OpenAISection = OpenAISection()
    narrator: NarratorSettings = NarratorSettings()
    adapters: dict[AdapterName, str] = {}
    limits: LimitSettings = LimitSettings()
    memory: MemorySettings = MemorySettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    playground: PlaygroundSettings = PlaygroundSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, whose keys arrive as init arguments."""
        return env_settings, init_settings


def adapter_paths(config: Config) -> dict[str, Path]:
    """Return where each adapter is, by its name."""
    return {name: Path(path).expanduser() for name, path in config.adapters.items()}


def load(path: Path | None) -> Config:
    """Return the settings of a file (none: defaults) and the environment.

    Raises StartError: one line that names the file or variable, the key and the remedy, and shows no value.
    """
    values = _read(path) if path is not None else {}
    if token := os.environ.get("DISCORD_TOKEN", "").strip():
        section = values.setdefault("discord", {})
        if isinstance(section, dict):
            section["token"] = token
    try:
        return Config(**values)
    except ValidationError as error:
        raise StartError(_problem(path, error)) from None
    except SettingsError as error:
        text = _("The environment is wrong ({reason}): set keys as STORYLOOM_SECTION__KEY.", reason=error)
        raise StartError(text) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        text = _("{path} does not exist: copy config.example.toml to that name and fill it in.", path=path)
    except tomllib.TOMLDecodeError as error:
        text = _(
            "{path} is not valid TOML ({reason}): compare that line with config.example.toml.",
            path=path,
            reason=error,
        )
    except (OSError, UnicodeDecodeError) as error:
        text = _(
            "{path} cannot be read ({reason}): make it a UTF-8 file that this user may read.",
            path=path,
            reason=type(error).__name__,
        )
    raise StartError(text)


def _problem(path: Path | None, error: ValidationError) -> Text:
    """Put the first complaint in one line: where, which key, what is wanted."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    source = _source(path, first["loc"])
    if first["type"] == "extra_forbidden":
        return _(
            "{source}: there is no key {key}: remove it, or look for its name in config.example.toml.",
            source=source,
            key=key,
        )
    return _(
        "{source}: {key} is wrong: {reason}. See its line in config.example.toml.",
        source=source,
        key=key,
        reason=first["msg"],
    )


def _source(path: Path | None, location: tuple[int | str, ...]) -> str:
    """Name where a wrong value came from: its environment variable if that is set, else the file."""
    variable = PREFIX + "__".join(str(part) for part in location[:2]).upper()
    if variable in os.environ or path is None:
        return variable
    return str(path)
