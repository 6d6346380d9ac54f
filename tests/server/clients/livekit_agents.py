"""What LiveKit's agents do with OpenAI's plugin: python livekit_agents.py URL KEY FOLDER."""

import asyncio
import importlib.metadata
import sys
import wave
from pathlib import Path

from livekit.agents import APIConnectOptions, APIStatusError
from livekit.plugins import openai

url, key, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
TEXT = "Please hold the line, an agent will be with you shortly."
ONCE = APIConnectOptions(max_retry=0, timeout=20)


async def heard(model: str, format: str) -> None:
    """Writes what the agent would play, which the plugin has decoded."""
    tts = openai.TTS(base_url=url, api_key=key, model=model, voice="nova", response_format=format)
    tts.prewarm()
    async with tts.synthesize(TEXT, conn_options=ONCE) as stream:
        frame = await stream.collect()
    with wave.open(str(folder / f"speech-{model}-{format}.wav"), "wb") as file:
        file.setnchannels(frame.num_channels)
        file.setsampwidth(2)
        file.setframerate(frame.sample_rate)
        file.writeframes(bytes(frame.data))
    await tts.aclose()


async def main() -> None:
    for format in ("mp3", "opus", "aac", "wav", "pcm"):  # of FLAC, its decoder drops the end
        await heard("tts-1", format)
    for format in ("mp3", "wav", "pcm"):
        await heard("gpt-4o-mini-tts", format)  # in events
    tts = openai.TTS(base_url=url, api_key=key, model="tts-1", voice="nova", speed=9)
    refused = None
    try:
        async with tts.synthesize(TEXT, conn_options=ONCE) as stream:
            await stream.collect()
    except APIStatusError as error:
        refused = error
    await tts.aclose()
    assert refused is not None
    assert (refused.status_code, refused.retryable) == (400, False), refused
    assert refused.body["param"] == "speed", refused.body


asyncio.run(main())
print(importlib.metadata.version("livekit-plugins-openai"))
