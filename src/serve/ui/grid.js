// Finding, and the grid of what is found. It follows a library that changes without disturbing who looks.

import { Locked, ask, el, failed, make, post, say, small } from "./ask.js";

const PAGE = 100;

export const shown = { query: "", list: null, cursor: "", more: false, tiles: new Map(), order: [], loading: null };
let openImage = () => {};

export const onOpen = (opener) => { openImage = opener; };

// Tiles that were picked, by path. Whoever draws what can be done with them listens.
export const picked = new Set();
let onPicked = () => {};
export const onPick = (listener) => { onPicked = listener; };
let lastPicked = null;

// A page of what matches, or, where there is a list, of that.
async function page({ query, list }, cursor, options) {
  if (!list) return ask(`api/v1/search?${new URLSearchParams({ q: query, size: PAGE, cursor })}`, options);
  const from = Number(cursor) || 0, to = from + PAGE;
  const paths = list.slice(from, to);
  const files = await post("iib/batch_get_files_info", { paths }, options);
  return { files: paths.map((path) => files[path]).filter(Boolean), cursor: { has_next: to < list.length, next: String(to) } };
}

// Shows what matches.
export const find = (query) => show({ query, list: null });

// Shows these pictures, in this order; what is searched for stays in its field.
export const list = (paths) => show({ query: "", list: paths });

async function show(wanted) {
  shown.loading?.abort();
  const abort = new AbortController();
  shown.loading = abort;
  try {
    const answer = await page(wanted, "", { signal: abort.signal });
    say("");
    Object.assign(shown, wanted);
    replace(answer);
    fresh(0);
    remember(wanted.query);
  } catch (error) {
    failed(error);
  } finally {
    if (shown.loading === abort) shown.loading = null;
  }
  fill();
}

export async function more() {
  if (!shown.more || shown.loading) return false;
  const abort = new AbortController();
  shown.loading = abort;
  try {
    add(await page(shown, shown.cursor, { signal: abort.signal }));
    return true;
  } catch (error) {
    shown.more = false;
    failed(error);
    return false;
  } finally {
    if (shown.loading === abort) shown.loading = null;
  }
}

// Loads pages until the end of the list is out of sight.
export async function fill() {
  while (el("end").getBoundingClientRect().top < innerHeight * 2 && (await more()));
}

// Keeps the tiles that are still there, so that nothing flickers while typing.
function replace(answer) {
  const before = shown.tiles;
  shown.tiles = new Map();
  shown.order = [];
  const tiles = document.createDocumentFragment();
  for (const file of answer.files) place(file, before, tiles);
  el("grid").replaceChildren(tiles);
  settle(answer);
}

function add(answer) {
  const tiles = document.createDocumentFragment();
  for (const file of answer.files) place(file, null, tiles);
  el("grid").append(tiles);
  settle(answer);
}

function settle({ cursor }) {
  shown.cursor = cursor.next;
  shown.more = cursor.has_next;
  keepPicked();
  if (shown.order.length === 0 && shown.query) say(`Nothing matches “${shown.query}”.`);
}

const isSame = (known, file) => known.file.date === file.date && known.file.offline === file.offline && known.file.id === file.id;

function place(file, before, tiles) {
  if (shown.tiles.has(file.fullpath)) return;
  const known = before?.get(file.fullpath);
  const entry = known && isSame(known, file) ? known : { file, tile: tile(file) };
  shown.tiles.set(file.fullpath, entry);
  shown.order.push(file.fullpath);
  tiles.append(entry.tile);
}

function tile(file) {
  const item = make("li");
  const button = make("button", { type: "button", title: file.fullpath });
  button.setAttribute("aria-label", file.offline ? `${file.name}, offline` : file.name);
  button.classList.toggle("offline", file.offline === true);
  const standIn = make("span", { className: "stand-in", textContent: file.name });
  button.append(standIn);
  if (file.offline) button.append(make("span", { className: "badge", textContent: "offline" }));
  if (!file.offline) {
    const image = make("img", { loading: "lazy", decoding: "async", alt: "", className: "waiting" });
    image.addEventListener("load", () => { image.classList.remove("waiting"); standIn.remove(); });
    image.addEventListener("error", () => image.remove());
    image.src = small(file);
    button.prepend(image);
  }
  button.addEventListener("click", (event) => {
    if (event.shiftKey || event.ctrlKey || event.metaKey) pick(file.fullpath, event.shiftKey);
    else openImage(file.fullpath);
  });
  const box = make("input", { type: "checkbox", className: "pick", checked: picked.has(file.fullpath) });
  box.setAttribute("aria-label", `Pick ${file.name}`);
  box.addEventListener("click", (event) => { event.preventDefault(); setTimeout(() => pick(file.fullpath, event.shiftKey)); });
  item.append(button, box);
  item.classList.toggle("picked", picked.has(file.fullpath));
  return item;
}

