"""Count what the engine tells of each request, and look up how it stands whenever somebody asks."""

from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.engine.engine import Engine
from bot.engine.outcome import Outcome

WAITS = (0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
FIRST_WORDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120)
LAGS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class Figures:
    """Hold all figures of one bot."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "storyloom_requests", "Requests for text, by how they ended.", ["ending"], registry=registry
        )
        self._written = Counter("storyloom_written_tokens", "Tokens that the model wrote.", registry=registry)
        self._read = Counter(
            "storyloom_prompt_tokens",
            "Tokens of prompts: read by the model, or kept warm from an earlier turn.",
            ["source"],
            registry=registry,
        )
        self._waits = Histogram(
            "storyloom_waiting_seconds",
            "How long requests were in the queue.",
            buckets=WAITS,
            registry=registry,
        )
        self._first_words = Histogram(
            "storyloom_first_token_seconds",
            "How long it took from the end of the queue to the first word.",
            buckets=FIRST_WORDS,
            registry=registry,
        )
        self._lags = Histogram(
            "storyloom_event_loop_lag_seconds",
            "How late the event loop is, sampled.",
            buckets=LAGS,
            registry=registry,
        )
        ProcessCollector(registry=registry)

    def watch(self, engine: Engine) -> None:
        """Tell from now on how an engine stands, too."""
        self._registry.register(_Standing(engine))

    def record(self, outcome: Outcome) -> None:
        """Count a request that is over."""
        self._requests.labels(outcome.ending).inc()
        self._written.inc(outcome.tokens)
        self._read.labels("read").inc(outcome.prompt_tokens - outcome.cached)
        self._read.labels("warm").inc(outcome.cached)
        if outcome.waited is not None:
            self._waits.observe(outcome.waited)
        if outcome.first_word is not None:
            self._first_words.observe(outcome.first_word)

    def record_lag(self, seconds: float) -> None:
        """Count one look at how late the event loop is."""
        self._lags.observe(seconds)

    def text(self) -> bytes:
        """Return all figures as Prometheus reads them."""
        return generate_latest(self._registry)


class _Standing(Collector):
    """Look up how an engine stands at the moment of the asking."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterable[Metric]:
        status = self._engine.status()
        yield _gauge("storyloom_requests_waiting", "Requests in the queue.", status.waiting)
        yield _gauge("storyloom_requests_running", "Requests being written.", status.running)
        yield _gauge("storyloom_backend_up", "Whether the model answers, 1 or 0.", int(status.ready))
        if status.tokens_per_second is not None:
            yield _gauge(
                "storyloom_stream_tokens_per_second",
                "How fast one stream is, by the last ten or so.",
                status.tokens_per_second,
            )
        yield CounterMetricFamily(
            "storyloom_model_restarts", "How often the model was started again.", value=status.restarts
        )
        about = {
            "name": status.model.name,
            "revision": status.model.revision,
            "backend": status.backend,
        }
        yield InfoMetricFamily("storyloom_model", "Which model writes, and what runs it.", value=about)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
