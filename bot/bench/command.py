"""Run benches and print their figures as they come."""

from typing import Literal

from bot.bench import channels, opening
from bot.bench.channels import Load
from bot.bench.figures import tell
from bot.config import Config

What = Literal["bot"]


async def bench(config: Config, load: Load) -> None:
    """Measure the bot: a very long story, then many channels at once."""
    tell("long story", await opening.measure(config))
    tell("many channels", await channels.measure(config, load))