// Picks a tile or lets go of it; with `through`, all from the one picked last to this.
export function pick(path, through = false) {
  const [from, to] = [shown.order.indexOf(lastPicked), shown.order.indexOf(path)];
  if (through && from >= 0 && to >= 0) {
    for (const between of shown.order.slice(Math.min(from, to), Math.max(from, to) + 1)) picked.add(between);
  } else if (!picked.delete(path)) {
    picked.add(path);
  }
  lastPicked = path;
  drawPicked();
}

export function pickNone() {
  picked.clear();
  drawPicked();
}

function drawPicked() {
  for (const [path, { tile }] of shown.tiles) {
    tile.classList.toggle("picked", picked.has(path));
    tile.lastElementChild.checked = picked.has(path);
  }
  onPicked(picked.size);
}

// What is no longer shown is not picked: nobody does things to what they cannot see.
function keepPicked() {
  const before = picked.size;
  for (const path of picked) if (!shown.tiles.has(path)) picked.delete(path);
  if (picked.size !== before) onPicked(picked.size);
}

function remember(query) {
  const url = new URL(location.href);
  if (query) url.searchParams.set("q", query); else url.searchParams.delete("q");
  history.replaceState(null, "", url);
}

// -- following

// One look at a time, and not more often than this: a walk changes much in a short time.
const LOOK_MS = 400;
const following = { wanted: false, running: false };

const isAtTop = () => scrollY < 50;
const isBusy = () => shown.loading !== null || el("detail").open;

// Something changed: looks whether it shows here.
export async function follow() {
  following.wanted = true;
  if (following.running) return;
  following.running = true;
  while (following.wanted) {
    following.wanted = false;
    if (!isBusy()) await look();
    else if (!el("detail").open) following.wanted = true;
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
  following.running = false;
}

async function look() {
  const { query, list: isListed } = shown;
  try {
    // A list is what somebody was answered: nothing new comes into it.
    if (isListed) return;
    const answer = await page(shown, "", {});
    if (query !== shown.query || shown.list || isBusy()) { following.wanted = !el("detail").open; return; }
    if (isAtTop()) {
      merge(answer);
      fresh(0);
    } else {
      const known = answer.files.findIndex((file) => shown.tiles.has(file.fullpath) && isSame(shown.tiles.get(file.fullpath), file));
      fresh(known < 0 ? answer.files.length : known);
    }
  } catch (error) {
    if (error instanceof Locked) failed(error);
  }
}

// The first page as it is now, before what was loaded behind it. Tiles that stay are not touched.
function merge(answer) {
  const files = new Map(answer.files.map((file) => [file.fullpath, file]));
  const isKnown = (path) => files.has(path) && isSame(shown.tiles.get(path), files.get(path));
  const last = shown.order.findLastIndex(isKnown);
  // Everything may be new, or everything may be on one page; then there is nothing behind it.
  const rest = last < 0 || !answer.cursor.has_next ? [] : shown.order.slice(last + 1).filter((path) => !files.has(path));
  const before = shown.tiles;
  shown.tiles = new Map();
  shown.order = [];
  let next = el("grid").firstChild;
  const stand = (entry) => {
    shown.tiles.set(entry.file.fullpath, entry);
    shown.order.push(entry.file.fullpath);
    if (entry.tile === next) next = next.nextSibling;
    else el("grid").insertBefore(entry.tile, next);
  };
  for (const file of answer.files) {
    const known = before.get(file.fullpath);
    stand(known && isSame(known, file) ? known : { file, tile: tile(file) });
  }
  for (const path of rest) stand(before.get(path));
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
  if (rest.length === 0) settle(answer);
  if (shown.order.length > 0 && el("message").textContent.startsWith("Nothing matches")) say("");
  fill();
}

// Images that are gone leave, wherever they stand.
export function leave(ids) {
  const gone = new Set(ids.map(String));
  shown.order = shown.order.filter((path) => {
    const entry = shown.tiles.get(path);
    if (!gone.has(String(entry.file.id))) return true;
    entry.tile.remove();
    shown.tiles.delete(path);
    return false;
  });
  keepPicked();
}

function fresh(n) {
  el("fresh").hidden = n === 0;
  el("fresh").textContent = n >= PAGE ? `${PAGE}+ new` : `${n} new`;
}

el("fresh").addEventListener("click", () => {
  scrollTo({ top: 0 });
  fresh(0);
  follow();
});
addEventListener("scroll", () => { if (!el("fresh").hidden && isAtTop()) follow(); }, { passive: true });
el("detail").addEventListener("close", () => follow());
