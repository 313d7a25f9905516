"""Find out what runs the model: look at what is there, then choose."""

import asyncio

from bot.engine.choice import Choice, Wanted, choose
from bot.engine.graphics import card_for_torch, torch_installed
from bot.engine.models import form_of


async def find_runtime(wanted: Wanted, model: str) -> Choice:
    """Return what runs a model, before anything of it is fetched; raises StartError where it cannot be run."""
    form = form_of(model)
    asks = wanted == "auto" and form != "embedded"
    return choose(
        wanted,
        model=model,
        form=form,
        card=asks and await asyncio.to_thread(card_for_torch),
        torch=torch_installed(),
    )
