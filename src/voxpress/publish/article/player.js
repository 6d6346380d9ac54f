// The player of an article: sentences light up as they are heard, and a click on one plays it. It needs nothing else, and
// asks only for the audio. All words stand in the HTML; without this script that is a plain <audio controls>.
(() => {
  "use strict";
  if (customElements.get("voxpress-player")) return;

  const STEP = 15;
  const RESTART = 1.5; // seconds into a sentence from which "back" means its own start
  const SAVED_EVERY = 5;
  const FAR = 2000; // letters between two sentences from which a short one is not taken for the same text
  const LETTER = /[\p{L}\p{N}]/u;
  const SPACE = /\s/;
  const OWN = "a[href], button, input, select, textarea, summary, label, audio, video, [contenteditable]";
  const owners = new WeakMap(); // of each element of a sentence: its player, and its number there
  const players = new Set();

  // Storage may be full, forbidden or missing: then nothing is remembered.
  const memory = {
    get(name) {
      try {
        return JSON.parse(localStorage.getItem(`voxpress:${name}`));
      } catch {
        return null;
      }
    },
    set(name, value) {
      try {
        localStorage.setItem(`voxpress:${name}`, JSON.stringify(value));
      } catch {
        // as said above
      }
    },
  };

  const clock = (seconds) => {
    const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
    const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const two = (number) => String(number).padStart(2, "0");
    return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
  };

  // The letters and digits of text nodes, each with its place. White space and signs differ between what was read and
  // what a site makes of it; these do not.
  function spell(nodes) {
    const letters = [];
    for (const node of nodes) {
      let at = 0;
      for (const letter of node.data) {
        if (LETTER.test(letter)) letters.push({ letter, node, at, end: at + letter.length });
        at += letter.length;
      }
    }
    return letters;
  }

  function listTexts(root) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT, (node) => {
      if (node.nodeType === Node.TEXT_NODE) return NodeFilter.FILTER_ACCEPT;
      const skipped = node.matches("voxpress-player, script, style, noscript, template, [data-voxpress]");
      return skipped ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_SKIP;
    });
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    return nodes;
  }

  // Finds sentences in a page that voxpress did not mark, and marks them.
  function markSentences(root, sentences, key) {
    const letters = spell(listTexts(root));
    const text = letters.map((each) => each.letter).join("");
    // A letter outside the basic plane has two units in the text, and one place.
    const places = letters.flatMap((each) => Array(each.letter.length).fill(each));
    const pieces = new Map();
    let from = 0;
    sentences.forEach((sentence, number) => {
      const wanted = [...sentence.text].filter((each) => LETTER.test(each)).join("");
      const at = wanted ? text.indexOf(wanted, from) : -1;
      if (at < 0 || (at - from > FAR && wanted.length < 20)) return;
      from = at + wanted.length;
      const mine = new Map();
      for (const { node, at: start, end } of places.slice(at, from)) {
        const piece = mine.get(node);
        if (piece) piece.end = end;
        else mine.set(node, { start, end, number });
      }
      for (const [node, piece] of mine) {
        if (!pieces.has(node)) pieces.set(node, []);
        pieces.get(node).push(piece);
      }
    });
    for (const [node, mine] of pieces) {
      let free = 0;
      for (const piece of mine) {
        const { data } = node;
        while (piece.start > free && !SPACE.test(data[piece.start - 1])) piece.start -= 1;
        while (piece.end < data.length && !SPACE.test(data[piece.end]) && !LETTER.test(data[piece.end])) piece.end += 1;
        free = piece.end;
      }
      for (const piece of mine.reverse()) {
        node.splitText(piece.end);
        const span = document.createElement("span");
        span.dataset.voxpress = `${key}-${piece.number + 1}`;
        const middle = node.splitText(piece.start);
        middle.replaceWith(span);
        span.append(middle);
      }
    }
  }

  class Player extends HTMLElement {
    connectedCallback() {
      if (document.readyState === "loading") {
        document.addEventListener("DOMContentLoaded", () => this.start(), { once: true });
      } else {
        queueMicrotask(() => this.start());
      }
    }

    disconnectedCallback() {
      players.delete(this);
      this.audio?.pause();
    }

    start() {
      this.audio = this.querySelector("audio");
      if (!this.isConnected || !this.audio) return;
      players.add(this);
      if (this.controls) return;
      this.controls = this.querySelector(".voxpress-controls");
      this.current = -1;
      this.saved = 0;
      this.sentences = [...this.querySelectorAll("[data-begin]")].map((element) => ({
        begin: Number(element.dataset.begin),
        end: Number(element.dataset.end),
        // As it stands in the page: without what is read and not written there, such as the number of a list item.
        text: element.dataset.page ?? element.textContent,
        words: element.dataset.words,
        elements: [element],
        pieces: [],
      }));
      this.findSentences();
      this.bind();
      this.recall();
      this.audio.controls = false;
      this.controls.hidden = false;
      this.offerFocus(0);
      this.show();
      // It may have failed before this script came.
      if (this.audio.error || this.audio.networkState === HTMLMediaElement.NETWORK_NO_SOURCE) this.say(this.dataset.error);
    }

    control(name) {
      return this.querySelector(`[data-do="${name}"]`);
    }

    // Where the text of the article is: data-article names it; "none": nowhere.
    findSentences() {
      const { article, key } = this.dataset;
      if (article === "none") return;
      const root = article ? document.querySelector(article) : this.closest("article, main, body");
      if (!root) return;
      const marked = () => root.querySelectorAll(`[data-voxpress^="${CSS.escape(key)}-"]`);
      if (!marked().length) markSentences(root, this.sentences, key);
      for (const element of marked()) {
        const sentence = this.sentences[Number(element.dataset.voxpress.slice(key.length + 1)) - 1];
        if (!sentence) continue;
        sentence.elements.push(element);
        sentence.pieces.push(element);
      }
      this.sentences.forEach((sentence, number) => {
        for (const element of sentence.elements) owners.set(element, [this, number]);
      });
    }

    bind() {
      const { audio } = this;
      audio.preservesPitch = true;
      audio.webkitPreservesPitch = true;
      for (const name of ["timeupdate", "seeked", "durationchange", "ratechange", "volumechange", "ended"]) {
        audio.addEventListener(name, () => this.show());
      }
      audio.addEventListener("play", () => this.begin());
      audio.addEventListener("pause", () => this.save());
      audio.addEventListener("timeupdate", () => Math.abs(audio.currentTime - this.saved) > SAVED_EVERY && this.save());
      audio.addEventListener("loadedmetadata", () => this.resume());
      for (const each of [audio, ...audio.querySelectorAll("source:last-of-type")]) {
        each.addEventListener("error", () => this.say(this.dataset.error));
      }
      addEventListener("pagehide", () => this.save());
      this.addEventListener("click", (event) => {
        const action = event.target.closest("button[data-do]")?.dataset.do;
        if (action) this.act(action);
        const stamp = event.target.closest("a.voxpress-time");
        if (stamp && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
          event.preventDefault();
          this.hear(this.sentences.findIndex((each) => each.elements[0] === stamp.nextElementSibling));
        }
      });
      this.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("select, textarea")) return;
        const action = { k: "play", j: "back", l: "ahead", p: "previous", n: "next", m: "mute", "<": "slower", ">": "faster" };
        const wanted = action[event.key.toLowerCase()];
        if (!wanted) return;
        event.preventDefault();
        this.act(wanted);
      });
      this.control("seek").addEventListener("input", (event) => this.seek(Number(event.target.value)));
      this.control("rate").addEventListener("change", (event) => this.setRate(Number(event.target.value)));
      this.control("volume").addEventListener("input", (event) => {
        audio.volume = Number(event.target.value);
        audio.muted = false;
      });
      audio.addEventListener("volumechange", () => memory.set("volume", audio.volume));
      for (const option of this.querySelectorAll("[data-option]")) {
        option.addEventListener("change", () => {
          memory.set(option.dataset.option, option.checked);
          this.show();
        });
      }
    }

    act(action) {
      const { audio } = this;
      const at = audio.currentTime;
      const { rates } = this;
      const rate = rates.findIndex((each) => each >= audio.playbackRate);
      const actions = {
        play: () => (audio.paused ? this.play() : audio.pause()),
        back: () => this.seek(at - STEP),
        ahead: () => this.seek(at + STEP),
        previous: () => this.step(-1),
        next: () => this.step(1),
        mute: () => (audio.muted = !audio.muted),
        slower: () => this.setRate(rates[Math.max(0, rate - 1)], true),
        faster: () => this.setRate(rates[Math.min(rates.length - 1, rate + 1)], true),
      };
      actions[action]?.();
    }

    play() {
      // A browser that does not allow it, or a file that is not there, shows in the controls.
      this.audio.play().catch(() => this.show());
    }

    seek(seconds) {
      const { audio } = this;
      const end = Number.isFinite(audio.duration) ? audio.duration : Infinity;
      audio.currentTime = Math.min(Math.max(0, seconds), end);
      this.wanted = null;
      this.show();
    }

    step(by) {
      const at = this.audio.currentTime;
      const { sentences } = this;
      const now = this.find(at);
      let number = now + by;
      if (by < 0 && now >= 0 && at - sentences[now].begin > RESTART) number = now;
      if (number >= sentences.length) return;
      this.seek(number < 0 ? 0 : sentences[number].begin);
    }

    hear(number) {
      const sentence = this.sentences[number];
      if (!sentence) return;
      // Where nothing is loaded yet, the place is taken up as soon as it can be.
      if (this.audio.readyState) this.seek(sentence.begin);
      else this.wanted = sentence.begin;
      this.play();
    }

    get rates() {
      return [...this.control("rate").options].map((each) => Number(each.value));
    }

    setRate(rate, aloud = false) {
      this.audio.playbackRate = rate;
      memory.set("rate", rate);
      if (aloud) this.say(`${rate}×`);
    }

    // The sentence that is heard at a time; in the pause after one, still that; -1 before the first.
    find(seconds) {
      let [low, high] = [0, this.sentences.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.sentences[middle].begin <= seconds + 0.005) low = middle + 1;
        else high = middle;
      }
      return low - 1;
    }

    begin() {
      for (const other of players) if (other !== this) other.audio.pause();
      this.describe();
      const tick = () => {
        this.show();
        if (!this.audio.paused) requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    }

    show() {
      const { audio } = this;
      const at = this.wanted ?? audio.currentTime;
      const play = this.control("play");
      const label = audio.paused ? play.dataset.play : play.dataset.pause;
      this.toggleAttribute("data-playing", !audio.paused);
      if (play.getAttribute("aria-label") !== label) {
        play.setAttribute("aria-label", label);
        play.title = label;
      }
      const length = Number.isFinite(audio.duration) ? audio.duration : Number(this.dataset.duration);
      const shown = `${clock(at)} / ${clock(length)}`;
      const seek = this.control("seek");
      if (this.shown !== shown) {
        this.shown = shown;
        this.querySelector(".voxpress-clock").textContent = shown;
        seek.max = length;
        seek.value = at;
        seek.setAttribute("aria-valuetext", shown);
      }
      this.control("rate").value = String(audio.playbackRate);
      this.control("volume").value = audio.muted ? 0 : audio.volume;
      this.control("mute").setAttribute("aria-pressed", String(audio.muted));
      const heard = !audio.paused || at > 0;
      this.highlight(heard && !audio.ended ? this.find(at) : -1);
      this.highlightWord(at);
    }

    highlight(number) {
      if (number === this.current) return;
      const before = this.sentences[this.current];
      const now = this.sentences[number];
      const follows = !this.audio.paused && (!before || isVisible(before.pieces[0]));
      for (const element of before?.elements ?? []) element.classList.remove("voxpress-now");
      for (const element of now?.elements ?? []) element.classList.add("voxpress-now");
      this.current = number;
      if (number >= 0) this.offerFocus(number);
      // Only who watches the text is taken along; who has scrolled away stays there.
      const piece = now?.pieces[0];
      if (follows && before && piece && !isVisible(piece)) {
        const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
        piece.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
      }
    }

    // One sentence of the text can be reached with Tab: the one that is heard. The arrow keys go on from there.
    offerFocus(number, { move = false } = {}) {
      const sentence = this.sentences[number];
      const element = sentence?.pieces[0] ?? sentence?.elements[0];
      if (!element || (!move && owners.get(document.activeElement)?.[0] === this)) return;
      this.stop?.removeAttribute("tabindex");
      this.stop = element;
      element.tabIndex = 0;
      if (move) element.focus();
    }

    highlightWord(at) {
      if (!window.Highlight || !CSS.highlights) return;
      const sentence = this.sentences[this.current];
      const wanted = this.querySelector('[data-option="words"]').checked && sentence && at < sentence.end;
      let place = null;
      for (const word of wanted ? (sentence.words?.split(" ") ?? []) : []) {
        const [first, length, begin] = word.split(",").map(Number);
        if (begin > at + 0.005) break;
        place = [first, length];
      }
      const name = place && `${this.current}:${place}`;
      if (name === this.word) return;
      this.word = name;
      for (const range of this.ranges ?? []) words.delete(range);
      this.ranges = [];
      if (!place) return;
      for (const elements of [sentence.pieces, sentence.elements.slice(0, 1)]) {
        const letters = spell(elements.flatMap((each) => listTextsOf(each)));
        const count = [...sentence.text].filter((each) => LETTER.test(each)).length;
        const first = letters.length - count + place[0];
        const [from, to] = [letters[first], letters[first + place[1] - 1]];
        if (!from || !to) continue;
        const range = new Range();
        range.setStart(from.node, from.at);
        range.setEnd(to.node, to.end);
        words.add(range);
        this.ranges.push(range);
      }
    }

    get place() {
      return `at:${(this.audio.currentSrc || this.audio.querySelector("source")?.src || "").replace(/[?#].*/, "")}`;
    }

    save() {
      const { audio } = this;
      if (!audio.duration || this.wanted) return;
      this.saved = audio.currentTime;
      memory.set(this.place, { at: audio.ended ? 0 : audio.currentTime, of: audio.duration });
    }

    recall() {
      const { audio } = this;
      audio.playbackRate = this.rates.includes(memory.get("rate")) ? memory.get("rate") : 1;
      const volume = memory.get("volume");
      if (typeof volume === "number" && volume >= 0 && volume <= 1) audio.volume = volume;
      for (const option of this.querySelectorAll("[data-option]")) {
        const known = memory.get(option.dataset.option);
        if (typeof known === "boolean") option.checked = known;
      }
      if (audio.readyState) this.resume();
    }

    // Where the visitor was the last time, if the audio is still the same.
    resume() {
      const { audio } = this;
      if (this.wanted != null) return this.seek(this.wanted);
      const known = memory.get(this.place);
      if (!known || !(Math.abs(known.of - audio.duration) < 0.5) || !(known.at > 0)) return undefined;
      return this.seek(known.at);
    }

    describe() {
      if (!("mediaSession" in navigator)) return;
      const { mediaSession } = navigator;
      const { title, artist } = this.dataset;
      mediaSession.metadata = new MediaMetadata({ title, artist, album: document.title });
      const handlers = {
        play: () => this.play(),
        pause: () => this.audio.pause(),
        seekbackward: (asked) => this.seek(this.audio.currentTime - (asked.seekOffset ?? STEP)),
        seekforward: (asked) => this.seek(this.audio.currentTime + (asked.seekOffset ?? STEP)),
        previoustrack: () => this.step(-1),
        nexttrack: () => this.step(1),
        seekto: (asked) => this.seek(asked.seekTime),
      };
      for (const [name, handler] of Object.entries(handlers)) {
        try {
          mediaSession.setActionHandler(name, handler);
        } catch {
          // this browser does not know it
        }
      }
    }

    say(text) {
      this.querySelector('[role="status"]').textContent = text;
    }
  }

  const words = window.Highlight ? new Highlight() : null;
  if (words && CSS.highlights) CSS.highlights.set("voxpress-word", words);

  function listTextsOf(element) {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    return nodes;
  }

  function isVisible(element) {
    if (!element) return false;
    const { top, bottom } = element.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  }

  const ownerOf = (target) => owners.get(target.closest?.("[data-voxpress], [data-begin]")) ?? [];

  document.addEventListener("click", (event) => {
    const [player, number] = ownerOf(event.target);
    if (!player || event.defaultPrevented || event.button || event.target.closest(OWN)) return;
    if (!getSelection().isCollapsed || !player.querySelector('[data-option="click"]').checked) return;
    player.hear(number);
  });

  document.addEventListener("keydown", (event) => {
    const [player, number] = owners.get(event.target) ?? [];
    if (!player || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const onwards = getComputedStyle(event.target).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    if (event.key === "Enter") player.hear(number);
    else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      player.offerFocus(number + (event.key === onwards ? 1 : -1), { move: true });
    } else return;
    event.preventDefault();
  });

  customElements.define("voxpress-player", Player);
})();
