// The first page: search as you type, a grid of what is found, one image with its recipe.
// Names and prompts come from files of strangers: they only ever become text, never markup.

const el = (id) => document.getElementById(id);
const WAIT_MS = 80;
const PAGE = 100;

const shown = { query: "", cursor: "", more: false, tiles: new Map(), order: [], loading: null };
let at = -1;
let last = null;

// -- asking

class Locked extends Error {}

async function ask(path, options = {}) {
  const response = await fetch(path, { credentials: "same-origin", ...options });
  if (response.status === 401) throw new Locked("locked");
  const answer = await response.json().catch(() => null);
  if (!response.ok) {
    const detail = answer && typeof answer.detail === "string" ? answer.detail : `the server answered ${response.status}`;
    throw new Error(detail);
  }
  return answer;
}

const post = (path, body) => ask(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
const address = (file) => `/api/v1/file?path=${encodeURIComponent(file.fullpath)}&t=${encodeURIComponent(file.date)}`;

function say(text) {
  el("message").textContent = text;
  el("message").hidden = !text;
}

function failed(error) {
  if (error.name === "AbortError") return;
  if (error instanceof Locked) {
    if (el("secret").hidden) {
      el("secret").hidden = false;
      el("key").focus();
    }
    return;
  }
  say(error.message);
}

// -- finding

async function find(query) {
  shown.loading?.abort();
  const abort = new AbortController();
  shown.loading = abort;
  try {
    const answer = await ask(`/api/v1/search?${new URLSearchParams({ q: query, size: PAGE })}`, { signal: abort.signal });
    say("");
    shown.query = query;
    replace(answer);
    remember(query);
  } catch (error) {
    failed(error);
  } finally {
    if (shown.loading === abort) shown.loading = null;
  }
  fill();
}

async function more() {
  if (!shown.more || shown.loading) return false;
  const abort = new AbortController();
  shown.loading = abort;
  try {
    const asked = new URLSearchParams({ q: shown.query, size: PAGE, cursor: shown.cursor });
    add(await ask(`/api/v1/search?${asked}`, { signal: abort.signal }));
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
async function fill() {
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
  if (answer.files.length === 0 && shown.query) say(`Nothing matches “${shown.query}”.`);
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
}

function place(file, before, tiles) {
  if (shown.tiles.has(file.fullpath)) return;
  const known = before?.get(file.fullpath);
  const entry = known && known.file.date === file.date ? known : { file, tile: tile(file) };
  shown.tiles.set(file.fullpath, entry);
  shown.order.push(file.fullpath);
  tiles.append(entry.tile);
}

function tile(file) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.title = file.fullpath;
  button.setAttribute("aria-label", file.name);
  button.classList.toggle("offline", file.offline === true);
  const standIn = document.createElement("span");
  standIn.className = "stand-in";
  standIn.textContent = file.name;
  button.append(standIn);
  if (file.media_type === "image" && !file.offline) {
    const image = document.createElement("img");
    image.loading = "lazy";
    image.decoding = "async";
    image.alt = "";
    image.className = "waiting";
    image.addEventListener("load", () => { image.classList.remove("waiting"); standIn.remove(); });
    image.addEventListener("error", () => image.remove());
    image.src = address(file);
    button.prepend(image);
  }
  button.addEventListener("click", () => open(shown.order.indexOf(file.fullpath)));
  item.append(button);
  return item;
}

function remember(query) {
  const url = new URL(location.href);
  if (query) url.searchParams.set("q", query); else url.searchParams.delete("q");
  history.replaceState(null, "", url);
}

// -- one image

async function open(index) {
  const file = shown.tiles.get(shown.order[index])?.file;
  if (!file) return;
  at = index;
  el("name").textContent = file.name;
  el("place").textContent = `${file.fullpath} · ${file.size} · ${new Date(file.date * 1000).toLocaleString()}`;
  el("original").href = address(file);
  el("original").replaceChildren(medium(file));
  el("recipe").replaceChildren();
  el("previous").disabled = index === 0;
  el("next").disabled = index + 1 >= shown.order.length && !shown.more;
  if (!el("detail").open) el("detail").showModal();
  try {
    const image = await ask(`/api/v1/image?path=${encodeURIComponent(file.fullpath)}`);
    if (at === index) el("recipe").replaceChildren(...recipe(image));
  } catch (error) {
    if (at === index) el("recipe").textContent = error.message;
  }
}

function medium(file) {
  const kind = { image: "img", video: "video", audio: "audio" }[file.media_type] ?? "img";
  const shownAs = document.createElement(kind);
  if (kind === "img") shownAs.alt = file.name; else shownAs.controls = true;
  shownAs.src = address(file);
  return shownAs;
}

function recipe({ recipe, generation_text, pixel_width, pixel_height, tags }) {
  const parts = [];
  const part = (title, node) => {
    const heading = document.createElement("h3");
    heading.textContent = title;
    parts.push(heading, node);
  };
  const text = (content) => Object.assign(document.createElement("p"), { textContent: content });
  if (tags.length) {
    const list = document.createElement("p");
    for (const tag of tags) list.append(Object.assign(document.createElement("span"), { className: "tag", textContent: tag.name }));
    part("Tags", list);
  }
  if (recipe?.positive) part("Prompt", text(recipe.positive));
  if (recipe?.negative) part("Negative prompt", text(recipe.negative));
  part("Settings", settings(recipe, pixel_width, pixel_height));
  if (generation_text && !recipe?.positive) part("Text", text(generation_text));
  return parts;
}

function settings(recipe, width, height) {
  const list = document.createElement("dl");
  const row = (name, value) => {
    if (value === null || value === undefined || value === "") return;
    list.append(
      Object.assign(document.createElement("dt"), { textContent: name }),
      Object.assign(document.createElement("dd"), { textContent: String(value) }),
    );
  };
  if (width && height) row("Pixels", `${width} × ${height}`);
  if (!recipe) return list;
  row("Made with", recipe.source);
  row("Model", recipe.model);
  row("Model hash", recipe.model_hash);
  row("Sampler", recipe.sampler);
  row("Scheduler", recipe.scheduler);
  row("Steps", recipe.steps);
  row("CFG", recipe.cfg);
  row("Seed", recipe.seed);
  if (recipe.width && recipe.height) row("Size", `${recipe.width} × ${recipe.height}`);
  for (const lora of recipe.loras ?? []) row("LoRA", `${lora.name} (${lora.weight})`);
  for (const [name, value] of recipe.extra ?? []) row(name, value);
  return list;
}

function close() {
  el("detail").close();
}

async function step(by) {
  const index = at + by;
  if (index >= shown.order.length) await more();
  if (index >= 0 && index < shown.order.length) open(index);
}

// -- what is going on

async function watch() {
  let wait = 5000;
  try {
    const status = await ask("/api/v1/status");
    el("secret").hidden = true;
    tell(status);
    if (status.indexing.running || !status.ready || status.partial) wait = 700;
    const changed = last === null || last.images !== status.images;
    const isFirst = last === null;
    last = status;
    if (changed && !isFirst && scrollY < 50 && !shown.loading && !el("detail").open) find(el("query").value);
  } catch (error) {
    if (error instanceof Locked) failed(error);
    else el("status").textContent = "the server does not answer";
  }
  setTimeout(watch, document.hidden ? 15000 : wait);
}

function tell({ images, indexing, partial, roots, suggestions, ready }) {
  const number = (n) => n.toLocaleString();
  const said = [`${number(images)} ${images === 1 ? "image" : "images"}`];
  if (indexing.running) {
    said.push(indexing.expected > 0 ? `reading ${number(indexing.read)} of ${number(indexing.expected)}` : `looking, ${number(indexing.seen)} seen`);
  } else if (partial) {
    said.push(`text index ${number(partial.done)} of ${number(partial.total)}`);
  } else if (!ready) {
    said.push("starting");
  }
  const offline = roots.filter((root) => root.offline).length;
  if (offline) said.push(`${offline} ${offline === 1 ? "folder" : "folders"} offline`);
  el("status").textContent = said.join(" · ");
  el("progress").hidden = !indexing.running;
  if (indexing.expected > 0) {
    el("progress").max = indexing.expected;
    el("progress").value = Math.min(indexing.read, indexing.expected);
  } else {
    el("progress").removeAttribute("value");
  }
  el("welcome").hidden = roots.length > 0 || images > 0;
  if (!el("welcome").hidden && el("suggestions").childElementCount !== suggestions.length) suggest(suggestions);
}

function suggest(folders) {
  el("suggestions").replaceChildren(...folders.map((folder) => {
    const item = document.createElement("li");
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: `Add ${folder}` });
    button.addEventListener("click", () => addFolder(folder));
    item.append(button);
    return item;
  }));
}

