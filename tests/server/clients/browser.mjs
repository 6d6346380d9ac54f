// A page on an origin of its own speaks through the server, in Chromium: node browser.mjs URL KEY FOLDER PORT
// The server allows http://localhost:PORT, where the page is; http://127.0.0.1:PORT is the same page, and not allowed.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import puppeteer from "puppeteer-core";

const [url, key, folder, port] = process.argv.slice(2);
const types = { html: "text/html", mjs: "text/javascript" };

// OpenAI's client as modules, as it lies in node_modules.
const site = createServer((request, response) => {
  const path = new URL(request.url, "http://localhost").pathname;
  try {
    const body = path === "/" ? "<!doctype html><title>Page</title>" : readFileSync(`node_modules${path}`);
    response.writeHead(200, { "content-type": types[path === "/" ? "html" : path.split(".").pop()] });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => site.listen(Number(port), "127.0.0.1", resolve));

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
});
const version = (await browser.version()).split("/")[1];

async function open(host) {
  const page = await browser.newPage();
  await page.goto(`http://${host}:${port}/`);
  await page.evaluate(
    (base, token) => {
      // What a page can see of an answer: nothing at all, unless the server allows its origin.
      window.ask = async (path, fields, headers = {}, method = "POST") => {
        const body = fields === undefined || typeof fields === "string" ? fields : JSON.stringify(fields);
        const given = { authorization: `Bearer ${token}`, ...headers };
        if (typeof fields === "object") given["content-type"] = "application/json";
        try {
          const answer = await fetch(base + path, { method, headers: given, body });
          return { status: answer.status, headers: Object.fromEntries(answer.headers), data: await answer.arrayBuffer() };
        } catch (error) {
          return { status: 0, headers: {}, data: new ArrayBuffer(0), failed: String(error) };
        }
      };
      window.json = (answer) => {
        try {
          return JSON.parse(new TextDecoder().decode(answer.data));
        } catch {
          return null;
        }
      };
      window.decoded = async (data) =>
        (await new OfflineAudioContext(1, 1, 24000).decodeAudioData(data.slice(0))).duration;
    },
    url,
    key,
  );
  return page;
}

const page = await open("localhost");
const text = "Please hold the line, an agent will be with you shortly.";
const say = { model: "tts-1", voice: "nova", input: text };

// A request that no other client makes, three times: spoken, from the store, and from the store without being read again.
const unheard = { ...say, input: "Please hold the line, says the page on another origin." };
const three = await page.evaluate(async (body) => {
  const seen = [];
  for (let time = 0; time < 3; time += 1) {
    const answer = await ask("/audio/speech", body);
    const { status, headers, failed } = answer;
    seen.push({ status, failed, cache: headers["x-voxpress-cache"], type: headers["content-type"], id: headers["x-request-id"],
                etag: headers.etag, duration: status === 200 ? await decoded(answer.data) : 0 });
  }
  return seen;
}, unheard);
console.error("three times", JSON.stringify(three));
assert.deepEqual(three.map((each) => each.status), [200, 200, 200]);
assert.deepEqual(three.map((each) => each.cache), ["miss", "hit", "hit"]);
for (const each of three) {
  assert.equal(each.type, "audio/mpeg");
  assert(each.id, "x-request-id is not exposed");
  assert(Math.abs(each.duration - three[0].duration) < 0.001 && each.duration > 2.5 && each.duration < 4);
}

// Every format that browsers know: decoded at once, and as a player shows its length.
const formats = await page.evaluate(async (body) => {
  const seen = {};
  for (const format of ["mp3", "opus", "aac", "flac", "wav"]) {
    const answer = await ask("/audio/speech", { ...body, response_format: format });
    const player = new Audio(URL.createObjectURL(new Blob([answer.data], { type: answer.headers["content-type"] })));
    const shown = await new Promise((resolve) => {
      player.onloadedmetadata = () => resolve(player.duration);
      player.onerror = () => resolve(player.error.message);
    });
    seen[format] = [await decoded(answer.data).catch(String), shown];
  }
  return seen;
}, say);
console.error("formats", JSON.stringify(formats));
for (const duration of Object.values(formats).flat()) assert(duration > 3 && duration < 3.3);

