// What people do to pictures, and taking it back: each deed is followed by a toast that undoes it.

import { act, ask, download, el, failed, make, post } from "./ask.js";
import { follow, onPick, pickNone, picked } from "./grid.js";

const SHOWN_MS = 12000;
let last = null;
let hiding = 0;

const pictures = (n) => (n === 1 ? "1 picture" : `${n.toLocaleString()} pictures`);

// Says what was done; `deed` is the number by which it is undone.
export function toast(text, deed) {
  clearTimeout(hiding);
  last = deed;
  el("toast").hidden = false;
  el("toast").replaceChildren(make("span", { textContent: text }));
  if (deed) {
    const button = make("button", { type: "button", textContent: "Undo", title: "Undo (u)" });
    button.addEventListener("click", undo);
    el("toast").append(button);
  }
  hiding = setTimeout(() => { el("toast").hidden = true; }, SHOWN_MS);
}

export async function undo() {
  const number = last;
  last = null;
  try {
    const { text, number: again } = await post("api/v1/undo", { number });
    toast(`Undone: ${text}`, again);
    follow();
  } catch (error) {
    toast(`Not undone: ${error.message}`, null);
  }
}

// Does something to files. What was done before a failure can be undone as well.
export async function perform(path, body, said) {
  const bar = progress();
  try {
    const { deed } = await act(path, body);
    toast(said, deed);
    return true;
  } catch (error) {
    if (error.name === "Locked") failed(error); else toast(error.message, error.deed ?? null);
    return false;
  } finally {
    clearInterval(bar);
    follow();
  }
}

// What takes long is told while it goes on.
function progress() {
  return setInterval(async () => {
    const { running } = await ask("api/v1/operations").catch(() => ({ running: [] }));
    const operation = running.find(({ taken, steps }) => taken < steps);
    if (!operation) return;
    clearTimeout(hiding);
    el("toast").hidden = false;
    el("toast").replaceChildren(make("progress", { max: operation.steps, value: operation.taken }),
      make("span", { textContent: `${operation.taken.toLocaleString()} of ${operation.steps.toLocaleString()}` }));
    if (operation.number && !operation.stopping) {
      const button = make("button", { type: "button", textContent: "Stop" });
      button.addEventListener("click", () => post("api/v1/operations/stop", { number: operation.number }).catch(failed));
      el("toast").append(button);
    }
  }, 700);
}

export async function remove(paths) {
  return perform("iib/delete_files", { file_paths: paths }, `${pictures(paths.length)} moved to the trash`);
}

async function transfer(route, did) {
  const paths = [...picked];
  const dest = await folder(did);
  if (!dest) return;
  const body = { file_paths: paths, dest, create_dest_folder: true, continue_on_error: false };
  if (await perform(route, body, `${pictures(paths.length)} ${did} to ${dest}`)) pickNone();
}

// Asks for a folder; nothing when it was left.
function folder(did) {
  el("where-title").textContent = did === "moved" ? "Move to folder" : "Copy to folder";
  el("where").showModal();
  const at = el("where-path");
  if (!at.value) at.value = [...picked][0].replace(/\/[^/]*$/, "");
  at.select();
  return new Promise((answer) => {
    el("where").addEventListener("close", () => answer(el("where").returnValue === "yes" ? at.value.trim() : ""), { once: true });
  });
}

async function pack() {
  try {
    const blob = await download("iib/zip", { paths: [...picked], compress: false, pack_only: false });
    const link = make("a", { href: URL.createObjectURL(blob), download: `lumidex-${picked.size}.zip` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  } catch (error) {
    failed(error);
  }
}

async function like() {
  try {
    const { all_custom_tags: tags } = await ask("iib/global_setting");
    const tag = tags.find(({ name }) => name === "like");
    const paths = [...picked];
    await perform("iib/db/batch_update_image_tag", { img_paths: paths, action: "add", tag_id: tag.id }, `${pictures(paths.length)} liked`);
  } catch (error) {
    failed(error);
  }
}

onPick((n) => {
  el("picked").hidden = n === 0;
  el("picked-number").textContent = pictures(n);
});
el("picked-trash").addEventListener("click", async () => { if (await remove([...picked])) pickNone(); });
el("picked-move").addEventListener("click", () => transfer("iib/move_files", "moved"));
el("picked-copy").addEventListener("click", () => transfer("iib/copy_files", "copied"));
el("picked-zip").addEventListener("click", pack);
el("picked-like").addEventListener("click", like);
el("picked-none").addEventListener("click", pickNone);
el("where-no").addEventListener("click", () => el("where").close(""));
