"""Read a LoRA adapter from a folder as PEFT writes it, and check it against the model that it shall change."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors import SafetensorError
from safetensors.torch import load_file

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"

_KEY = re.compile(r"base_model\.model\.(?P<module>.+)\.lora_(?P<side>[AB])\.weight")

# The end of a path; all of it, if nothing stands before.
_END = r"(.*\.)?({})$"

# Settings of PEFT with which the two matrices of a layer are not all that there is to it.
_MORE_THAN_LORA = (
    "alora_invocation_tokens",
    "arrow_config",
    "fan_in_fan_out",
    "layer_replication",
    "lora_bias",
    "megatron_config",
    "modules_to_save",
    "monteclora_config",
    "target_parameters",
    "trainable_token_indices",
    "use_bdlora",
    "use_dora",
    "use_qalora",
)

# Ways to begin a training that leave the model's own weights alone; the others change them.
_BEGINNINGS = (True, False, "gaussian", "eva", "orthogonal")

_Rank = Annotated[int, Field(gt=0)]
_Names = list[str] | str


class AdapterError(ValueError):
    """Tell the host in a sentence why an adapter cannot be used."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Hold what is added to one linear layer: `up @ down @ x`, scaled already.

    `down` is [rank, in_features] and `up` [out_features, rank].
    """

    down: torch.Tensor
    up: torch.Tensor


class _Config(BaseModel):
    """Be the part of adapter_config.json that says what the weights mean."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    peft_type: str
    r: _Rank
    lora_alpha: float
    target_modules: _Names
    use_rslora: bool = False
    rank_pattern: dict[str, _Rank] = {}
    alpha_pattern: dict[str, float] = {}
    exclude_modules: _Names | None = None
    layers_to_transform: list[int] | int | None = None

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, given: Any) -> Any:
        """Refuse what would change the model in other ways than this one."""
        if not isinstance(given, dict):
            return given
        if given.get("peft_type") != "LORA":
            raise ValueError(f"it is of the type {given.get('peft_type')}, and only LORA is supported")
        more = sorted(name for name in _MORE_THAN_LORA if given.get(name))
        if given.get("bias", "none") != "none":
            more.append("bias")
        if given.get("init_lora_weights", True) not in _BEGINNINGS:
            more.append("init_lora_weights")
        if more:
            raise ValueError(f"it uses {', '.join(more)}, and only plain LoRA is supported")
        return given

    @model_validator(mode="after")
    def _patterns(self) -> Self:
        """Refuse what is no regular expression, before it is looked for."""
        whole = [names for names in (self.target_modules, self.exclude_modules) if isinstance(names, str)]
        ends = [_END.format(end) for end in (*self.rank_pattern, *self.alpha_pattern)]
        for pattern in (*whole, *ends):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        return self

    def targets(self, module: str) -> bool:
        """Tell whether the adapter was made for a module."""
        excluded = self.exclude_modules is not None and _names(self.exclude_modules, module)
        return not excluded and (self.target_modules == "all-linear" or _names(self.target_modules, module))

    def rank(self, module: str) -> int:
        """Return how many numbers stand between a module's two matrices."""
        return int(_of_pattern(self.rank_pattern, module, self.r))

    def scale(self, module: str) -> float:
        """Return by what the product of a module's matrices is multiplied."""
        rank = self.rank(module)
        alpha = _of_pattern(self.alpha_pattern, module, self.lora_alpha)
        return alpha / math.sqrt(rank) if self.use_rslora else alpha / rank


def _names(names: _Names, module: str) -> bool:
    """Tell whether a module is meant: by a regular expression of its whole path, or by the end of it."""
    if isinstance(names, str):
        return re.fullmatch(names, module) is not None
    return any(f".{module}".endswith(f".{name}") for name in names)


def _of_pattern(patterns: Mapping[str, float], module: str, default: float) -> float:
    found = (value for pattern, value in patterns.items() if re.match(_END.format(pattern), module))
    return next(found, default)


