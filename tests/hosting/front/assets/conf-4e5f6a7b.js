// What the server says of itself, which folders there are, and the settings that are kept there.

import { exist, get, post } from "./ask-3d4e5f6a.js";
import { rest, style } from "./dom-2c3d4e5f.js";
import { flag, list, must, object, tag, text } from "./shape-1b2c3d4e.js";

const OUTPUTS = [
  "outputs/extras-images",
  "outputs/img2img-grids",
  "outputs/img2img-images",
  "log/images",
  "outputs/txt2img-grids",
  "outputs/txt2img-images",
];
const TYPES = ["scanned", "scanned-fixed", "walk", "cli_access_only"];
const SAVE_MS = 500;
const NEWS_MS = 500;
// Any two public lists; nobody minds if they cannot be had.
const NEWS = ["https://api.github.com/versions", "https://api.github.com/events"];

export const known = { conf: null, presets: [], settings: null };

export async function load() {
  const conf = object(await get("/global_setting"), "global_setting");
  object(conf.global_setting, "global_setting.global_setting");
  object(conf.app_fe_setting, "app_fe_setting");
  for (const name of ["cwd", "home", "sd_cwd"]) text(conf[name], name);
  for (const name of ["is_win", "enable_access_control", "is_readonly", "export_fe_fn"]) flag(conf[name], name);
  must(["server", "sd"].includes(conf.launch_mode), "launch_mode");
  list(conf.all_custom_tags, "all_custom_tags", tag);
  must(conf.all_custom_tags.some(isLike), "there is a custom tag named like");
  list(conf.extra_paths, "extra_paths", ({ path, types, alias }) => {
    text(path, "extra_paths[].path");
    text(alias, "extra_paths[].alias");
    for (const type of list(types, "types")) must(TYPES.includes(type), `a type of folder named ${type}`);
  });
  known.conf = conf;
  const outputs = OUTPUTS.map((output) => `${conf.sd_cwd}/${output}`);
  known.presets = await exist([...outputs, conf.sd_cwd, conf.home, `${conf.home}/Desktop`]);
  if (!known.settings) {
    known.settings = { lang: "en", cell_px: 160, ...conf.app_fe_setting.global };
    if (!conf.app_fe_setting.global) keep({});
    style(`:root { --cell: ${known.settings.cell_px}px }`);
  }
}

export const isLike = ({ name, type }) => name === "like" && type === "custom";
export const like = () => known.conf.all_custom_tags.find(isLike);
export const folders = (type) => known.conf.extra_paths.filter(({ types }) => types.includes(type));

// Settings are saved when nothing changed for a moment, and nowhere when nothing may be written.
let latest = 0;
export async function keep(changes) {
  Object.assign(known.settings, changes);
  latest += 1;
  const mine = latest;
  await rest(SAVE_MS);
  if (mine === latest && !known.conf.is_readonly) await put("global", known.settings);
}

export async function put(name, value) {
  const answer = await post("/app_fe_setting", { name, value: JSON.stringify(value) });
  must(answer === null, "app_fe_setting answers null");
}

// Which version this is, and whether there is another.
export async function news() {
  await rest(NEWS_MS);
  const { tag: version, hash } = object(await get("/version"), "version");
  for (const one of [version, hash]) must(one == null || typeof one === "string", "version.tag and version.hash");
  await Promise.allSettled(NEWS.map((address) => fetch(address)));
  return version ?? "of its own version";
}
