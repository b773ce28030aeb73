// Pictures into folders by topic, or by what they say of themselves: a preview to be changed, and then done.

import { ask, el, failed, make, number, post } from "./ask.js";
import { toast } from "./deeds.js";
import { follow } from "./grid.js";

const POLL_MS = 500;
const SAMPLES = 4;
let job = null;

const pictures = (n) => (n === 1 ? "1 picture" : `${number(n)} pictures`);

function open() {
  const root = document.querySelector("#roots b")?.textContent ?? "";
  if (!el("organize-folder").value) el("organize-folder").value = root;
  el("organize").showModal();
}

// As the server knows the job; it stops asking when another one, or none, is looked at.
async function rest(id) {
  for (;;) {
    const told = await ask(`iib/db/organize_files_status?job_id=${id}&samples=${SAMPLES}`);
    if (job !== id) return null;
    say(doing(told));
    if (["preview_ready", "done", "error"].includes(told.status)) return told;
    await new Promise((later) => setTimeout(later, POLL_MS));
  }
}

function say(text) {
  el("organize-state").textContent = text;
}

function doing({ status, progress, error }) {
  const of = (done, all) => `${number(progress[done])} of ${number(progress[all])}`;
  if (status === "error") return error;
  if (status === "moving") return `${of("moved_done", "moved_total")} ${progress.current_file}`;
  if (status === "queued") return "Waiting for its turn";
  if (status !== "running") return "";
  if (progress.stage === "embedding") return `Reading prompts: ${of("embedded_done", "to_embed")}`;
  if (progress.stage === "titling") return `Naming topics: ${of("clusters_done", "clusters_total")}`;
  return progress.stage === "clustering" ? "Finding topics" : "Looking";
}

// What is asked, from the form.
function wanted() {
  const value = (name) => el(`organize-${name}`).value.trim();
  const naming = value("naming");
  return {
    folder_paths: [value("folder")],
    dest_folder: value("into") || null,
    recursive: el("organize-deep").checked,
    folder_naming: naming,
    template: naming === "template" ? value("template") : null,
    handle_noise: value("noise"),
    action: value("action"),
    min_cluster_size: Number(value("least")) || 2,
    lang: navigator.language,
  };
}

async function preview(event) {
  event.preventDefault();
  clear();
  try {
    job = (await post("iib/db/organize_files_start", wanted())).job_id;
    const told = await rest(job);
    if (told?.status === "preview_ready") show(told);
  } catch (error) {
    wrong(error);
  }
}

function show({ preview: found, req }) {
  const noise = found.noise.size > 0 ? [found.noise] : [];
  el("organize-folders").replaceChildren(...[...found.clusters, ...noise].map((cluster) => folder(cluster)));
  const did = req.action === "copy" ? "copied" : "moved";
  say(found.total_files === 0 ? "There is nothing to put into folders." : `${pictures(found.total_files)} would be ${did} into folders of ${found.dest_folder}. Change names, or leave folders out.`);
  el("organize-apply").textContent = req.action === "copy" ? "Copy" : "Move";
  el("organize-apply").hidden = found.total_files === 0;
}

// A folder with its name to be changed and a few of its pictures. What stays has no name.
function folder(cluster) {
  const item = make("li");
  const stays = cluster.suggested_folder_name === "";
  item.dataset.cluster = cluster.cluster_id;
  const row = make("div");
  if (stays) {
    row.append(make("span", { textContent: `${cluster.title}: stay where they are` }));
  } else {
    const take = make("input", { type: "checkbox", checked: true, ariaLabel: "Do this" });
    const name = make("input", { value: cluster.suggested_folder_name, maxLength: 240, spellcheck: false, ariaLabel: "Folder name" });
    name.dataset.suggested = cluster.suggested_folder_name;
    take.addEventListener("change", () => { name.disabled = !take.checked; });
    row.append(take, name);
  }
  row.append(make("span", { textContent: pictures(cluster.size) }));
  const shown = make("div", { className: "samples" });
  shown.append(...cluster.file_mappings.map(sample));
  item.append(row, make("small", { textContent: cluster.keywords.join(", ") }), shown);
  return item;
}

function sample({ src_path: path }) {
  const image = make("img", { loading: "lazy", alt: "", title: path });
  // Videos and sounds have covers instead.
  const at = `path=${encodeURIComponent(path)}`;
  image.addEventListener("error", () => { image.src = `iib/video_cover?${at}&mt=0`; }, { once: true });
  image.src = `iib/image-thumbnail?${at}&size=256x256&t=0`;
  return image;
}

async function apply() {
  const edits = [], skips = [];
  for (const item of el("organize-folders").children) {
    const [take, name] = item.querySelectorAll("input");
    if (!take) continue;
    if (!take.checked) skips.push(item.dataset.cluster);
    else if (name.value.trim() !== name.dataset.suggested) edits.push({ cluster_id: item.dataset.cluster, new_folder_name: name.value });
  }
  el("organize-apply").hidden = true;
  try {
    await post("iib/db/organize_files_confirm", { job_id: job, folder_edits: edits, skip_cluster_ids: skips });
    const told = await rest(job);
    if (told?.status === "done") done(told);
  } catch (error) {
    el("organize-apply").hidden = false;
    wrong(error);
  }
}

function done({ result, req }) {
  const did = req.action === "copy" ? "copied" : "moved";
  const said = `${pictures(result.moved_count)} ${did} into folders`;
  toast(said, result.operation);
  follow();
  if (result.errors.length === 0) {
    el("organize").close();
    return;
  }
  say(`${said}. Some are not as shown:`);
  el("organize-folders").replaceChildren(...result.errors.map(({ src, error }) => {
    const item = make("li");
    item.append(make("span", { textContent: src }), make("small", { textContent: error }));
    return item;
  }));
}

function wrong(error) {
  if (error.name === "Locked") failed(error);
  say(error.message);
}

function clear() {
  job = null;
  say("");
  el("organize-folders").replaceChildren();
  el("organize-apply").hidden = true;
}

el("organize-open").addEventListener("click", open);
el("organize-ask").addEventListener("submit", preview);
el("organize-apply").addEventListener("click", apply);
el("organize-close").addEventListener("click", () => el("organize").close());
el("organize").addEventListener("close", clear);
el("organize-naming").addEventListener("change", () => {
  el("organize-by").hidden = el("organize-naming").value !== "template";
});
