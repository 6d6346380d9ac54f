"""What a pipeline of pipecat hears from OpenAI's service: python pipecat_service.py URL KEY FOLDER."""

import asyncio
import importlib.metadata
import sys
import wave
from pathlib import Path

from pipecat.frames.frames import ErrorFrame, TTSAudioRawFrame, TTSSpeakFrame
from pipecat.pipeline.worker import PipelineParams
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.tests.utils import run_test

url, key, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
TEXT = "Please hold the line, an agent will be with you shortly."


async def said(**settings):
    """All frames of one utterance, those that go on and those that go back."""
    service = OpenAITTSService(
        api_key=key, base_url=url, settings=OpenAITTSService.Settings(voice="nova", **settings)
    )
    return await run_test(
        service,
        frames_to_send=[TTSSpeakFrame(TEXT)],
        pipeline_params=PipelineParams(audio_out_sample_rate=24000),
        start_timeout=20,
    )


async def main() -> None:
    for name, settings in {
        "speech": {"model": "tts-1"},
        "slow": {"model": "gpt-4o-mini-tts", "instructions": "Speak calmly.", "speed": 0.5},
    }.items():
        frames, back = await said(**settings)
        assert not [frame for frame in back if isinstance(frame, ErrorFrame)], back
        audio = [frame for frame in frames if isinstance(frame, TTSAudioRawFrame)]
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(audio[0].num_channels)
            file.setsampwidth(2)
            file.setframerate(audio[0].sample_rate)
            file.writeframes(b"".join(frame.audio for frame in audio))
    _, back = await said(model="tts-1", speed=9)
    told = [frame.error for frame in back if isinstance(frame, ErrorFrame)]
    assert "speed" in told[0] and "400" in told[0], told


asyncio.run(main())
print(importlib.metadata.version("pipecat-ai"))
