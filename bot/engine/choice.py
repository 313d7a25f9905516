"""Choose what runs the model, from what the host wants, what the model is, and what is there."""

from dataclasses import dataclass
from typing import Literal

from bot.errors import StartError
from bot.locales import _

Wanted = Literal["auto", "llamacpp", "transformers"]
Runtime = Literal["llamacpp", "transformers"]
Form = Literal["embedded", "file", "folder"]


@dataclass(frozen=True, slots=True)
class Choice:
    """Hold what runs the model, and why, for the log and for `check`."""

    runtime: Runtime
    reason: str


def choose(wanted: Wanted, *, model: str, form: Form, card: bool, torch: bool) -> Choice:
    """Return what runs a model.

    `form` says whether `model` is the embedded one, a GGUF file or a folder of safetensors; `card` whether there is a
    card that torch, were it installed, could use, and `torch` whether it is. Raises StartError, with the remedy, where
    the model cannot be run.
    """
    if wanted == "llamacpp" and form == "folder":
        raise StartError(
            _(
                "llama.cpp reads GGUF files, and {model} is a model of safetensors. Set backend under [model] to "
                '"auto", or model to a GGUF file.',
                model=model,
            )
        )
    if not torch and (wanted == "transformers" or form == "folder"):
        raise StartError(
            _(
                "{model} needs torch, which is not installed. Run `pip install .[gpu]`, or set model under [model] to "
                'a GGUF file and backend to "auto".',
                model=model,
            )
        )
    if wanted != "auto":
        return Choice(wanted, "as configured")
    return _automatic(form, card, torch)


def _automatic(form: Form, card: bool, torch: bool) -> Choice:
    if form == "embedded":
        return Choice("llamacpp", "the embedded model is small enough for the processor")
    if form == "folder":
        return Choice(
            "transformers", "safetensors on the card" if card else "safetensors, on the processor: slow"
        )
    if card and torch:
        return Choice("transformers", "there is a CUDA card")
    return Choice(
        "llamacpp", "torch is not installed: `pip install .[gpu]` uses the card" if card else "no CUDA card"
    )
