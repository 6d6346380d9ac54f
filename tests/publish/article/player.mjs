// The player of articles in Chromium: node player.mjs FOLDER FIGURES. FOLDER holds what test_player.py has made.
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import puppeteer from "puppeteer-core";

const [folder, figures] = process.argv.slice(2);
const TYPES = { html: "text/html", js: "text/javascript", css: "text/css", mp3: "audio/mpeg", vtt: "text/vtt" };
// As strict as a site can be: nothing inline, nothing from elsewhere.
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; media-src 'self'; img-src 'self'";
const axe = readFileSync("node_modules/axe-core/axe.min.js", "utf8");

const server = createServer((request, response) => {
  const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
  let data;
  try {
    if (!statSync(folder + path).isFile()) throw new Error("no file");
    data = readFileSync(folder + path);
  } catch {
    response.writeHead(404).end();
    return;
  }
  const headers = { "content-type": `${TYPES[path.split(".").pop()]}; charset=utf-8`, "accept-ranges": "bytes" };
  headers["content-security-policy"] = POLICY;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  if (range) {
    const [from, to] = [Number(range[1]), range[2] ? Number(range[2]) : data.length - 1];
    headers["content-range"] = `bytes ${from}-${to}/${data.length}`;
    response.writeHead(206, headers).end(data.subarray(from, to + 1));
  } else response.writeHead(200, headers).end(data);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${server.address().port}`;

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"],
});
const told = { axe: 0, rules: 0, drift: 0, tabs: 0, tests: [], failed: [] };
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function open(path, { script = true, scheme = "light", width = 900, motion = "no-preference", before, fresh = true } = {}) {
  const context = fresh ? await browser.createBrowserContext() : browser.defaultBrowserContext();
  const page = await context.newPage();
  page.problems = [];
  page.on("console", (message) => message.type() === "error" && page.problems.push(message.text()));
  page.on("pageerror", (error) => page.problems.push(error.message));
  page.on("dialog", (dialog) => {
    page.problems.push(`dialog ${dialog.message()}`);
    dialog.dismiss();
  });
  // The browser's own controls have pictures in data: addresses.
  page.on("request", (request) => /^data:/.test(request.url()) || request.url().startsWith(base) || page.problems.push(`request to ${request.url()}`));
  await page.setJavaScriptEnabled(script);
  await page.setViewport({ width, height: 700 });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: scheme },
    { name: "prefers-reduced-motion", value: motion },
  ]);
  if (before) await page.evaluateOnNewDocument(before);
  await page.goto(base + path);
  if (script) await page.waitForFunction(() => [...document.querySelectorAll("audio")].every((each) => each.readyState > 0 || each.networkState === 3));
  return page;
}

const state = (page) =>
  page.evaluate(() => {
    const audio = document.querySelector("audio");
    const now = [...document.querySelectorAll("[data-begin].voxpress-now")].map((each) => each.textContent);
    const text = [...document.querySelectorAll("[data-voxpress].voxpress-now")].map((each) => each.textContent).join("");
    return { at: audio.currentTime, paused: audio.paused, rate: audio.playbackRate, pitch: audio.preservesPitch, now, text,
             muted: audio.muted, volume: audio.volume };
  });
const seek = (page, seconds) =>
  page.evaluate(async (at) => {
    const audio = document.querySelector("audio");
    const sought = new Promise((resolve) => audio.addEventListener("seeked", resolve, { once: true }));
    audio.currentTime = at;
    await sought;
    await new Promise(requestAnimationFrame);
  }, seconds);
const sentences = (page) =>
  page.$$eval("voxpress-player:first-of-type [data-begin]", (all) =>
    all.map((each) => ({ begin: Number(each.dataset.begin), end: Number(each.dataset.end), text: each.textContent })));
const squeeze = (text) => text.replace(/[^\p{L}\p{N}]/gu, "");

async function test(name, run) {
  try {
    await run();
    told.tests.push(name);
  } catch (error) {
    told.failed.push(name);
    console.error(`${name}: ${error.stack}`);
  }
}

async function scan(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations", "passes"] }));
  told.axe += found.violations.length;
  told.rules = Math.max(told.rules, found.passes.length);
  const shown = found.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" ")}`);
  assert.deepEqual(shown, []);
}