async function addFolder(path) {
  try {
    await post("/iib/db/extra_paths", { path, types: ["scanned"] });
    say("");
    el("welcome").hidden = true;
    await post("/iib/db/update_image_data", {});
    find(el("query").value);
  } catch (error) {
    failed(error);
  }
}

// -- the secret: the cookie holds SHA-256 of `<key>_ciallo`; browsers offer their own digest only
// over https or on this machine, so it is worked out here

function sha256(text) {
  const rotate = (x, n) => (x >>> n) | (x << (32 - n));
  const roots = (power, n) => {
    const found = [];
    for (let p = 2; found.length < n; p++) {
      let prime = true;
      for (let d = 2; d * d <= p; d++) if (p % d === 0) { prime = false; break; }
      if (prime) { const root = p ** power; found.push(((root - Math.floor(root)) * 2 ** 32) | 0); }
    }
    return found;
  };
  const k = roots(1 / 3, 64);
  const h = roots(1 / 2, 8);
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(((bytes.length + 8) >> 6 << 6) + 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, bytes.length * 8);
  for (let block = 0; block < padded.length; block += 64) {
    const w = new Int32Array(64);
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(block + i * 4);
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)) + w[i - 7] + (rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10));
    }
    let [a, b, c, d, e, f, g, i8] = h;
    for (let i = 0; i < 64; i++) {
      const one = (i8 + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
      const two = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [a, b, c, d, e, f, g, i8] = [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g];
    }
    [a, b, c, d, e, f, g, i8].forEach((part, i) => { h[i] = (h[i] + part) | 0; });
  }
  return h.map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("");
}

