// Folders, in three ways: step by step from the top, at once and fixed, or walked with everything below.

import { get, infos } from "./ask-3d4e5f6a.js";
import { known } from "./conf-4e5f6a7b.js";
import { deeds } from "./deeds-9d0e1f2a.js";
import { button, choice, make, toast } from "./dom-2c3d4e5f.js";
import { Grid, kind } from "./grid-6a7b8c9d.js";
import { instant, isSame, list, listed, must, object } from "./shape-1b2c3d4e.js";

const MODES = ["scanned", "scanned-fixed", "walk"];

async function read(folder) {
  const { files } = object(await get("/files", { folder_path: folder }), "files");
  return list(files, "files", listed);
}

// Folders first, what was created last before the rest. Only folders and media.
export function sorted(entries) {
  const created = ({ created_time }) => instant(created_time, "created_time");
  const isDir = ({ type }) => (type === "dir" ? 1 : 0);
  const shown = entries.filter((entry) => entry.type === "dir" || kind(entry));
  return shown.sort((a, b) => isDir(b) - isDir(a) || created(b) - created(a));
}

const isNamed = (entry, name) =>
  known.conf.is_win ? entry.name.toLowerCase() === name.toLowerCase() : entry.name === name;

// From the top, one name after the other; a name that is not there ends it.
async function stepTo(path) {
  let entries = await read("/");
  let at = "";
  for (const name of path.split("/").filter((part) => part !== "")) {
    if (!entries.some((entry) => entry.type === "dir" && isNamed(entry, name))) {
      toast(`${name} is not in ${at || "/"}`);
      return [];
    }
    at += `/${name}`;
    entries = await read(at);
  }
  return entries;
}

// A tree, file by file, folder by folder, deepest first.
class Walk {
  // Folders as they were listed, by path.
  folders = new Map();
  #waiting = [];

  static async from(root) {
    const [top] = await infos([root], listed);
    must(top?.type === "dir", `${root} is a folder`);
    const walk = new Walk();
    walk.folders.set(root, top);
    await read(root);
    walk.#waiting.push(root);
    return walk;
  }

  // The next files; none when there are no more.
  async next() {
    while (this.#waiting.length > 0) {
      const entries = sorted(await read(this.#waiting.pop()));
      const below = entries.filter(({ type }) => type === "dir");
      for (const folder of below) this.folders.set(folder.fullpath, folder);
      this.#waiting.push(...below.map(({ fullpath }) => fullpath).reverse());
      const files = entries.filter(({ type }) => type === "file");
      if (files.length > 0) return files;
    }
    return [];
  }

  async hasChanged() {
    const paths = [...this.folders.keys()];
    const current = await infos(paths, listed);
    return !isSame(current, paths.map((path) => this.folders.get(path)));
  }
}

export async function folder(mount, { path, mode = "scanned" }, open) {
  must(MODES.includes(mode), `a mode named ${mode}`);
  let walk = null;
  const grid = new Grid({
    more: async () => (walk ? walk.next() : []),
    open: ({ fullpath }) => open("local", { path: fullpath, mode }),
    drop: (target, dropped) => tools.drop(target.fullpath, dropped),
  });
  const load = async () => {
    walk = mode === "walk" ? await Walk.from(path) : null;
    const entries = walk ? [] : await (mode === "scanned" ? stepTo(path) : read(path));
    grid.show(sorted(entries));
    await grid.fill();
    mount.dataset.loads = Number(mount.dataset.loads ?? 0) + 1;
  };
  const tools = deeds(path, grid, load, open);
  const modes = choice("mode", MODES);
  modes.value = mode;
  modes.addEventListener("change", () => open("local", { path, mode: modes.value }));
  const up = path.slice(0, path.lastIndexOf("/")) || "/";
  const parent = button("Up", () => open("local", { path: up, mode }));
  mount.append(make("h1", {}, path), make("div", { className: "tools" }, parent, modes), tools.element, grid.element);
  await load();
  return async () => {
    if (walk && (await walk.hasChanged())) await load();
  };
}