for (const path of process.env.QUICK ? [] : ["/hello.html", "/arabic.html", "/german.html", "/two.html", "/inserted/page.html"]) {
  for (const look of [{}, { scheme: "dark" }, { width: 320 }, { script: false }]) {
    await test(`axe ${path} ${JSON.stringify(look)}`, async () => {
      // axe runs in the page, whose policy allows no script of another: without a script of the page's own, too.
      const page = await open(path, look);
      await page.setBypassCSP(true);
      await page.reload();
      if (look.script !== false) {
        await page.evaluate(() => {
          for (const each of document.querySelectorAll("details")) each.open = true;
          document.querySelector("audio").currentTime = 2;
        });
        await wait(300);
      }
      await page.setJavaScriptEnabled(true);
      await scan(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert(wide <= 0, `the page is ${wide} pixels too wide`);
      await page.browserContext().close();
    });
  }
}

await test("without a script it is an audio element with controls", async () => {
  const page = await open("/hello.html", { script: false });
  await page.setJavaScriptEnabled(true);
  const seen = await page.evaluate(async () => {
    const audio = document.querySelector("audio");
    const track = audio.querySelector("track").track;
    track.mode = "showing";
    await new Promise((resolve) => (track.cues?.length ? resolve() : setTimeout(resolve, 1000)));
    return { controls: audio.controls, height: audio.getBoundingClientRect().height, cues: [...track.cues].map((cue) => cue.id),
             shown: getComputedStyle(document.querySelector(".voxpress-controls")).display,
             ids: [...document.querySelectorAll("[data-voxpress][id]")].map((each) => each.id),
             stamps: [...document.querySelectorAll(".voxpress-time")].map((each) => each.href) };
  });
  assert(seen.controls && seen.height > 30 && seen.shown === "none", JSON.stringify(seen));
  assert.deepEqual(seen.cues.filter((id) => seen.ids.includes(id)), seen.ids);
  assert(seen.ids.length > 5 && seen.stamps.every((each) => /\.mp3\?v=\w+#t=[\d.]+$/.test(each)));
});

await test("the sentence that is heard is highlighted, in the text and in the transcript", async () => {
  const page = await open("/hello.html");
  for (const each of await sentences(page)) {
    await seek(page, (each.begin + each.end) / 2);
    const seen = await state(page);
    assert.deepEqual(seen.now, [each.text]);
    if (seen.text) assert.equal(squeeze(seen.text), squeeze(each.text));
  }
  assert.deepEqual(page.problems, []);
});

await test("highlighting follows the audio as it plays, at three times the speed, with the pitch kept", async () => {
  const page = await open("/hello.html");
  const known = await sentences(page);
  await page.select('[data-do="rate"]', "3");
  await page.click('[data-do="play"]');
  let seen = 0;
  for (let time = 0; time < 40; time += 1) {
    await wait(80);
    const now = await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => {
      const audio = document.querySelector("audio");
      resolve({ at: audio.currentTime, ended: audio.ended, rate: audio.playbackRate, pitch: audio.preservesPitch,
                now: document.querySelector("[data-begin].voxpress-now")?.textContent });
    }))));
    if (now.ended) break;
    assert(now.rate === 3 && now.pitch === true);
    // Two frames at three times the speed are a tenth of a second.
    const near = [now.at - 0.15, now.at].map((at) => known.findLast((each) => each.begin <= at + 0.005)?.text);
    assert(near.includes(now.now), `${now.at}: ${now.now}, not ${near}`);
    const due = known.find((each) => each.text === now.now)?.begin ?? 0;
    told.drift = Math.max(told.drift, due - now.at);
    seen += 1;
  }
  assert(seen > 10, `only ${seen} looks`);
});

await test("words are highlighted where somebody wants it", async () => {
  const page = await open("/hello.html");
  const word = () => page.evaluate(() => [...CSS.highlights.get("voxpress-word")].map(String));
  await seek(page, (await sentences(page))[1].begin + 0.05);
  assert.deepEqual(await word(), []);
  await page.click('[data-option="words"]');
  assert.deepEqual([...new Set(await word())], ["This"]);
  const all = await page.$$eval("[data-words]", (each) => each[1].dataset.words.split(" ").map((word) => Number(word.split(",")[2])));
  const heard = [];
  for (const begin of all) {
    await seek(page, begin + 0.02);
    heard.push((await word())[0]);
  }
  assert.deepEqual(heard, ["This", "is", "the", "first", "sentence"]);
});

await test("a click on a sentence plays it, and a click on a link in it does not", async () => {
  const page = await open("/hello.html");
  const known = await sentences(page);
  const number = known.findIndex((each) => each.text.startsWith("A second paragraph"));
  await page.click(`[data-voxpress$="-${number + 1}"]`);
  await wait(150);
  let seen = await state(page);
  assert(!seen.paused && seen.at >= known[number].begin - 0.01 && seen.at < known[number].begin + 0.6, JSON.stringify(seen));
  await page.evaluate(() => document.querySelector("audio").pause());
  await page.evaluate(() => document.querySelector("article a[href^='#']").addEventListener("click", () => (window.clicked = true)));
  await page.click("article a[href^='#'] [data-voxpress]");
  await wait(100);
  seen = await state(page);
  assert(seen.paused && (await page.evaluate(() => window.clicked)));
  await page.click('[data-option="click"]');
  await page.click(`[data-voxpress$="-1"]`);
  await wait(100);
  assert((await state(page)).paused, "somebody has switched it off");
});

