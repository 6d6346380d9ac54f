// Speech with Vercel's AI SDK: node ai_sdk.mjs URL KEY FOLDER
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, experimental_generateSpeech as generateSpeech } from "ai";

globalThis.AI_SDK_LOG_WARNINGS = false;
const [baseURL, apiKey, folder] = process.argv.slice(2);
const openai = createOpenAI({ baseURL, apiKey });
const text = "Please hold the line, an agent will be with you shortly.";
const media = { mp3: "audio/mpeg", wav: "audio/wav", flac: "audio/flac", opus: "audio/ogg" };

for (const format of ["mp3", "opus", "aac", "flac", "wav", "pcm"]) {
  const { audio, warnings } = await generateSpeech({
    model: openai.speech("gpt-4o-mini-tts"),
    text,
    voice: "nova",
    outputFormat: format,
    speed: 1,
    instructions: "Speak slowly.",
    maxRetries: 0,
  });
  assert.deepEqual(warnings, []);
  if (format in media) assert.equal(audio.mediaType, media[format]); // it looks into the file, and takes AAC for MP3
  writeFileSync(`${folder}/speech.${format}`, audio.uint8Array);
}

// The voice is the SDK's default, and a language is not sent.
const { audio, warnings } = await generateSpeech({ model: openai.speech("tts-1"), text, speed: 0.5, language: "en", maxRetries: 0 });
assert.deepEqual(warnings.map((warning) => warning.feature), ["language"]);
writeFileSync(`${folder}/slow.mp3`, audio.uint8Array);

const failing = { model: openai.speech("tts-1"), text, speed: 9, maxRetries: 0 };
await assert.rejects(generateSpeech(failing), (error) => {
  assert(APICallError.isInstance(error), String(error));
  assert.equal(error.statusCode, 400);
  assert.equal(error.isRetryable, false);
  assert.match(error.message, /speed/);
  return true;
});

const home = new URL("./node_modules/ai/package.json", `file://${process.cwd()}/`);
console.log(JSON.parse(readFileSync(home)).version);
