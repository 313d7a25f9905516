"""Run benches and print their figures as they come."""

import argparse

from bot.bench import channels, engines, opening, retrieval, story
from bot.bench.channels import Load
from bot.bench.figures import tell
from bot.config import Config
from bot.engine.backends.llamacpp import LlamaCppSettings
from bot.engine.bench import llamacpp
from bot.engine.bench.plan import Plan
from bot.engine.models import resolve

SHARED = (1, 4)  # streams in which the bot's share over llama.cpp is measured
SHORT = 200  # tokens that each of them reads


async def bench(config: Config, options: argparse.Namespace) -> None:
    """Measure the engine, a long story, what questions find; or the bot with many channels, also over llama.cpp."""
    if options.what == "engine":
        await engines.measure(config, options)
        return
    if options.what == "retrieval":
        async for figures in retrieval.measure(options.questions):
            tell(figures)
        return
    if options.what == "story":
        tell(await story.prompts(config, length=options.passages))
        tell(await story.searches(config, entries=options.entries))
        for context in options.contexts:
            tell(await story.kept(config, context=context, turns=options.turns))
        return
    load = Load(channels=options.channels, rate=options.rate, seconds=options.seconds)
    tell(await channels.measure(config, load))
    tell(await opening.measure(config, length=options.passages))
    chosen = config.model
    model = await resolve(
        chosen.model, context=chosen.context, languages=chosen.languages, cache_dir=chosen.cache_dir
    )
    plan = Plan(streams=SHARED, arriving=(), prompt=SHORT, tokens=options.tokens, rounds=options.rounds)
    settings = LlamaCppSettings(parallel=plan.parallel, threads=chosen.threads, gpu_layers=chosen.gpu_layers)
    async for figures in llamacpp.share(model, plan, settings):
        tell(figures)
