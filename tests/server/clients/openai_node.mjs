// What an application does with OpenAI's client for JavaScript: node openai_node.mjs URL KEY FOLDER
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import OpenAI, { AuthenticationError, BadRequestError, NotFoundError, toFile } from "openai";

globalThis.File ??= (await import("node:buffer")).File; // Node 18 has it only there
const [url, key, folder] = process.argv.slice(2);
const client = new OpenAI({ baseURL: url, apiKey: key, maxRetries: 0 });
const text = "Please hold the line, an agent will be with you shortly.";
const long = Array.from({ length: 12 }, (_, n) => `This is sentence number ${n + 1} of a long text.`).join(" ");

assert((await client.models.list()).data.some((model) => model.id === "tts-1"));
assert.equal((await client.models.retrieve("gpt-4o-mini-tts")).object, "model");

for (const format of ["mp3", "opus", "aac", "flac", "wav", "pcm"]) {
  const answer = await client.audio.speech.create({
    model: "gpt-4o-mini-tts",
    voice: "coral",
    input: text,
    instructions: "Speak in a cheerful tone.",
    response_format: format,
    speed: 1,
  });
  writeFileSync(`${folder}/speech.${format}`, Buffer.from(await answer.arrayBuffer()));
}

// The same request three times: spoken, from the store, and from the store without being read again.
const caches = [];
for (let time = 0; time < 3; time += 1) {
  const answer = await client.audio.speech.create({ model: "tts-1", voice: "nova", input: "Three times." });
  caches.push(answer.headers.get("x-voxpress-cache"));
  assert((await answer.blob()).size > 0);
}
assert.deepEqual(caches, ["miss", "hit", "hit"]);

const streamed = await client.audio.speech.create({ model: "tts-1-hd", voice: "alloy", input: long });
const parts = [];
for await (const part of streamed.body) parts.push(part);
writeFileSync(`${folder}/long.mp3`, Buffer.concat(parts));

const events = await client.audio.speech.create({
  model: "gpt-4o-mini-tts",
  voice: "alloy",
  input: long,
  response_format: "wav",
  stream_format: "sse",
});
const told = (await events.text()).split("\n").filter((line) => line.startsWith("data: "));
const last = JSON.parse(told.at(-1).slice(6));
assert.equal(last.type, "speech.audio.done");
assert(last.usage.total_tokens > 0);
const audio = told.slice(0, -1).map((line) => Buffer.from(JSON.parse(line.slice(6)).audio, "base64"));
writeFileSync(`${folder}/long.wav`, Buffer.concat(audio));

await assert.rejects(client.audio.speech.create({ model: "tts-1", voice: "nova", input: text, speed: 9 }), (error) => {
  assert(error instanceof BadRequestError);
  assert.deepEqual([error.code, error.param, error.type], ["invalid_value", "speed", "invalid_request_error"]);
  return Boolean(error.requestID);
});
await assert.rejects(client.audio.speech.create({ model: "nothing", voice: "nova", input: text }), NotFoundError);
await assert.rejects(new OpenAI({ baseURL: url, apiKey: "wrong", maxRetries: 0 }).models.list(), AuthenticationError);

const line = { custom_id: "a", method: "POST", url: "/v1/audio/speech", body: { model: "tts-1", voice: "nova", input: "One." } };
const file = await client.files.create({ file: await toFile(Buffer.from(JSON.stringify(line)), "in.jsonl"), purpose: "batch" });
let batch = await client.batches.create({ input_file_id: file.id, endpoint: "/v1/audio/speech", completion_window: "24h" });
while (["validating", "in_progress", "finalizing"].includes(batch.status)) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  batch = await client.batches.retrieve(batch.id);
}
assert.equal(batch.status, "completed");
const written = JSON.parse((await (await client.files.content(batch.output_file_id)).text()).trim());
assert.equal(written.custom_id, "a");
assert.equal(written.response.status_code, 200);

const home = new URL("./node_modules/openai/package.json", `file://${process.cwd()}/`);
console.log(JSON.parse(readFileSync(home)).version);
