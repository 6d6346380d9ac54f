"""Metrics for Prometheus."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

import prometheus_client as prometheus
from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest

from voxpress.server.logs import Visit
from voxpress.speech import Result, Seconds

CONTENT_TYPE = "text/plain; version=0.0.4"
_STORE_EVERY = 60.0
_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "WYOMING"})


class Metrics:
    """Counters of one server, in a registry of their own.

    Args:
        waiting, waiting_in_background: how many clips wait to be spoken, for requests and for batches.
        store_bytes: bytes in the store; called once a minute at most.
    """

    def __init__(
        self,
        waiting: Callable[[], int],
        waiting_in_background: Callable[[], int],
        store_bytes: Callable[[], int],
    ) -> None:
        self.registry = CollectorRegistry()
        self.requests = prometheus.Counter(
            "voxpress_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.latency = Histogram(
            "voxpress_request_seconds",
            "Seconds from a request's first byte to the last of its answer.",
            ["cache"],
            buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
            registry=self.registry,
        )
        self.clips = prometheus.Counter(
            "voxpress_clips",
            "Clips served, from the store (hit) or spoken (miss).",
            ["cache"],
            registry=self.registry,
        )
        self.characters = prometheus.Counter(
            "voxpress_characters", "Characters of texts that were served.", ["cache"], registry=self.registry
        )
        self.spoken = prometheus.Counter(
            "voxpress_segments_spoken", "Segments spoken.", ["engine"], registry=self.registry
        )
        self.audio = prometheus.Counter(
            "voxpress_audio_seconds", "Seconds of audio finished.", ["engine"], registry=self.registry
        )
        self.miss_time = prometheus.Counter(
            "voxpress_miss_seconds",
            "Seconds from the first request for a clip that the store lacks to its end, summed.",
            ["engine"],
            registry=self.registry,
        )
        self.errors = prometheus.Counter(
            "voxpress_errors", "Requests refused or failed.", ["code"], registry=self.registry
        )
        self.restarts = prometheus.Counter(
            "voxpress_background_restarts",
            "Background tasks that ended and were started again.",
            ["task"],
            registry=self.registry,
        )
        queue = Gauge(
            "voxpress_queue", "Clips that wait or are being spoken.", ["for"], registry=self.registry
        )
        queue.labels("requests").set_function(waiting)
        queue.labels("batches").set_function(waiting_in_background)
        store = Gauge("voxpress_store_bytes", "What the store holds.", registry=self.registry)
        store.set_function(_cache(store_bytes))

    def count(self, visits: Sequence[Visit]) -> None:
        """Count requests that were answered."""
        asked: Counter[tuple[str, str, int]] = Counter()
        served: Counter[str] = Counter()
        characters: Counter[str] = Counter()
        latencies = {cache: self.latency.labels(cache) for cache in ("hit", "miss")}
        for visit in visits:
            method = visit.method if visit.method in _METHODS else "other"
            asked[method, visit.route, visit.status] += 1
            if visit.status >= 400:
                self.errors.labels(visit.error or str(visit.status)).inc()
            elif visit.cache:
                served[visit.cache] += 1
                characters[visit.cache] += visit.characters
                latencies[visit.cache].observe(visit.duration)
        for (method, route, status), number in asked.items():
            self.requests.labels(method, route, str(status)).inc(number)
        for cache, number in served.items():
            self.clips.labels(cache).inc(number)
            self.characters.labels(cache).inc(characters[cache])

    def count_restart(self, task: str) -> None:
        """Count a background task that ended and is started again."""
        self.restarts.labels(task).inc()

    def count_result(self, result: Result, waited: Seconds) -> None:
        """Count a clip that was spoken, or failed.

        Args:
            waited: from its first request on.
        """
        self.miss_time.labels(result.engine).inc(waited)
        if result.status == "failed":
            return
        self.spoken.labels(result.engine).inc(result.spoken)
        if result.status == "rendered":
            self.audio.labels(result.engine).inc(sum(clip.duration for clip in result.clips))

    def render(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)


def _cache(ask: Callable[[], int]) -> Callable[[], float]:
    """`ask`, called at most once in `_STORE_EVERY` seconds."""
    known, when = 0.0, float("-inf")

    def ask_seldom() -> float:
        nonlocal known, when
        if time.monotonic() - when > _STORE_EVERY:
            known, when = float(ask()), time.monotonic()
        return known

    return ask_seldom
