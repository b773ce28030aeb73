// The small panes: start, settings and folders, snapshots, files put aside, two pictures side by side, and trends.

import { exist, get, post, remove, url } from "./ask-3d4e5f6a.js";
import { folders, keep, known, load, put } from "./conf-4e5f6a7b.js";
import { collected, zip } from "./deeds-9d0e1f2a.js";
import { button, choice, field, make, say, style } from "./dom-2c3d4e5f.js";
import { Grid } from "./grid-6a7b8c9d.js";
import { fileInfo, list, listed, must, number, object, text } from "./shape-1b2c3d4e.js";

const TYPES = ["scanned", "scanned-fixed", "walk"];
const SNAPSHOT = "workspace_snapshot_";

export async function start(mount, props, open) {
  const link = (path, mode, label) => make("li", {}, button(label, () => open("local", { path, mode })));
  const ways = [...TYPES, "cli_access_only"].map((type) => {
    const mode = type === "cli_access_only" ? "scanned-fixed" : type;
    const rows = folders(type).map(({ path, alias }) => link(path, mode, alias === "" ? path : alias));
    return make("section", { dataset: { type } }, make("h2", {}, type), make("ul", {}, ...rows));
  });
  const presets = known.presets.map((path) => link(path, "scanned", path));
  const preset = make("section", { dataset: { type: "preset" } }, make("h2", {}, "preset"), make("ul", {}, ...presets));
  mount.append(make("h1", {}, "Start"), ...ways, preset);
}

export async function settings(mount) {
  const path = field("Path");
  const type = choice("type", TYPES);
  const alias = field("Alias");
  const cell = make("input", { type: "number", ariaLabel: "Size of tiles", value: known.settings.cell_px });
  const rules = make("textarea", { ariaLabel: "Rules for tags", cols: 80, rows: 4 });
  rules.value = JSON.stringify(known.conf.app_fe_setting.auto_tag_rules ?? []);
  const rows = make("ul", { className: "folders" });

  const draw = () => rows.replaceChildren(...known.conf.extra_paths.flatMap((entry) => entry.types.map((type) => {
    const leave = () => changed(remove("/db/extra_paths", { types: [type], path: entry.path }));
    return make("li", { dataset: { type, path: entry.path } }, `${entry.alias} ${entry.path} ${type} `, button("Leave", leave));
  })));
  const changed = async (answer) => {
    must((await answer) === null, "extra_paths answers null");
    await load();
    draw();
  };
  const add = async () => {
    must((await exist([path.value])).length === 1, "the folder is there");
    await changed(post("/db/extra_paths", { types: [type.value], path: path.value }));
  };
  const name = async () => {
    const entry = object(await post("/db/alias_extra_path", { path: path.value, alias: alias.value }), "alias_extra_path");
    must(entry.path === path.value && entry.alias === alias.value, "the folder with its alias");
    list(entry.types, "types", text);
    await changed(null);
  };
  const size = async () => {
    style(`:root { --cell: ${Number(cell.value)}px }`);
    await keep({ cell_px: Number(cell.value) });
  };
  const tools = make("div", { className: "tools" }, path, type, alias, cell, rules);
  tools.append(
    button("Add folder", add),
    button("Set alias", name),
    button("Set size", size),
    button("Save rules", () => put("auto_tag_rules", JSON.parse(rules.value))),
  );
  mount.append(make("h1", {}, "Settings"), tools, rows);
  draw();
}

export async function snapshots(mount) {
  const name = field("Name");
  const rows = make("ul", { className: "snapshots" });
  const draw = () => {
    const stored = Object.entries(known.conf.app_fe_setting).filter(([key]) => key.startsWith(SNAPSHOT));
    rows.replaceChildren(...stored.map(([key, value]) => make("li", {}, `${value.name} `, button("Forget", () => forget(key)))));
  };
  const take = async () => {
    await put(`${SNAPSHOT}${Date.now()}`, { name: name.value, at: location.search });
    await load();
    draw();
  };
  const forget = async (key) => {
    must((await remove("/app_fe_setting", { name: key })) === null, "app_fe_setting answers null");
    await load();
    draw();
  };
  mount.append(make("h1", {}, "Snapshots"), name, button("Take", take), rows);
  draw();
}

export async function aside(mount) {
  const isSmall = make("input", { type: "checkbox", ariaLabel: "compress" });
  const isKept = make("input", { type: "checkbox", ariaLabel: "keep on the server" });
  const said = make("p", { className: "said" });
  const pack = async () => {
    await zip(collected, { compress: isSmall.checked, pack_only: isKept.checked });
    said.textContent = say("{n} files packed", { n: collected.length });
  };
  const grid = new Grid();
  mount.append(make("h1", {}, "Put aside"), isSmall, isKept, button("Download", pack), said, grid.element);
  grid.show(collected);
}

export async function some(mount, { files }) {
  const grid = new Grid();
  mount.append(make("h1", {}, "Some files"), grid.element);
  grid.show(list(files, "files", fileInfo));
}

export async function pair(mount, { left, right }) {
  const side = (file) => make("img", { src: url("/file", { path: listed(file).fullpath, t: file.date }), alt: file.name });
  mount.append(make("h1", {}, "Side by side"), make("div", { className: "pair" }, side(left), side(right)));
}

// Markup made as text, with styles in attributes, as templates of frameworks are.
const bar = (label, n, most) =>
  `<div>${label.replace(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`)} ${n}<div class="bar" style="width: ${(n / most) * 300}px"></div></div>`;

export async function trend(mount) {
  const found = object(await get("/db/stats/trend"), "trend");
  const { total_images, total_disk_usage, daily_contributions, monthly_trends } = found;
  list(daily_contributions, "daily_contributions", ({ date, count }) => {
    must(/^\d{4}-\d\d-\d\d$/.test(text(date, "date")) && !Number.isNaN(Date.parse(date)), `a day, not ${date}`);
    number(count, "count");
  });
  list(monthly_trends, "monthly_trends", ({ month }) => must(/^\d{4}-\d\d$/.test(text(month, "month")), "a month"));
  const days = daily_contributions.map(({ date }) => date);
  must(days.every((day, at) => at === 0 || days[at - 1] < day), "days ascend");
  const sum = daily_contributions.reduce((all, { count }) => all + count, 0);
  must(sum === number(total_images, "total_images"), "days add up to all pictures");
  const tops = ["top_models", "top_samplers", "top_lora", "top_source"].map((name) => {
    const rows = list(found[name], name, (top) => number(top.count, "count"));
    return [name, rows.map((top) => [text(top.name, "name"), top.count])];
  });
  const months = monthly_trends.map(({ month, count }) => [month, number(count, "count")]);
  mount.append(make("h1", {}, "Trends"), make("p", { className: "said" }, say("{total_images} pictures of {bytes} bytes", { total_images, bytes: number(total_disk_usage, "total_disk_usage") })));
  for (const [name, rows] of [["months", months], ...tops]) {
    const most = Math.max(1, ...rows.map(([, n]) => n));
    const shown = make("section", { dataset: { name } }, make("h2", {}, name));
    shown.insertAdjacentHTML("beforeend", rows.map(([label, n]) => bar(label, n, most)).join(""));
    mount.append(shown);
  }
}
