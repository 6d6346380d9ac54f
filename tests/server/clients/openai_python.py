"""What an application does with the official client, whichever version: python openai_python.py URL KEY FOLDER."""

import asyncio
import sys
import time
from pathlib import Path

import openai

url, key, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
client = openai.OpenAI(api_key=key, base_url=url, max_retries=0)
text = "Please hold the line, an agent will be with you shortly."

# The two snippets that this server is to be a replacement for, as they are but for the text and the names of files.
response = client.audio.speech.create(
    model="tts-1-hd",
    voice="nova",
    input=text,
    response_format="mp3",
    speed=1.0,
)
with (folder / "speech.mp3").open("wb") as f:
    f.write(response.content)

long_text = " ".join(f"This is sentence number {n} of a long text." for n in range(1, 13))
with client.audio.speech.with_streaming_response.create(
    model="tts-1-hd", voice="nova", input=long_text, response_format="mp3"
) as streamed:
    streamed.stream_to_file(folder / "long.mp3")

for _ in range(2):
    again = client.audio.speech.with_raw_response.create(
        model="tts-1-hd", voice="nova", input=text, response_format="mp3", speed=1.0
    )
    assert again.headers["x-voxpress-cache"] == "hit"
    assert again.content == response.content

for format in ("opus", "aac", "flac", "wav", "pcm"):
    answer = client.audio.speech.create(
        model="gpt-4o-mini-tts",
        voice="coral",
        input=text,
        instructions="Speak cheerfully.",
        response_format=format,
    )
    (folder / f"speech.{format}").write_bytes(answer.content)


async def in_the_background() -> bytes:
    async with openai.AsyncOpenAI(api_key=key, base_url=url) as asynchronous:
        answer = await asynchronous.audio.speech.create(
            model="tts-1", voice="nova", input=text, response_format="wav", speed=0.5
        )
        return bytes(answer.content)


(folder / "slow.wav").write_bytes(asyncio.run(in_the_background()))
assert "tts-1" in [model.id for model in client.models.list()]
assert client.models.retrieve("tts-1-hd").object == "model"

refused: openai.BadRequestError | None = None
try:
    client.audio.speech.create(model="tts-1", voice="nova", input="Hello.", speed=9)
except openai.BadRequestError as error:
    refused = error
assert refused is not None
assert refused.request_id
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