// Played to its end, as a player does it.
const played = await page.evaluate(async () => {
  const answer = await ask("/audio/speech", { model: "tts-1", voice: "nova", input: "Hello there." });
  const player = new Audio(URL.createObjectURL(new Blob([answer.data], { type: answer.headers["content-type"] })));
  return new Promise((resolve) => {
    player.onended = () => resolve({ duration: player.duration, at: player.currentTime });
    player.onerror = () => resolve({ error: player.error.message });
    player.play();
  });
});
console.error("played", JSON.stringify(played));
assert(played.at > 0.5 && played.duration < 1, JSON.stringify(played));

// A long text, read while it comes.
const streamed = await page.evaluate(
  async (base, token, input) => {
    const answer = await fetch(`${base}/audio/speech`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "tts-1", voice: "nova", input }),
    });
    const parts = [];
    for (const reader = answer.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
    }
    const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
    return { status: answer.status, duration: await decoded(whole.buffer), bytes: [...whole] };
  },
  url,
  key,
  Array.from({ length: 12 }, (_, n) => `This is sentence number ${n + 1} of a long text.`).join(" "),
);
assert.equal(streamed.status, 200);
writeFileSync(`${folder}/long.mp3`, Buffer.from(streamed.bytes));

// Errors are answers that the page can read, not a failure of the network.
const refused = await page.evaluate(
  async (body, etag) => {
    const look = (answer) => ({ status: answer.status, failed: answer.failed, error: json(answer)?.error ?? null });
    return {
      voice: look(await ask("/audio/speech", { ...body, speed: 9 })),
      key: look(await ask("/audio/speech", body, { authorization: "Bearer wrong" })),
      type: look(await ask("/audio/speech", JSON.stringify(body), { "content-type": "text/plain" })),
      large: look(await ask("/audio/speech", { ...body, input: "word ".repeat(200_000) })),
      route: look(await ask("/nothing", body)),
      unchanged: look(await ask("/audio/speech", body, { "if-none-match": etag })),
    };
  },
  unheard,
  three[0].etag,
);
console.error("refused", JSON.stringify(refused));
const statuses = Object.fromEntries(Object.entries(refused).map(([name, each]) => [name, each.status]));
assert.deepEqual(statuses, { voice: 400, key: 401, type: 415, large: 413, route: 404, unchanged: 304 });
for (const name of ["voice", "key", "type", "large", "route"]) assert(refused[name].error.message, name);

// Lists, which pages fill their menus with.
const lists = await page.evaluate(async () => [
  json(await ask("/models", undefined, {}, "GET")),
  json(await ask("/audio/voices", undefined, {}, "GET")),
]);
assert(lists[0].data.some((model) => model.id === "tts-1"));
assert(lists[1].voices.every((voice) => voice.id && voice.name));

// OpenAI's own client in the page; it sends a dozen headers that the preflight has to allow.
const official = await page.evaluate(
  async (baseURL, apiKey, body) => {
    const { default: OpenAI } = await import("/openai/index.mjs");
    const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, dangerouslyAllowBrowser: true });
    const models = (await client.models.list()).data.map((model) => model.id);
    const duration = await decoded(await (await client.audio.speech.create(body)).arrayBuffer());
    const error = await client.audio.speech.create({ ...body, speed: 9 }).catch((raised) => raised);
    return { models, duration, status: error.status, param: error.param, id: error.requestID };
  },
  url,
  key,
  say,
);
console.error("official", JSON.stringify(official));
assert(official.models.includes("tts-1"));
assert(official.duration > 3 && official.duration < 3.3);
assert.deepEqual([official.status, official.param], [400, "speed"]);
assert(official.id, "x-request-id is not exposed");

// Another origin gets nothing.
const stranger = await open("127.0.0.1");
const nothing = await stranger.evaluate(async (body) => (await ask("/audio/speech", body)).status, say);
assert.equal(nothing, 0);

await browser.close();
site.close();
console.log(version);
