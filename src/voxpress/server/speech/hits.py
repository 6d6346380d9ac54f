"""What the answers to requests for speech and clips say: the one place where hits are made."""

from __future__ import annotations

import msgspec

from voxpress.files import formats
from voxpress.server.http.hit_cache import Hit, HitAnswer
from voxpress.server.http.messages import IMMUTABLE, encode_header, encode_headers
from voxpress.server.http.paths import clip_path, sidecar_path
from voxpress.server.settings import Settings
from voxpress.server.speech.planner import SpeechPlan
from voxpress.speech import Clip
from voxpress.store import Store


class HitMaker:
    """Makes hits of clips."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._accel_prefix = settings.accel_redirect.rstrip("/") + "/" if settings.accel_redirect else ""
        self._store_folder = store.folder

    def make_speech_hit(self, plan: SpeechPlan, clip: Clip, *, stored: bool) -> Hit:
        """The hit of a request for speech.

        Args:
            stored: whether the store had the clip; else it was spoken for this request.
        """
        headers = describe_speech(plan, "hit" if stored else "miss")
        headers["etag"] = f'"{clip.sha256}"'
        headers["x-voxpress-duration"] = f"{clip.duration:.3f}"
        hit = _make_hit(clip, headers, self._find_accel_path(clip) if stored else "")
        hit.characters, hit.engine = plan.characters, plan.engine
        return hit

    def make_clip_hit(self, clip: Clip) -> Hit:
        """The hit of requests for a clip by its digest."""
        headers = {
            "content-type": formats.FORMATS[clip.format].media_type,
            "etag": f'"{clip.sha256}"',
            "cache-control": IMMUTABLE,
            "accept-ranges": "bytes",
            "x-voxpress-duration": f"{clip.duration:.3f}",
        }
        return _make_hit(clip, headers, self._find_accel_path(clip))

    def _find_accel_path(self, clip: Clip) -> str:
        """Where nginx finds the clip, if it sends clips by itself; else nothing."""
        if not (self._accel_prefix and clip.path and self._store_folder):
            return ""
        return self._accel_prefix + clip.path.removeprefix(f"{self._store_folder}/")


def describe_speech(plan: SpeechPlan, cache: str) -> dict[str, str]:
    """The headers of an answer with speech that are known before its clip is."""
    optional = {
        "x-voxpress-model": plan.plan.engine.model,
        "x-voxpress-mapped": "; ".join(plan.mapped),
        "x-voxpress-ignored": ", ".join(plan.ignored),
        "x-voxpress-notes": "; ".join(plan.notes),
        "x-voxpress-marks": "; ".join(
            f"{each.format}={sidecar_path(each.key, each.format)}" for each in plan.sidecars
        ),
    }
    headers = {
        "content-type": _choose_media_type(plan.output.format),
        "x-voxpress-cache": cache,
        "x-voxpress-clip": plan.clip_key,
        "content-location": clip_path(plan.clip_key, plan.output.format),
        "x-voxpress-engine": plan.engine,
        "x-voxpress-voice": plan.voice,
        "x-voxpress-segments": str(len(plan.plan.takes)),
        **{name: value for name, value in optional.items() if value},
    }
    # Names and notes can hold what a client wrote.
    return {name: encode_header(value).decode() for name, value in headers.items()}


def _make_hit(clip: Clip, headers: dict[str, str], accel: str) -> Hit:
    tag = headers["etag"].encode()
    unchanged = encode_headers((name, value) for name, value in headers.items() if name != "content-type")
    if accel:
        told = encode_headers({**headers, "x-accel-redirect": accel}.items())
        whole = HitAnswer(200, told, None)
    else:
        told = encode_headers({**headers, "content-length": str(clip.size)}.items())
        whole = HitAnswer(200, told, slice(0, clip.size))
    # The timings of a long text take more room than all else.
    clip = msgspec.structs.replace(clip, marks=(), data=b"")
    return Hit(clip, tag, whole, HitAnswer(304, unchanged, None), accel=bool(accel))


def _choose_media_type(format: str) -> str:
    # As OpenAI names it; it is Ogg, which audio/ogg; codecs=opus says too.
    return "audio/opus" if format == "opus" else formats.FORMATS[format].media_type
