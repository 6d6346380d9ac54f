"""Speaks planned requests: from the store where it has the clip, else by the dispatcher."""

from __future__ import annotations

import asyncio
import logging

from voxpress import engines
from voxpress.engines import Engine
from voxpress.errors import SpeechError
from voxpress.marks import FORMATS, lacks_marks, time_text, write
from voxpress.rendering import worker
from voxpress.server.aliases import Aliases
from voxpress.server.dispatcher import Dispatcher, Flight
from voxpress.server.errors import Refusal
from voxpress.server.http.content import LARGE, Content
from voxpress.server.schemas import RATE, SpeechRequest
from voxpress.server.settings import Settings
from voxpress.server.speech.planner import DEFAULT_VOICE, SpeechPlan, SpeechPlanner
from voxpress.speech import Clip
from voxpress.store import Store

log = logging.getLogger("voxpress.server")


class Speech:
    """Finds clips and has them spoken."""

    def __init__(
        self, settings: Settings, store: Store, names: Aliases, planner: SpeechPlanner, dispatcher: Dispatcher
    ) -> None:
        self._store, self._names, self._planner, self._dispatcher = store, names, planner, dispatcher
        # Twice what `max_duration` lets expect, at 16 bits.
        self._most_bytes = int(2 * settings.max_duration * RATE * 2)

    async def plan(self, data: SpeechRequest, ignored: tuple[str, ...] = ()) -> SpeechPlan:
        """Plan a request; see `SpeechPlanner.plan`."""
        return await self._planner.plan(data, ignored)

    # The store

    async def find_clip(self, plan: SpeechPlan) -> Content | None:
        """The clip of a plan, if the store has it, and with its marks where they are asked for."""
        if self._store.folder is None:
            content = await asyncio.to_thread(self.open_clip, plan.clip_key)
            return None if content and _lacks_marks(plan, content.clip) else content
        clip = self._store.clip(plan.clip_key)
        if clip and _lacks_marks(plan, clip):
            return None
        if clip and clip.size >= LARGE:
            return await asyncio.to_thread(Content.open, self._store, clip)
        return Content.open(self._store, clip)

    def open_clip(self, key: str) -> Content | None:
        """A clip, if the store has it."""
        return Content.open(self._store, self._store.clip(key))

    async def keep_marks(self, plan: SpeechPlan, clip: Clip) -> dict[str, str]:
        """Put the files with the marks of a clip that a plan asks for into the store; what they say, by their formats.

        The clip can have been made for another text that is spoken like this one, so they are written for each plan.
        """
        if not plan.sidecars:
            return {}
        return await asyncio.to_thread(self._keep_marks, plan, clip)

    def _keep_marks(self, plan: SpeechPlan, clip: Clip) -> dict[str, str]:
        timed = time_text(clip, plan.plan.recipe.script)
        said = {each.format: write(each.format, timed) for each in plan.sidecars}
        for each in plan.sidecars:
            self._store.put_sidecar(each.key, FORMATS[each.format].extension, said[each.format])
        return {format: data.decode() for format, data in said.items()}

    # Speaking

    def join(self, plan: SpeechPlan, *, background: bool = False) -> Flight:
        """Have a plan spoken; every `join` needs a `leave`.

        Raises:
            Refusal: the queue is full.
        """
        return self._dispatcher.join(plan.plan, background=background)

    def leave(self, flight: Flight) -> None:
        """Wait for a flight no longer."""
        self._dispatcher.leave(flight)

    async def wait_for_clip(self, flight: Flight) -> Content:
        """The clip of a flight, once it is finished.

        Raises:
            Refusal: it is too large.
            SpeechError: it could not be spoken.
        """
        result = await asyncio.shield(flight.done)
        if result.exception:
            raise result.exception
        clip = result.clips[0]
        if clip.size > (most := self._most_bytes):
            raise Refusal(
                500,
                f"the audio has {clip.size:,} bytes, far more than its text lets expect, and {most:,} are allowed",
                "audio_too_long",
                headers={"x-should-retry": "false"},
            )
        content = await asyncio.to_thread(Content.open, self._store, clip)
        if content is None:
            raise SpeechError(
                f"clip {clip.key} was removed from the store while it was being read; try again"
            )
        return content

    # The start of the server

    async def prepare(self) -> None:
        """Prepare every engine that is offered, so that the first request does not wait for it. An engine that cannot
        be prepared is logged, and requests for it get its error.
        """
        found = await asyncio.to_thread(self._names.list_models)
        for name, model in dict.fromkeys((meant.engine, meant.model) for meant in found.values()):
            kind = engines.find(name)
            if kind.prepare is not Engine.prepare:
                engine = kind(model)
                try:
                    await asyncio.wrap_future(self._dispatcher.submit(engine, worker.prepare, engine))
                except SpeechError as error:
                    log.error("%s cannot be prepared: %s", name, error)  # noqa: TRY400 - the message says it all

    async def preload(self, model: str) -> None:
        """Load a model in every worker, by speaking a word with it that is not kept.

        Raises:
            SpeechError: the model cannot be loaded.
        """
        request = SpeechRequest(model=model, input="Ready.", voice=DEFAULT_VOICE)
        plan = (await asyncio.to_thread(self._planner.plan_now, request)).plan
        take = next(iter(plan.takes.values()))
        pool = self._dispatcher.pools.speaking(take.engine)
        tasks = [
            self._dispatcher.submit(take.engine, worker.synthesize, take.engine, [take.segment])
            for _ in range(getattr(pool, "workers", 1))
        ]
        for task in tasks:
            await asyncio.wrap_future(task)


def _lacks_marks(plan: SpeechPlan, clip: Clip) -> bool:
    """Whether an older voxpress finished the clip, without the marks that are asked for."""
    return bool(plan.sidecars) and lacks_marks(clip, plan.plan.recipe.script)