def read_adapter(folder: Path, modules: Mapping[str, torch.nn.Linear]) -> dict[str, Pair]:
    """Return what an adapter adds to each of the model's linear layers that it changes, by the layer's path.

    `modules` are those that may be changed. The numbers are as they stand in the file, only scaled, on the CPU.
    Raises AdapterError if the folder holds no plain LoRA adapter, or one for another model.
    """
    config = _read_config(folder)
    sides = _by_module(folder, _read_weights(folder))
    for module, found in sides.items():
        _check(folder, module, found, modules.get(module), config)
    if config.layers_to_transform is None:
        missing = [module for module in modules if config.targets(module) and module not in sides]
        if missing:
            raise AdapterError(
                f"The adapter in {folder} has nothing for {missing[0]}, which its {CONFIG} names: it was made "
                "for another model, or is not complete."
            )
    return {
        module: Pair(found["A"], found["B"] * config.scale(module)) for module, found in sorted(sides.items())
    }


def _read_config(folder: Path) -> _Config:
    try:
        return _Config.model_validate_json((folder / CONFIG).read_bytes())
    except FileNotFoundError as error:
        raise AdapterError(
            f"There is no adapter in {folder}: {CONFIG} is missing. Name the folder that PEFT has saved."
        ) from error
    except OSError as error:
        raise AdapterError(f"{folder / CONFIG} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        raise AdapterError(
            f"The adapter in {folder} cannot be used: {where}{': ' if where else ''}{what}."
        ) from error


def _read_weights(folder: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(folder / WEIGHTS)
    except FileNotFoundError as error:
        raise AdapterError(
            f"The adapter in {folder} has no {WEIGHTS}: save it again as safetensors."
        ) from error
    except (OSError, SafetensorError) as error:
        raise AdapterError(f"{folder / WEIGHTS} cannot be read: {error}.") from error


def _by_module(folder: Path, weights: Mapping[str, torch.Tensor]) -> dict[str, dict[str, torch.Tensor]]:
    sides: dict[str, dict[str, torch.Tensor]] = {}
    for key, value in weights.items():
        match = _KEY.fullmatch(key)
        if match is None:
            raise AdapterError(
                f"The adapter in {folder} has {key}, which is not supported: only LoRA weights of linear layers are."
            )
        sides.setdefault(match["module"], {})[match["side"]] = value
    if not sides:
        raise AdapterError(f"The adapter in {folder} has no weights at all: save it again.")
    return sides


def _check(
    folder: Path,
    module: str,
    found: Mapping[str, torch.Tensor],
    linear: torch.nn.Linear | None,
    config: _Config,
) -> None:
    """Raise AdapterError unless the two matrices fit a module of the model."""
    if linear is None:
        raise AdapterError(
            f"The adapter in {folder} changes {module}, which is no layer of this model that an adapter can change: "
            "take one that was trained for this model, on linear layers inside it."
        )
    if not config.targets(module):
        raise AdapterError(
            f"The adapter in {folder} changes {module}, which its {CONFIG} does not name: save it again."
        )
    rank = config.rank(module)
    shapes = {"A": (rank, linear.in_features), "B": (linear.out_features, rank)}
    for side, shape in shapes.items():
        if side not in found:
            raise AdapterError(
                f"The adapter in {folder} is not complete: lora_{side} of {module} is missing."
            )
        if tuple(found[side].shape) != shape:
            raise AdapterError(
                f"The adapter in {folder} does not fit this model: lora_{side} of {module} has the shape "
                f"{tuple(found[side].shape)}, and {shape} is needed."
            )
        if not found[side].is_floating_point() or not torch.isfinite(found[side].float()).all():
            raise AdapterError(
                f"The adapter in {folder} is damaged: lora_{side} of {module} is not all numbers. Train it again."
            )
