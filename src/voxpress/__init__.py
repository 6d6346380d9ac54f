"""voxpress renders speech once and serves it forever.

>>> import voxpress
>>> clip = voxpress.say("Hello there.", engine="tone", store="memory:")
>>> clip.duration > 0.5
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voxpress.audio.waveform import Audio as Audio
    from voxpress.engines import Engine as Engine
    from voxpress.engines import Option as Option
    from voxpress.errors import CheckFailed as CheckFailed
    from voxpress.errors import EngineError as EngineError
    from voxpress.errors import EngineNotInstalled as EngineNotInstalled
    from voxpress.errors import InputError as InputError
    from voxpress.errors import LeftOut as LeftOut
    from voxpress.errors import LicenceNotAccepted as LicenceNotAccepted
    from voxpress.errors import ManifestError as ManifestError
    from voxpress.errors import MarkupError as MarkupError
    from voxpress.errors import ModelUnavailable as ModelUnavailable
    from voxpress.errors import ServiceRefused as ServiceRefused
    from voxpress.errors import ServiceUnavailable as ServiceUnavailable
    from voxpress.errors import SpeechError as SpeechError
    from voxpress.errors import StoreError as StoreError
    from voxpress.errors import SynthesisError as SynthesisError
    from voxpress.errors import UnknownEngine as UnknownEngine
    from voxpress.errors import UnknownVoice as UnknownVoice
    from voxpress.errors import UnsupportedOption as UnsupportedOption
    from voxpress.errors import WorkerLost as WorkerLost
    from voxpress.rendering.library import render as render
    from voxpress.rendering.library import say as say
    from voxpress.speech import Clip as Clip
    from voxpress.speech import Mark as Mark
    from voxpress.speech import Output as Output
    from voxpress.speech import Result as Result
    from voxpress.speech import Segment as Segment
    from voxpress.speech import Speaker as Speaker
    from voxpress.speech import Status as Status
    from voxpress.speech import Utterance as Utterance
    from voxpress.speech import Voice as Voice
    from voxpress.store import Store as Store

__version__ = "0.1.0"

_HOMES = {
    "voxpress.audio.waveform": ["Audio"],
    "voxpress.engines": ["Engine", "Option"],
    "voxpress.errors": [
        *("CheckFailed", "EngineError", "EngineNotInstalled", "InputError", "LicenceNotAccepted"),
        *(
            "ManifestError",
            "LeftOut",
            "MarkupError",
            "ModelUnavailable",
            "ServiceRefused",
            "ServiceUnavailable",
            "SpeechError",
            "StoreError",
            "SynthesisError",
            "UnknownEngine",
        ),
        *("UnknownVoice", "UnsupportedOption", "WorkerLost"),
    ],
    "voxpress.rendering.library": ["render", "say"],
    "voxpress.speech": [
        "Clip",
        "Mark",
        "Output",
        "Result",
        "Segment",
        "Speaker",
        "Status",
        "Utterance",
        "Voice",
    ],
    "voxpress.store": ["Store"],
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Audio",
    "CheckFailed",
    "Clip",
    "Engine",
    "EngineError",
    "EngineNotInstalled",
    "InputError",
    "LeftOut",
    "LicenceNotAccepted",
    "ManifestError",
    "Mark",
    "MarkupError",
    "ModelUnavailable",
    "Option",
    "Output",
    "Result",
    "Segment",
    "ServiceRefused",
    "ServiceUnavailable",
    "Speaker",
    "SpeechError",
    "Status",
    "Store",
    "StoreError",
    "SynthesisError",
    "UnknownEngine",
    "UnknownVoice",
    "UnsupportedOption",
    "Utterance",
    "Voice",
    "WorkerLost",
    "render",
    "say",
]


def __getattr__(name: str) -> object:
    # Imported when first used, so that ``import voxpress`` and ``voxpress --help`` cost milliseconds.
    if name not in _HOME:
        raise AttributeError(f"module 'voxpress' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
