"""Run benches and print their figures as they come."""

import argparse

from bot.bench import channels, opening
from bot.bench.channels import Load
from bot.bench.figures import tell
from bot.config import Config
from bot.engine import bench as engine
from bot.engine.models import resolve


async def bench(config: Config, options: argparse.Namespace) -> None:
    """Measure the bot with many channels, a very long story, and its share over llama.cpp alone; or that alone."""
    if options.what == "bot":
        load = Load(channels=options.channels, rate=options.rate, seconds=options.seconds)
        tell(await channels.measure(config, load))
        tell(await opening.measure(config, length=options.passages))
    chosen = config.model
    model = await resolve(
        chosen.model, context=chosen.context, languages=chosen.languages, cache_dir=chosen.cache_dir
    )
    async for figures in engine.bench(model, rounds=options.rounds, tokens=options.tokens):
        tell(figures)
