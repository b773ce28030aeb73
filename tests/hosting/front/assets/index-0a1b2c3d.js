// The entry: first load, panes and the way between them, deep links, and what happens when somebody comes back.

import { STATIC, infos } from "./ask-3d4e5f6a.js";
import { known, load, news } from "./conf-4e5f6a7b.js";
import { button, make, toast } from "./dom-2c3d4e5f.js";
import { folder } from "./folder-8c9d0e1f.js";
import { aside, pair, settings, snapshots, some, start, trend } from "./panes-4c5d6e7f.js";
import { matched, random, substring, tagSearch } from "./search-1f2a3b4c.js";
import { fileInfo, must } from "./shape-1b2c3d4e.js";
import { view } from "./view-7b8c9d0e.js";

// A chunk, with its looks first, from where the files are published.
const chunks = new Map();
function chunk(script, looks) {
  if (!chunks.has(script)) {
    chunks.set(script, new Promise((done, failed) => {
      const link = make("link", { rel: "stylesheet", crossOrigin: "", href: `${STATIC}/assets/${looks}` });
      link.addEventListener("load", () => done(import(`${STATIC}/assets/${script}`)));
      link.addEventListener("error", () => failed(new Error(`${looks} cannot be had`)));
      document.head.append(link);
    }));
  }
  return chunks.get(script);
}
const topics = () => chunk("topics-2a3b4c5d.js", "topics-3b4c5d6e.css");

const PANES = {
  empty: start,
  local: folder,
  "tag-search": tagSearch,
  "tag-search-matched-image-grid": matched,
  "fuzzy-search": substring,
  "topic-search": async (...all) => (await topics()).topics(...all),
  "topic-search-matched-image-grid": async (...all) => (await topics()).atPaths(...all),
  "grid-view": some,
  "img-sli": pair,
  "random-image": random,
  "batch-download": aside,
  "workspace-snapshot": snapshots,
  "global-setting": settings,
  trend,
};
const LISTED = ["empty", "tag-search", "fuzzy-search", "topic-search", "random-image", "batch-download", "workspace-snapshot", "global-setting", "trend"];

// What the open pane does when somebody comes back to it.
let back = async () => {};

async function open(type, props) {
  must(type in PANES, `a pane named ${type}`);
  const mount = make("section", { dataset: { pane: type } });
  document.getElementById("pane").replaceChildren(mount);
  back = async () => {};
  back = (await PANES[type](mount, props, open)) ?? back;
  mount.dataset.ready = "true";
}

// From the page's address: a folder, a file, a pane.
async function linked() {
  const asked = new URLSearchParams(location.search);
  const path = asked.get("path");
  must(known.conf.global_setting, "folders of the host are an object");
  switch (asked.get("action")) {
    case "open":
      return open("local", { path, mode: asked.get("mode") ?? "scanned" });
    case "view": {
      const files = await infos([path], fileInfo);
      await open("grid-view", { files });
      return files.length === 0 ? toast(`${path} is not there`) : view(files, files[0]);
    }
    case "pane":
      return open(asked.get("type"), JSON.parse(asked.get("props") ?? "{}"));
    default:
      return open("empty", {});
  }
}

async function begin() {
  await load();
  document.getElementById("panes").append(...LISTED.map((type) => button(type, () => open(type, {}))));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") return back();
  });
  if (known.conf.export_fe_fn) parent.frontEnd = { open };
  const version = news();
  await linked();
  document.title = `A front end for tests, ${await version}`;
}

await begin();
