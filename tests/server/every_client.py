"""What an application does with the official client, whichever version: python every_client.py URL FOLDER."""

import asyncio
import sys
import time
from pathlib import Path

import openai

url, folder = sys.argv[1], Path(sys.argv[2])
client = openai.OpenAI(api_key="YOUR_API_KEY", base_url=url, max_retries=0)

# The two snippets that this server is to be a replacement for, as they are.
response = client.audio.speech.create(
    model="tts-1-hd",
    voice="nova",
    input="Welcome to Team-Connect. Please hold while I find an agent for you.",
    response_format="mp3",
    speed=1.0,
)
with (folder / "greeting.mp3").open("wb") as f:
    f.write(response.content)

long_text = " ".join(f"This is sentence number {n} of a long text." for n in range(12))
with client.audio.speech.with_streaming_response.create(
    model="tts-1-hd", voice="nova", input=long_text, response_format="mp3"
) as streamed:
    streamed.stream_to_file(folder / "output.mp3")

again = client.audio.speech.with_raw_response.create(
    model="tts-1-hd",
    voice="nova",
    input="Welcome to Team-Connect. Please hold while I find an agent for you.",
    response_format="mp3",
    speed=1.0,
)
assert again.headers["x-voxpress-cache"] == "hit"
assert again.content == response.content


async def in_the_background() -> bytes:
    async with openai.AsyncOpenAI(api_key="none", base_url=url) as asynchronous:
        answer = await asynchronous.audio.speech.create(
            model="tts-1", voice="nova", input="Hello.", response_format="wav"
        )
        return bytes(answer.content)


assert asyncio.run(in_the_background())[:4] == b"RIFF"
assert "tts-1" in [model.id for model in client.models.list()]
assert client.models.retrieve("tts-1-hd").object == "model"

refused: openai.BadRequestError | None = None
try:
    client.audio.speech.create(model="tts-1", voice="nova", input="Hello.", speed=9)
except openai.BadRequestError as error:
    refused = error
assert refused is not None
assert (refused.code, refused.param, refused.type) == ("invalid_value", "speed", "invalid_request_error")

line = (
    b'{"custom_id": "a", "method": "POST", "url": "/v1/audio/speech", '
    b'"body": {"model": "tts-1", "voice": "nova", "input": "One."}}\n'
)
file = client.files.create(file=("in.jsonl", line), purpose="batch")
batch = client.batches.create(input_file_id=file.id, endpoint="/v1/audio/speech", completion_window="24h")
while batch.status in ("validating", "in_progress", "finalizing"):
    time.sleep(0.1)
    batch = client.batches.retrieve(batch.id)
assert batch.status == "completed", batch
assert batch.output_file_id
assert '"custom_id":"a"' in client.files.content(batch.output_file_id).text
assert batch.id in [each.id for each in client.batches.list()]
print(openai.__version__)
