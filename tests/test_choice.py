"""Prove that the right runtime is chosen, and that what cannot be run is refused with its remedy."""

import itertools
from pathlib import Path
from typing import get_args

import pytest

from bot.engine.choice import Form, Runtime, Wanted, choose
from bot.engine.models import form_of
from bot.errors import StartError

FACTS = list(itertools.product(get_args(Wanted), get_args(Form), (False, True), (False, True)))


def chosen(wanted: Wanted, form: Form, *, card: bool, torch: bool) -> Runtime | None:
    """Return what is chosen, or nothing where it is refused."""
    try:
        return choose(wanted, model="tale", form=form, card=card, torch=torch).runtime
    except StartError:
        return None


@pytest.mark.parametrize("form", get_args(Form))
def test_the_card_is_used_where_there_is_one(form: Form) -> None:
    """With torch: without, and without a card, a GGUF file runs on llama.cpp, and safetensors where they can."""
    expected: dict[Form, tuple[Runtime | None, ...]] = {
        "embedded": ("llamacpp", "llamacpp", "llamacpp", "llamacpp"),
        "file": ("transformers", "llamacpp", "llamacpp", "llamacpp"),
        "folder": ("transformers", None, "transformers", None),
    }
    facts = [(True, True), (True, False), (False, True), (False, False)]

    assert tuple(chosen("auto", form, card=card, torch=torch) for card, torch in facts) == expected[form]


@pytest.mark.parametrize(("wanted", "form", "card", "torch"), FACTS)
def test_what_the_host_wants_is_done_or_refused(wanted: Wanted, form: Form, card: bool, torch: bool) -> None:
    """Never something else, and nothing that could not read the model."""
    found = chosen(wanted, form, card=card, torch=torch)

    assert found in ({None, wanted} if wanted != "auto" else {None, "llamacpp", "transformers"})
    assert (found, form) != ("llamacpp", "folder")
    assert found != "transformers" or torch


def test_a_refusal_names_the_remedy() -> None:
    """Another backend, another model, or what to install."""
    with pytest.raises(StartError, match=r'Set backend under \[model\] to "auto"'):
        choose("llamacpp", model="owner/tale", form="folder", card=True, torch=True)
    with pytest.raises(StartError, match=r"pip install \.\[gpu\]"):
        choose("transformers", model="embedded", form="embedded", card=True, torch=False)


def test_a_card_without_torch_is_told() -> None:
    """The host would wonder why the card is idle."""
    assert "pip install .[gpu]" in choose("auto", model="a.gguf", form="file", card=True, torch=False).reason


def test_the_form_is_known_before_anything_is_fetched(tmp_path: Path) -> None:
    """By its name, or by what stands on the disk."""
    (tmp_path / "tale.gguf").touch()
    (tmp_path / "tale").mkdir()
    (tmp_path / "tale" / "config.json").touch()

    assert form_of("embedded") == "embedded"
    assert form_of(str(tmp_path / "tale.gguf")) == "file"
    assert form_of(str(tmp_path / "tale")) == "folder"
    assert form_of("owner/tale@main") == "folder"
    assert form_of("owner/tale:tale.gguf") == "file"
