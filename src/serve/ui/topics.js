// Topics of the library: pictures with similar prompts, found on demand and kept; searching by meaning; and
// pictures like one.

import { Locked, ask, el, failed, make, number, post, say } from "./ask.js";
import { find, list } from "./grid.js";

const LOOK_MS = 800;
const TOP = 200;

let scope = [];
let showing = null;
let looking = 0;

const asked = () => ({ folder_paths: scope, threshold: Number(el("threshold").value), min_cluster_size: 2, lang: document.documentElement.lang });

async function open() {
  const isOpen = el("topics").hidden;
  el("topics").hidden = !isOpen;
  el("show-topics").setAttribute("aria-expanded", String(isOpen));
  if (!isOpen) { leave(); return; }
  await look();
}

// Back to what was searched for.
function leave() {
  clearTimeout(looking);
  if (showing) find(el("query").value);
  showing = null;
}

async function look() {
  try {
    scope = await folders();
    if (scope.length === 0) { told("There is no folder yet."); return; }
    const kept = await post("iib/db/cluster_iib_output_cached", asked());
    if (kept.cache_hit && kept.result) draw(kept.result, kept.stale);
    if (!kept.cache_hit || !kept.result) await start();
  } catch (error) {
    unable(error);
  }
}

const folders = async () => (await ask("api/v1/status")).roots.map(({ path }) => path);

async function start() {
  clearTimeout(looking);
  if (document.body.classList.contains("readonly")) { told("Topics are not found in read-only mode."); return; }
  try {
    told("Finding topics…", 0);
    const { job_id } = await post("iib/db/cluster_iib_output_job_start", asked());
    await poll(job_id);
  } catch (error) {
    unable(error);
  }
}

async function poll(id) {
  const job = await ask(`/infinite_image_browsing/db/cluster_iib_output_job_status?job_id=${id}`);
  if (job.status === "failed") { told(job.error); return; }
  if (job.status === "completed") { draw(job.result, false); return; }
  told(STAGES[job.stage] ?? "Finding topics…", job.progress);
  looking = setTimeout(() => poll(id).catch(unable), LOOK_MS);
}

const STAGES = { embedding: "Reading prompts…", clustering: "Putting pictures together…", titling: "Naming topics…" };

function told(text, progress = null) {
  el("topics-said").textContent = text;
  el("topics-progress").hidden = progress === null;
  if (progress !== null) el("topics-progress").value = progress;
}

function unable(error) {
  if (error instanceof Locked) failed(error); else told(error.message);
}

function draw({ clusters, noise }, isStale) {
  const pictures = clusters.reduce((sum, { size }) => sum + size, 0);
  const said = [`${number(clusters.length)} topics of ${number(pictures)} pictures`];
  if (noise.length) said.push(`${number(noise.length)} of none`);
  if (isStale) said.push("the library has changed since");
  told(said.join(" · "));
  const cards = clusters.map(({ title, size, keywords, paths }) => card(title, size, keywords.join(", "), paths));
  if (noise.length) cards.push(card("Other pictures", noise.length, "of no topic", noise));
  el("topics-list").replaceChildren(...cards);
}

function card(title, size, words, paths) {
  const item = make("li");
  const button = make("button", { type: "button", title: words });
  button.setAttribute("aria-pressed", "false");
  const image = make("img", { alt: "", loading: "lazy", src: `iib/image-thumbnail?path=${encodeURIComponent(paths[0])}&size=512x512` });
  image.addEventListener("error", () => image.replaceWith(make("span", { className: "stand-in" })));
  button.append(image, make("b", { textContent: title }), make("small", { textContent: `${number(size)} · ${words}` }));
  button.addEventListener("click", () => {
    const isShown = showing === button;
    showing?.setAttribute("aria-pressed", "false");
    if (isShown) { leave(); return; }
    showing = button;
    button.setAttribute("aria-pressed", "true");
    list(paths);
  });
  item.append(button);
  return item;
}

// Searches for the words, or for what they mean.
export async function search(text) {
  showing?.setAttribute("aria-pressed", "false");
  showing = null;
  if (!el("meaning").checked || !text.trim()) { find(text); return; }
  try {
    const folder_paths = await folders();
    const { results } = await post("iib/db/search_iib_output_by_prompt", { query: text, folder_paths, top_k: TOP, hybrid: true });
    if (el("query").value !== text) return;
    await list(results.map(({ path }) => path));
    if (results.length === 0) say(`Nothing is like “${text}”.`);
  } catch (error) {
    failed(error);
  }
}

// Shows the pictures whose prompts are most like this one's.
export async function similar(path) {
  try {
    const { results } = await ask(`api/v1/similar?path=${encodeURIComponent(path)}&top_k=${TOP}`);
    await list([path, ...results.map((found) => found.path)]);
    scrollTo({ top: 0 });
  } catch (error) {
    failed(error);
  }
}

el("show-topics").addEventListener("click", open);
el("topics-again").addEventListener("click", start);
el("threshold").addEventListener("change", look);
el("meaning").addEventListener("change", () => search(el("query").value));