await test("everything can be reached and used with the keyboard", async () => {
  const page = await open("/hello.html");
  const walk = [];
  for (let time = 0; time < 60; time += 1) {
    await page.keyboard.press("Tab");
    const seen = await page.evaluate(() => {
      const each = document.activeElement;
      const style = getComputedStyle(each);
      return each === document.body ? null : { name: each.dataset.do ?? each.dataset.option ?? each.dataset.voxpress ?? each.tagName,
        ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
    });
    if (!seen) break;
    assert(seen.ring, `${seen.name} has no visible focus`);
    walk.push(seen.name);
  }
  told.tabs = walk.length;
  const wanted = ["previous", "back", "play", "ahead", "next", "rate", "mute", "volume", "seek", "words", "click", "SUMMARY", "SUMMARY"];
  assert.deepEqual(walk.slice(0, wanted.length), wanted);
  assert.equal(walk.filter((each) => each.startsWith("vp-")).length, 1, "one stop in the text");
  await page.focus('[data-do="play"]');
  await page.keyboard.press("Space");
  await wait(100);
  assert(!(await state(page)).paused);
  await page.keyboard.press("k");
  assert((await state(page)).paused);
  const known = await sentences(page);
  await seek(page, known[2].begin + 0.1);
  const press = async (key) => {
    await page.keyboard.press(key);
    await wait(60);
    return state(page);
  };
  assert(Math.abs((await press("n")).at - known[3].begin) < 0.01);
  assert(Math.abs((await press("p")).at - known[2].begin) < 0.01);
  await seek(page, known[2].end - 0.01);
  const back = (await press("p")).at;
  assert(Math.abs(back - (known[2].end - known[2].begin > 1.51 ? known[2] : known[1]).begin) < 0.01);
  await seek(page, 1);
  assert(Math.abs((await press("l")).at - 16) < 0.01);
  assert(Math.abs((await press("j")).at - 1) < 0.01);
  assert.equal((await press("j")).at, 0);
  assert.equal((await press(">")).rate, 1.25);
  assert.equal((await press("<")).rate, 1);
  assert.equal((await press("<")).rate, 0.75);
  assert((await press("m")).muted);
  assert(!(await press("m")).muted);
  await page.keyboard.down("Control");
  await page.keyboard.press("k");
  await page.keyboard.up("Control");
  assert((await state(page)).paused, "a key with Ctrl is the browser's");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("k");
  await wait(60);
  assert((await state(page)).paused, "outside the player, keys belong to the page and to screen readers");
});

await test("in the text, arrows go from sentence to sentence and Enter plays one", async () => {
  for (const [path, onwards] of [["/hello.html", "ArrowRight"], ["/arabic.html", "ArrowLeft"]]) {
    const page = await open(path);
    const known = await sentences(page);
    await page.focus('[data-voxpress][tabindex="0"]');
    await page.keyboard.press(onwards);
    await page.keyboard.press(onwards);
    const id = await page.evaluate(() => document.activeElement.dataset.voxpress);
    assert(id.endsWith("-3"), id);
    await page.keyboard.press("Enter");
    await wait(120);
    const seen = await state(page);
    assert(!seen.paused && Math.abs(seen.at - known[2].begin) < 0.5, JSON.stringify(seen));
    assert.equal(await page.$$eval("[tabindex='0'][data-voxpress]", (all) => all.length), 1);
    await page.browserContext().close();
  }
});

await test("position and speed are remembered, and forgotten where the browser does not allow it", async () => {
  const page = await open("/hello.html", { fresh: false });
  await page.select('[data-do="rate"]', "1.5");
  await seek(page, 7);
  await page.goto("about:blank");
  const again = await open("/hello.html", { fresh: false });
  await wait(200);
  const seen = await state(again);
  assert(Math.abs(seen.at - 7) < 0.01 && seen.rate === 1.5 && seen.paused, JSON.stringify(seen));
  const forbidden = await open("/hello.html", {
    before: () => Object.defineProperty(window, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } }),
  });
  await forbidden.click('[data-do="play"]');
  await wait(150);
  assert(!(await state(forbidden)).paused);
  assert.deepEqual(forbidden.problems, []);
});

