// The page: search as you type, a grid of what is found, one image with its recipe, and what is going on.
// Names and prompts come from files of strangers: they only ever become text, never markup.

import { Locked, ask, el, say } from "./ask.js";
import { undo } from "./deeds.js";
import { step, trash } from "./detail.js";
import "./doctor.js";
import { fill, find, pick, pickNone, picked, shown } from "./grid.js";
import { sha256 } from "./key.js";
import { listen } from "./live.js";
import "./organize.js";
import "./review.js";
import { search } from "./topics.js";

const WAIT_MS = 80;
const WAIT_MEANING_MS = 250;

let typing = 0;
el("query").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => search(el("query").value), el("meaning").checked ? WAIT_MEANING_MS : WAIT_MS);
});
el("search").addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(typing);
  search(el("query").value);
});
el("secret").addEventListener("submit", async (event) => {
  event.preventDefault();
  document.cookie = `IIB_S=${sha256(`${el("key").value}_ciallo`)}; path=/; SameSite=Strict`;
  try {
    await ask("api/v1/status");
    el("secret").hidden = true;
    el("key").value = "";
    say("");
    find(el("query").value);
    listen();
  } catch (error) {
    say(error instanceof Locked ? "That is not the key." : error.message);
  }
});
function row() {
  return getComputedStyle(el("grid")).gridTemplateColumns.split(" ").length;
}

// The picture that has the focus.
function focused() {
  return shown.order.find((path) => shown.tiles.get(path).tile.contains(document.activeElement));
}

const mayWrite = () => !document.body.classList.contains("readonly");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target instanceof HTMLInputElement && event.target.type !== "checkbox";
  if (el("where").open || el("organize").open) return;
  if (el("detail").open) {
    if (event.key === "ArrowLeft") step(-1);
    else if (event.key === "ArrowRight") step(1);
    else if (event.key === "Delete" && mayWrite()) trash();
    return;
  }
  if (event.key === "/" && !isTyping) {
    event.preventDefault();
    el("query").focus();
    el("query").select();
  } else if (event.key === "Escape" && event.target === el("query")) {
    if (el("query").value) { el("query").value = ""; search(""); } else el("query").blur();
  } else if (event.key === "ArrowDown" && event.target === el("query")) {
    event.preventDefault();
    shown.tiles.get(shown.order[0])?.tile.firstElementChild.focus();
  } else if (event.key === "Escape" && picked.size > 0) {
    pickNone();
  } else if (event.key === "u" && !isTyping && mayWrite()) {
    undo();
  } else if (event.key === "Delete" && !isTyping && picked.size > 0 && mayWrite()) {
    el("picked-trash").click();
  } else if (event.key === "x" && focused() && mayWrite()) {
    pick(focused());
  } else if (!isTyping) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row(), ArrowDown: row() };
    const from = shown.order.indexOf(focused());
    if (!(event.key in moves) || from < 0) return;
    event.preventDefault();
    if (from + moves[event.key] < 0) { el("query").focus(); return; }
    shown.tiles.get(shown.order[from + moves[event.key]])?.tile.firstElementChild.focus();
  }
});

new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) fill(); }, { rootMargin: "100% 0px" }).observe(el("end"));

el("query").value = new URLSearchParams(location.search).get("q") ?? "";
find(el("query").value);
listen();
