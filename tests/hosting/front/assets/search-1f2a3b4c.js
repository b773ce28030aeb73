// Searching: by tags, by a piece of text or an expression, and at random; and results page by page.

import { get, post } from "./ask-3d4e5f6a.js";
import { button, choice, field, make, say } from "./dom-2c3d4e5f.js";
import { Grid } from "./grid-6a7b8c9d.js";
import { fileInfo, flag, list, must, object, page, text } from "./shape-1b2c3d4e.js";
import { addTag, basicInfo, colour, freshInfo, removeTag, update } from "./tags-5f6a7b8c.js";

const ORDER = [
  "custom", "Source Identifier", "Model", "Media Type", "lora", "lyco", "pos", "size", "Sampler",
  "Postprocess upscaler", "Postprocess upscale by",
];
const SHOWN_TAGS = 512;

// Pages by a stack of cursors, from the first, "", until there is no further one.
function pages(route, wish) {
  const cursors = [""];
  return async () => {
    while (cursors.length > 0) {
      const cursor = cursors[cursors.length - 1];
      const { files, cursor: { has_next, next } } = page(await post(route, { ...wish, cursor }), route);
      if (has_next) {
        must(!cursors.includes(next), `${route} makes progress`);
        cursors.push(next);
      } else {
        cursors.length = 0;
      }
      if (files.length > 0) return files;
    }
    return [];
  };
}

const saying = (said) => make("p", { className: "said" }, said);

async function expired() {
  const answer = object(await get("/db/expired_dirs"), "expired_dirs");
  list(answer.expired_dirs, "expired_dirs", text);
  return flag(answer.expired, "expired");
}

// What the button is for: an index that is empty, or behind.
function updating(said, info, after) {
  said.textContent = say("{img_count} pictures, {n} tags", { ...info, n: info.tags.length });
  if (info.img_count > 0 && !info.expired) return;
  said.append(button("Update index", async () => {
    await update();
    await after();
  }));
}

export async function tagSearch(mount, props, open) {
  const said = saying("");
  const groups = make("div", { className: "groups" });
  const into = choice("kind", ["and_tags", "or_tags", "not_tags"]);
  const name = field("Tag");
  const hue = make("input", { type: "color", ariaLabel: "Colour", value: "#3366cc" });
  const scope = field("Below folder");
  const random = make("input", { type: "checkbox", ariaLabel: "random" });
  const chosen = { and_tags: [], or_tags: [], not_tags: [] };
  let tags = [];
  const named = () => tags.find((tag) => tag.type === "custom" && tag.name === name.value);

  const draw = (info) => {
    tags = info.tags.sort((a, b) => b.count - a.count);
    updating(said, info, refresh);
    const types = new Set([...ORDER, ...tags.map(({ type }) => type)]);
    const sections = [...types].map((type) => [type, tags.filter((tag) => tag.type === type)]);
    const isShown = ([type, some]) => some.length > 0 && !(type === "Media Type" && some.length === 1);
    groups.replaceChildren(...sections.filter(isShown).map(([type, some]) => section(type, some)));
  };
  const section = (type, some) => {
    const shown = some.slice(0, SHOWN_TAGS).map((tag) => {
      const label = tag.display_name === null ? tag.name : `${tag.display_name} : ${tag.name}`;
      const pick = () => chosen[into.value].push(tag.id);
      const one = button(`${label} ${tag.count}`, pick, { className: "tag", dataset: { name: tag.name } });
      one.style.color = tag.color || `hsl(${(tag.id * 47) % 360} 60% 50%)`;
      return one;
    });
    return make("section", { dataset: { type } }, make("h2", {}, type), ...shown);
  };
  const refresh = async () => draw(await basicInfo());
  const search = () => {
    const folders = scope.value === "" ? [] : scope.value.split("\n");
    const wish = { ...chosen, folder_paths_str: scope.value, folder_paths: folders, random_sort: random.checked };
    return open("tag-search-matched-image-grid", { selectedTagIds: wish, id: String(Date.now()) });
  };
  const changed = (work) => async () => {
    await work();
    await refresh();
  };
  const tools = make("div", { className: "tools" }, into, name, hue, scope, random);
  tools.append(
    button("Search", search),
    button("Add tag", changed(() => addTag(name.value))),
    button("Remove tag", changed(() => removeTag(named().id))),
    button("Colour", changed(() => colour(named(), hue.value))),
  );
  mount.append(make("h1", {}, "Tags"), tools, said, groups);
  draw(await freshInfo());
  return async () => {
    if (await expired()) await refresh();
  };
}

export async function matched(mount, { selectedTagIds: wish }) {
  const said = saying("");
  const grid = new Grid({ more: pages("/db/match_images_by_tags", wish) });
  mount.append(make("h1", {}, "Pictures with tags"), said, grid.element);
  await grid.fill();
  said.textContent = say("{n} so far", { n: grid.files.length });
  const isOneTag = wish.and_tags.length === 1 && wish.or_tags.length + wish.not_tags.length === 0;
  if (grid.files.length === 0 && isOneTag && wish.folder_paths.length === 0) {
    said.append(button("Rebuild index", async () => {
      must((await post("/db/rebuild_index")) === null, "rebuild_index answers null");
      said.textContent = "The index was built anew";
    }));
  }
  return async () => void (await expired());
}

export async function substring(mount, props) {
  const words = field("Text", { value: props.surstr ?? "" });
  const isRegexp = make("input", { type: "checkbox", ariaLabel: "expression" });
  const isPathOnly = make("input", { type: "checkbox", ariaLabel: "paths only" });
  const kinds = choice("media", ["all", "image", "video"]);
  const scope = field("Below folder");
  const said = saying("");
  let next = async () => [];
  const grid = new Grid({ more: () => next() });
  const search = async () => {
    const wish = {
      regexp: isRegexp.checked ? words.value : "",
      surstr: isRegexp.checked ? "" : words.value,
      path_only: isPathOnly.checked,
      folder_paths: scope.value === "" ? [] : [scope.value],
      media_type: kinds.value,
    };
    next = pages("/db/search_by_substr", wish);
    grid.show([]);
    await grid.fill();
    said.textContent = say("{n} so far", { n: grid.files.length });
  };
  const refresh = async () => updating(said, await basicInfo(), refresh);
  const tools = make("div", { className: "tools" }, words, isRegexp, isPathOnly, kinds, scope, button("Search", search));
  mount.append(make("h1", {}, "Text"), tools, said, grid.element);
  updating(said, await freshInfo(), refresh);
  return async () => void (await expired());
}

export async function random(mount) {
  const said = saying("");
  const grid = new Grid();
  const shuffle = async () => {
    const files = list(await get("/db/random_images"), "random_images", fileInfo);
    must(files.length <= 128, "random_images are at most 128");
    said.textContent = files.length === 0 ? "There is nothing yet" : say("{n} at random", { n: files.length });
    grid.show(files);
  };
  mount.append(make("h1", {}, "Random"), button("Shuffle", shuffle), said, grid.element);
  await shuffle();
}