await test("of several players one plays, each knows its own text, and all ids differ", async () => {
  const page = await open("/two.html");
  const plays = () => page.$$eval("audio", (all) => all.map((each) => !each.paused));
  const buttons = await page.$$('[data-do="play"]');
  await buttons[0].click();
  await wait(100);
  assert.deepEqual(await plays(), [true, false]);
  await buttons[1].click();
  await wait(100);
  assert.deepEqual(await plays(), [false, true]);
  const ids = await page.$$eval("[id]", (all) => all.map((each) => each.id));
  assert.equal(new Set(ids).size, ids.length);
  const owners = await page.$$eval("article", (all) => all.map((each) => new Set([...each.querySelectorAll("[data-voxpress]")].map((one) => one.dataset.voxpress.slice(0, 9))).size));
  assert.deepEqual(owners, [1, 1]);
});

await test("a page that voxpress did not mark is marked as it is opened, whatever the site did to its signs", async () => {
  const page = await open("/two.html");
  const seen = await page.evaluate(() => {
    const player = document.querySelector("voxpress-player");
    return [...player.querySelectorAll("[data-begin]")].map((each, number) =>
      [each.dataset.page ?? each.textContent, [...document.querySelectorAll(`[data-voxpress="${player.dataset.key}-${number + 1}"]`)].map((one) => one.textContent).join("")]);
  });
  for (const [read, shown] of seen) assert.equal(squeeze(shown), squeeze(read));
  // The number of a list item is heard, and not written in the page.
  const item = (await sentences(page)).find((each) => each.text === "7. First thing");
  await page.click('[data-option="words"]');
  const heard = [];
  for (let at = item.begin; at < item.end; at += 0.1) {
    await seek(page, at);
    heard.push(...(await page.evaluate(() => [...CSS.highlights.get("voxpress-word")].map(String))));
  }
  assert.deepEqual([...new Set(heard)], ["First", "thing"]);
  assert.deepEqual(page.problems, []);
});

await test("who has scrolled away stays there, and nothing glides for those who do not like it", async () => {
  for (const [motion, behavior] of [["no-preference", "smooth"], ["reduce", "auto"]]) {
    const page = await open("/long.html", { motion, before: () => {
      window.scrolls = [];
      Element.prototype.scrollIntoView = function scroll(how) { window.scrolls.push(how.behavior); };
    } });
    const known = await sentences(page);
    await page.evaluate(() => document.querySelector("audio").play());
    await seek(page, known[0].begin + 0.1);
    await seek(page, known.at(-1).begin + 0.1);
    assert.deepEqual(await page.evaluate(() => window.scrolls), [behavior]);
    await page.evaluate(() => scrollTo(0, 0));
    await seek(page, known.at(-2).begin + 0.05);
    assert.deepEqual(await page.evaluate(() => window.scrolls), [behavior]);
    await page.browserContext().close();
  }
});

await test("the player is not printed", async () => {
  const page = await open("/hello.html");
  await page.emulateMediaType("print");
  assert.equal(await page.$eval("voxpress-player", (each) => getComputedStyle(each).display), "none");
  assert.notEqual(await page.$eval("h1", (each) => getComputedStyle(each).display), "none");
});

await test("the operating system is told what plays", async () => {
  const page = await open("/hello.html");
  await page.click('[data-do="play"]');
  await wait(100);
  assert.equal(await page.evaluate(() => navigator.mediaSession.metadata.title), "Hello world");
});

await test("audio that is not there is said to be missing", async () => {
  const page = await open("/missing.html");
  await page.waitForFunction(() => document.querySelector('[role="status"]').textContent);
  assert.equal(await page.$eval('[role="status"]', (each) => each.textContent), "The audio cannot be played.");
});

await test("nothing in a hostile page runs", async () => {
  for (const path of ["/hostile.html", "/hostile-html.html", "/hostile-embed.html"]) {
    const page = await open(path);
    await wait(200);
    assert.equal(await page.evaluate(() => window.attacked), undefined);
    const left = await page.evaluate(() => [...document.querySelectorAll("*")].flatMap((each) => [...each.attributes])
      .filter((each) => /^on|^style$|^srcdoc$/.test(each.name) || /^\s*(javascript|data|vbscript):/i.test(each.value)).map((each) => each.value));
    assert.deepEqual(left, []);
    assert.equal(await page.$$eval("script, iframe, object, embed, form, base, meta[http-equiv='refresh']", (all) => all.length), 1);
    // The picture of a harmless <img src=x> is not there.
    assert.deepEqual(page.problems.filter((each) => !each.includes("404")), []);
    await page.browserContext().close();
  }
});

await browser.close();
server.close();
writeFileSync(figures, JSON.stringify(told));
process.exitCode = told.failed.length ? 1 : 0;
