"use strict";

const state = document.getElementById("state");
const chapters = document.getElementById("chapters");
const template = document.getElementById("sentence");
let left = 0;

function tell() {
  state.textContent = left ? `${left} ${left === 1 ? "sentence is" : "sentences are"} left.` : "Nothing is doubtful.";
}

function strip(markup) {
  return new DOMParser().parseFromString(`<p>${markup}</p>`, "text/html").body.textContent;
}

/* Where a word stands in a text; -1 where it is only a part of others. */
function findWord(text, word) {
  const letter = /[\p{L}\p{N}]/u;
  const [where, what] = [text.toLowerCase(), word.toLowerCase()];
  for (let at = where.indexOf(what); at >= 0; at = where.indexOf(what, at + 1)) {
    if (!letter.test(where[at - 1] ?? "") && !letter.test(where[at + what.length] ?? "")) return at;
  }
  return -1;
}

/* Words that were not heard are marked in the sentence. */
function showText(place, sentence) {
  place.replaceChildren();
  let rest = strip(sentence.text);
  for (const [asked] of sentence.differences) {
    const at = asked ? findWord(rest, asked) : -1;
    if (at < 0) continue;
    const word = document.createElement("mark");
    word.textContent = rest.slice(at, at + asked.length);
    place.append(rest.slice(0, at), word);
    rest = rest.slice(at + asked.length);
  }
  place.append(rest);
}

function show(item, sentence) {
  item.dataset.text = sentence.text;
  showText(item.querySelector(".text"), sentence);
  item.querySelector(".heard").textContent = `Heard: ${sentence.heard || "nothing"}`;
  item.querySelector("audio").src = `takes/${sentence.take}`;
  const missed = item.querySelector("mark");
  item.querySelector("[name=written]").value = missed ? missed.textContent : "";
}

async function decide(item, action, more = {}) {
  const problem = item.querySelector(".problem");
  const inputs = item.querySelectorAll("button, input");
  problem.textContent = "";
  inputs.forEach((each) => { each.disabled = true; });
  try {
    const answer = await fetch(action, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text: item.dataset.text, ...more }),
    });
    const outcome = await answer.json();
    if (!answer.ok || outcome.problem) {
      problem.textContent = outcome.problem || outcome.detail || "That did not work.";
    } else if (outcome.sentence) {
      show(item, outcome.sentence);
      problem.textContent = "It is still heard otherwise. Listen.";
      item.querySelector("audio").play().catch(() => {});
    } else {
      finish(item, action);
      return;
    }
  } catch {
    problem.textContent = "voxpress does not answer. Is the command still running?";
  }
  inputs.forEach((each) => { each.disabled = false; });
}

function finish(item, action) {
  left -= 1;
  item.classList.add("done");
  item.querySelector(".choices").remove();
  item.querySelector("audio").remove();
  item.querySelector(".heard").textContent = action === "approve" ? "Approved." : "Heard as it is written now.";
  tell();
  const next = chapters.querySelector("li:not(.done) button");
  if (next) next.focus();
}

function add(sentence, list) {
  const item = template.content.firstElementChild.cloneNode(true);
  show(item, sentence);
  item.querySelector(".approve").addEventListener("click", () => decide(item, "approve"));
  item.querySelector(".reread").addEventListener("click", () => decide(item, "reread"));
  item.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = new FormData(event.target);
    decide(item, "respell", { written: fields.get("written"), said: fields.get("said") });
  });
  list.append(item);
}

async function start() {
  try {
    const answer = await fetch("sentences");
    const sentences = await answer.json();
    if (!answer.ok) throw new Error(sentences.detail);
    let list = null;
    let title = null;
    for (const sentence of sentences) {
      if (sentence.chapter !== title) {
        title = sentence.chapter;
        const heading = document.createElement("h2");
        heading.textContent = title;
        list = document.createElement("ol");
        chapters.append(heading, list);
      }
      add(sentence, list);
    }
    left = sentences.length;
    tell();
  } catch (error) {
    state.textContent = `The sentences cannot be listed: ${error.message}`;
  }
}

start();
