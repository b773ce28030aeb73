// One image with its recipe.

import { address, ask, el, small } from "./ask.js";
import { remove } from "./deeds.js";
import { more, onOpen, shown } from "./grid.js";
import { similar } from "./topics.js";

let at = "";

async function open(path) {
  const file = shown.tiles.get(path)?.file;
  if (!file) return;
  at = path;
  const index = shown.order.indexOf(path);
  el("name").textContent = file.name;
  el("place").textContent = `${file.fullpath} · ${file.size} · ${new Date(file.date * 1000).toLocaleString()}`;
  el("original").href = address(file);
  el("original").replaceChildren(medium(file));
  el("recipe").replaceChildren();
  el("previous").disabled = index === 0;
  el("next").disabled = index + 1 >= shown.order.length && !shown.more;
  if (!el("detail").open) el("detail").showModal();
  try {
    const image = await ask(`api/v1/image?path=${encodeURIComponent(file.fullpath)}`);
    if (at === path) el("recipe").replaceChildren(...recipe(image));
  } catch (error) {
    if (at === path) el("recipe").textContent = error.message;
  }
}

function medium(file) {
  const kind = { image: "img", video: "video", audio: "audio" }[file.media_type] ?? "img";
  const shownAs = document.createElement(kind);
  if (kind === "img") shownAs.alt = file.name; else shownAs.controls = true;
  shownAs.src = address(file);
  if (kind === "video") shownAs.poster = small(file);
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

export async function step(by) {
  const index = shown.order.indexOf(at) + by;
  if (index >= shown.order.length) await more();
  open(shown.order[index]);
}

// The next one takes its place, so that many can be gone through.
export async function trash() {
  const path = at;
  const index = shown.order.indexOf(path);
  const neighbour = shown.order[index + 1] ?? shown.order[index - 1];
  if (!(await remove([path]))) return;
  if (neighbour) open(neighbour); else close();
}

const close = () => el("detail").close();

onOpen(open);
el("previous").addEventListener("click", () => step(-1));
el("next").addEventListener("click", () => step(1));
el("close").addEventListener("click", close);
el("trash").addEventListener("click", trash);
el("similar").addEventListener("click", () => { const path = at; close(); similar(path); });
el("detail").addEventListener("click", (event) => { if (event.target === el("detail")) close(); });
el("detail").addEventListener("close", () => {
  el("original").replaceChildren();
  shown.tiles.get(at)?.tile.firstElementChild.focus();
});
