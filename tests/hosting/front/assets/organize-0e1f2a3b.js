// Pictures of a folder into folders by topic: vectors first, then a job, its preview to be changed, and done.

import { get, post, url } from "./ask-3d4e5f6a.js";
import { known } from "./conf-4e5f6a7b.js";
import { button, choice, field, make, rest, say, toast } from "./dom-2c3d4e5f.js";
import { list, must, number, object, text } from "./shape-1b2c3d4e.js";

const LOOK_MS = 2_000;
const MOVING_MS = 500;
const LEAST = 3;

// Asks until one of these words comes; any other word keeps it asking.
async function until(id, words, ms, state) {
  for (;;) {
    const job = object(await get("/db/organize_files_status", { job_id: id }), "organize_files_status");
    const { stage, ...counters } = object(job.progress, "progress");
    text(stage, "progress.stage");
    const counts = ["embedded_done", "to_embed", "clusters_done", "clusters_total", "moved_done", "moved_total"];
    for (const name of counts) if (name in counters) number(counters[name], `progress.${name}`);
    state.textContent = say("{stage} {embedded_done}/{to_embed} {clusters_done}/{clusters_total}", job.progress);
    if (words.includes(text(job.status, "status"))) return job;
    await rest(ms);
  }
}

function mapping(one, what) {
  for (const name of ["src_path", "dest_folder_name", "dest_path", "cluster_id"]) text(one[name], `${what}.${name}`);
}

export function organizer(folder, reload) {
  const dest = field("Into", { value: folder });
  const action = choice("action", ["move", "copy"]);
  const deep = make("input", { type: "checkbox", ariaLabel: "recursive" });
  const state = make("p", { className: "state" });
  const rows = make("ol", { className: "clusters" });

  const start = async () => {
    const recursive = deep.checked;
    const built = object(await post("/db/build_iib_output_embeddings", { folder, recursive }), "embeddings");
    for (const name of ["count", "updated", "skipped"]) number(built[name], `embeddings.${name}`);
    const { job_id } = object(await post("/db/organize_files_start", {
      folder_paths: [folder],
      lang: known.settings.lang,
      dest_folder: dest.value,
      min_cluster_size: LEAST,
      action: action.value,
      recursive,
    }), "organize_files_start");
    const job = await until(text(job_id, "job_id"), ["preview_ready", "done", "error"], LOOK_MS, state);
    if (job.status === "error") toast(text(job.error, "error"));
    else show(job_id, object(job.preview, "preview"));
  };

  const show = (id, preview) => {
    number(preview.total_files, "total_files");
    number(object(preview.noise, "preview.noise").size, "noise.size");
    const folders = list(preview.clusters, "preview.clusters").map((cluster) => {
      text(cluster.cluster_id, "cluster_id");
      number(cluster.size, "size");
      list(cluster.file_mappings, "file_mappings", mapping);
      return row(cluster);
    });
    rows.replaceChildren(...folders.map(({ element }) => element));
    state.textContent = say("{total_files} files into {dest_folder}, {n} left", { ...preview, n: preview.noise.size });
    state.append(button("Confirm", () => confirm(id, folders)));
  };

  const confirm = async (id, folders) => {
    const edits = folders.filter(({ isEdited }) => isEdited());
    const skipped = folders.filter(({ isSkipped }) => isSkipped());
    const wish = { job_id: id };
    if (edits.length > 0) wish.folder_edits = edits.map(({ edit }) => edit());
    if (skipped.length > 0) wish.skip_cluster_ids = skipped.map((folder) => folder.id);
    const answer = object(await post("/db/organize_files_confirm", wish), "organize_files_confirm");
    must(answer.ok === true && answer.job_id === id, "organize_files_confirm says ok");
    const job = await until(id, ["done", "error"], MOVING_MS, state);
    if (job.status === "error") return toast(text(job.error, "error"));
    const { moved_count, errors, created_folders } = object(job.result, "result");
    list(errors, "errors");
    list(created_folders, "created_folders", text);
    await reload();
    rows.replaceChildren();
    state.textContent = say("{moved} files are in their folders", { moved: number(moved_count, "moved_count") });
  };

  return make("div", { className: "organize" }, dest, action, deep, button("Preview", start), state, rows);
}

function row({ cluster_id: id, suggested_folder_name: suggested, size, file_mappings: mappings }) {
  const name = field("Folder name", { value: text(suggested, "suggested_folder_name") });
  const skip = make("input", { type: "checkbox", ariaLabel: "leave out" });
  const files = mappings.map(({ src_path }) => {
    const shown = make("span", {}, `${src_path.split("/").pop()} `);
    // What it is, when somebody points at it.
    shown.addEventListener("mouseenter", () => {
      shown.append(make("img", { src: url("/image-thumbnail", { path: src_path, t: Date.now(), size: "512x512" }) }));
    }, { once: true });
    return shown;
  });
  return {
    id,
    element: make("li", {}, skip, name, ` ${size} `, ...files),
    isSkipped: () => skip.checked,
    isEdited: () => name.value !== suggested,
    edit: () => ({ cluster_id: id, new_folder_name: name.value }),
  };
}