// -- hands

let typing = 0;
el("query").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => find(el("query").value), WAIT_MS);
});
el("search").addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(typing);
  find(el("query").value);
});
el("add").addEventListener("submit", (event) => { event.preventDefault(); addFolder(el("folder").value); });
el("secret").addEventListener("submit", async (event) => {
  event.preventDefault();
  document.cookie = `IIB_S=${sha256(`${el("key").value}_ciallo`)}; path=/; SameSite=Strict`;
  try {
    await ask("/api/v1/status");
    el("secret").hidden = true;
    el("key").value = "";
    say("");
    find(el("query").value);
  } catch (error) {
    say(error instanceof Locked ? "That is not the key." : error.message);
  }
});
el("previous").addEventListener("click", () => step(-1));
el("next").addEventListener("click", () => step(1));
el("close").addEventListener("click", close);
el("detail").addEventListener("click", (event) => { if (event.target === el("detail")) close(); });
el("detail").addEventListener("close", () => {
  el("original").replaceChildren();
  shown.tiles.get(shown.order[at])?.tile.firstElementChild.focus();
});

function row() {
  return getComputedStyle(el("grid")).gridTemplateColumns.split(" ").length;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target instanceof HTMLInputElement;
  if (el("detail").open) {
    if (event.key === "ArrowLeft") step(-1);
    else if (event.key === "ArrowRight") step(1);
    return;
  }
  if (event.key === "/" && !isTyping) {
    event.preventDefault();
    el("query").focus();
    el("query").select();
  } else if (event.key === "Escape" && event.target === el("query")) {
    if (el("query").value) { el("query").value = ""; find(""); } else el("query").blur();
  } else if (event.key === "ArrowDown" && event.target === el("query")) {
    event.preventDefault();
    shown.tiles.get(shown.order[0])?.tile.firstElementChild.focus();
  } else if (!isTyping) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row(), ArrowDown: row() };
    const from = shown.order.findIndex((path) => shown.tiles.get(path).tile.contains(document.activeElement));
    if (!(event.key in moves) || from < 0) return;
    event.preventDefault();
    if (from + moves[event.key] < 0) { el("query").focus(); return; }
    shown.tiles.get(shown.order[from + moves[event.key]])?.tile.firstElementChild.focus();
  }
});

new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) fill(); }, { rootMargin: "100% 0px" }).observe(el("end"));

el("query").value = new URLSearchParams(location.search).get("q") ?? "";
find(el("query").value);
watch();
