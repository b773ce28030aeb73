// Tags on pictures: which are known, and putting them on and taking them off.

import { get, post } from "./ask-3d4e5f6a.js";
import { known, like } from "./conf-4e5f6a7b.js";
import { flag, list, must, number, object, tag, text } from "./shape-1b2c3d4e.js";

// Custom tags by path, as they were answered last.
const cached = new Map();
const listeners = new Set();

export const tagsOf = (path) => cached.get(path) ?? [];
export const isKnown = (path) => cached.has(path);
export const onTags = (listener) => listeners.add(listener);

// What is absent from the answer has none.
export async function readTags(paths) {
  const answer = object(await post("/db/get_image_tags", { paths }), "get_image_tags");
  for (const path of Object.keys(answer)) must(paths.includes(path), `get_image_tags was asked for ${path}`);
  for (const path of paths) {
    const tags = answer[path] ?? [];
    for (const one of list(tags, "tags of a picture", tag)) must(one.type === "custom", "only custom tags");
    cached.set(path, tags);
  }
  for (const listener of listeners) listener(paths);
}

// The element's id tells which tag, as a number in a text.
export async function toggle(path, name) {
  const tagId = Number(name.split("toggle-tag-")[1]);
  const { is_remove } = object(await post("/db/toggle_custom_tag_to_img", { tag_id: tagId, img_path: path }), "toggle");
  must(is_remove !== undefined, "toggle says is_remove");
  await readTags([path]);
  must(tagsOf(path).some(({ id }) => id === tagId) !== Boolean(is_remove), "the tag is as is_remove says");
}

export async function toggleMany(paths, tagId, action) {
  must((await post("/db/batch_update_image_tag", { img_paths: paths, action, tag_id: tagId })) === null, "null");
  await readTags(paths);
}

export const heart = (path) => toggle(path, `toggle-tag-${like().id}`);

export async function basicInfo() {
  const info = object(await get("/db/basic_info"), "basic_info");
  number(info.img_count, "img_count");
  list(info.tags, "basic_info.tags", tag);
  flag(info.expired, "expired");
  list(info.expired_dirs, "expired_dirs", text);
  return info;
}

export async function update() {
  must((await post("/db/update_image_data", {})) === null, "update_image_data answers null");
}

// What a search starts with: an index that is behind is brought up to date first.
export async function freshInfo() {
  const info = await basicInfo();
  if (info.img_count === 0 || !info.expired) return info;
  await update();
  return basicInfo();
}

export async function addTag(name) {
  await basicInfo();
  const added = tag(await post("/db/add_custom_tag", { tag_name: name }), "add_custom_tag");
  must(added.type === "custom" && added.name === name, "the tag that was added");
  const others = known.conf.all_custom_tags.filter(({ id }) => id !== added.id);
  known.conf.all_custom_tags = [...others, added];
  return added;
}

export async function removeTag(tagId) {
  must((await post("/db/remove_custom_tag", { tag_id: tagId })) === null, "remove_custom_tag answers null");
  known.conf.all_custom_tags = known.conf.all_custom_tags.filter(({ id }) => id !== tagId);
}

// The whole tag is sent, of which the colour counts.
export async function colour(one, color) {
  must((await post("/db/update_tag", { ...one, color })) === null, "update_tag answers null");
}
