"""Read what an OpenAI-compatible server tells of itself: which model, whose server, how much it can read."""

import hashlib
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from bot.engine.backends.chat import ChatClient
from bot.engine.errors import GenerationFailed

Dialect = Literal["vllm", "llamacpp", "plain"]
DIALECTS: dict[str, Dialect] = {"vllm": "vllm", "llamacpp": "llamacpp"}


@dataclass(frozen=True, slots=True)
class Card:
    """Tell what a server serves.

    `model` is what requests name, `label` what people read; `served` are all names that requests may have, adapters'
    too; `context` is in tokens, None where the server does not tell.
    """

    model: str
    label: str
    revision: str
    dialect: Dialect
    context: int | None
    served: frozenset[str]


class AnotherModel(GenerationFailed):
    """Tell that a server does not have the model that is wanted."""


def root_of(url: str) -> str:
    """Return a base URL as hosts write it, with or without /v1, without it and without a slash."""
    return url.rstrip("/").removesuffix("/v1").rstrip("/")


async def read_card(
    client: ChatClient, root: str, *, model: str = "", dialect: Dialect | Literal["auto"] = "auto"
) -> Card:
    """Ask a server what it serves; `model` is a name or label that it must have, none takes its first.

    Raises AnotherModel where it serves no such model, and GenerationFailed where it does not answer or is not well.
    """
    try:
        return await _read(client, root, model, dialect)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise GenerationFailed(f"does not list models as OpenAI does: {error!r}") from error


async def _read(client: ChatClient, root: str, model: str, dialect: Dialect | Literal["auto"]) -> Card:
    cards = (await client.get(f"{root}/v1/models"))["data"]
    card = next((card for card in cards if model in ("", card["id"], _label(card["id"]))), None)
    if card is None:
        raise AnotherModel(f"serves {', '.join(_label(c['id']) for c in cards) or 'nothing'}, not {model}")
    spoken = DIALECTS.get(card.get("owned_by"), "plain") if dialect == "auto" else dialect
    if spoken != "plain":
        await client.get(f"{root}/health")  # the list of models may stand while the engine behind it is down
    return Card(
        model=card["id"],
        label=_label(card["id"]),
        revision=_revision(card),
        dialect=spoken,
        context=await _context(client, root, card)
        if spoken == "llamacpp"
        else _number(card.get("max_model_len")),
        served=frozenset(other["id"] for other in cards),
    )


def _label(name: str) -> str:
    """Return a name that is the same on every machine: llama.cpp tells the whole path of its file."""
    return PurePath(name).stem if name.endswith(".gguf") else name


def _revision(card: dict[str, Any]) -> str:
    """Return what tells two trainings apart: where vLLM has the model from, or a mark of llama.cpp's figures."""
    if meta := card.get("meta"):
        return hashlib.sha256(f"{meta.get('size')} {meta.get('n_params')}".encode()).hexdigest()[:12]
    root = card.get("root")
    return str(root) if root and root != card["id"] else ""


async def _context(client: ChatClient, root: str, card: dict[str, Any]) -> int | None:
    """Return what one of llama.cpp's streams may have; older ones tell it in their properties only."""
    if told := (card.get("meta") or {}).get("n_ctx"):
        return _number(told)
    return _number((await client.get(f"{root}/props"))["default_generation_settings"]["n_ctx"])


def _number(told: Any) -> int | None:
    return int(told) if told else None
