"""LiteLLM's own speech calls, with nothing but the address changed: python litellm_speech.py URL KEY FOLDER."""

import asyncio
import importlib.metadata
import sys
from pathlib import Path

import litellm
import openai

url, key, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
TEXT = "Please hold the line, an agent will be with you shortly."
here = {
    "model": "openai/tts-1",
    "input": TEXT,
    "voice": "nova",
    "api_base": url,
    "api_key": key,
    "max_retries": 0,
}

litellm.speech(**here).stream_to_file(folder / "speech.mp3")
litellm.speech(**here, response_format="wav", speed=0.5, user="somebody").stream_to_file(folder / "slow.wav")
named = {**here, "model": "openai/gpt-4o-mini-tts"}
litellm.speech(**named, instructions="Whisper.", metadata={"tags": ["hold"]}).stream_to_file(
    folder / "speech-named.mp3"
)
answer = asyncio.run(litellm.aspeech(**here, response_format="flac"))
(folder / "speech-later.flac").write_bytes(answer.content)

refused = None
try:
    litellm.speech(**here, speed=9)
except openai.BadRequestError as error:
    refused = error
assert refused is not None
assert refused.status_code == 400 and "speed" in refused.message, refused
print(importlib.metadata.version("litellm"))
