// Files as tiles. What is in sight is described a moment later: tags, covers of folders, prompts; and more is
// asked for before the end comes in sight.

import { post, url } from "./ask-3d4e5f6a.js";
import { make, rest } from "./dom-2c3d4e5f.js";
import { list, must, object, text } from "./shape-1b2c3d4e.js";
import { heart, isKnown, onTags, readTags, tagsOf } from "./tags-5f6a7b8c.js";
import { view } from "./view-7b8c9d0e.js";

const REST_MS = 500;
const AHEAD = 50;
const KINDS = {
  image: "jpg jpeg png gif bmp webp avif jpe".split(" "),
  video: "mp4 m4v avi mkv mov wmv flv ts webm".split(" "),
  audio: "mp3 wav ogg flac m4a aac wma".split(" "),
};

export function kind({ name }) {
  const extension = name.split(".").pop().toLowerCase();
  return Object.keys(KINDS).find((one) => KINDS[one].includes(extension)) ?? null;
}

export const thumbnail = ({ fullpath, date }) => url("/image-thumbnail", { path: fullpath, size: "512x512", t: date });
export const cover = ({ fullpath, date }) => url("/video_cover", { path: fullpath, mt: date });

// Prompts by path, to show where one changes.
const prompts = new Map();

export class Grid {
  element = make("ol", { className: "grid" });
  files = [];
  #tiles = new Map();
  #seen = new Set();
  #moved = 0;
  #filling = null;
  #more;
  #open;
  #drop;
  #watch = new IntersectionObserver((entries) => this.#see(entries));

  // `more` gives further files, or none when there are no more; `open` is what a click on a folder does, and
  // `drop` what it means to drop the file at a path on one.
  constructor({ more = async () => [], open = () => {}, drop = () => {} } = {}) {
    this.#more = more;
    this.#open = open;
    this.#drop = drop;
    onTags((paths) => paths.forEach((path) => this.#tags(path)));
  }

  show(files) {
    this.#watch.disconnect();
    this.#tiles.clear();
    this.#seen.clear();
    this.files = [];
    this.element.replaceChildren();
    this.add(files);
  }

  add(files) {
    for (const file of files) {
      must(!this.#tiles.has(file.fullpath), `${file.fullpath} is in a list once`);
      const tile = this.#tile(file);
      this.#tiles.set(file.fullpath, tile);
      this.files.push(file);
      this.element.append(tile);
      this.#watch.observe(tile);
    }
  }

  remove(path) {
    this.#tiles.get(path).remove();
    this.#tiles.delete(path);
    this.files = this.files.filter(({ fullpath }) => fullpath !== path);
  }

  get picked() {
    return this.files.filter(({ fullpath }) => this.#tiles.get(fullpath).querySelector("input").checked);
  }

  // Until there is more than is in sight, or nothing more.
  fill() {
    this.#filling ??= this.#fill().finally(() => { this.#filling = null; });
    return this.#filling;
  }

  async #fill() {
    while (this.files.length - 1 - this.#last() < AHEAD) {
      const files = await this.#more();
      if (files.length === 0) return;
      this.add(files);
      await new Promise((drawn) => requestAnimationFrame(drawn));
    }
  }

  #last() {
    return this.files.findLastIndex(({ fullpath }) => this.#seen.has(fullpath));
  }

  #tile(file) {
    const tile = make("li", { dataset: { path: file.fullpath, type: file.type }, draggable: true });
    tile.addEventListener("dragstart", (event) => event.dataTransfer.setData("text/plain", file.fullpath));
    if (file.type === "dir") {
      tile.addEventListener("dragover", (event) => event.preventDefault());
      tile.addEventListener("drop", (event) => {
        event.preventDefault();
        return this.#drop(file, event.dataTransfer.getData("text/plain"));
      });
    }
    const picture = make("button", { type: "button", className: "picture", title: file.fullpath });
    picture.append(...this.#inside(file, picture));
    picture.addEventListener("click", () => {
      if (file.type === "dir") this.#open(file);
      else view(this.files.filter(({ type }) => type === "file"), file);
    });
    const like = make("button", { type: "button", className: "heart", ariaLabel: "like" }, "♥");
    like.addEventListener("click", () => heart(file.fullpath));
    tile.append(picture, make("input", { type: "checkbox", ariaLabel: "pick" }));
    if (kind(file)) tile.append(like);
    tile.append(make("b", {}, file.name), make("small", { className: "date" }, file.date));
    tile.append(make("small", { className: "size" }, file.size), make("small", { className: "tags" }));
    return tile;
  }

  #inside(file, picture) {
    if (file.type === "dir") return [];
    if (kind(file) === "image") return [make("img", { src: thumbnail(file), loading: "lazy", alt: file.name })];
    if (kind(file) === "video") picture.style.backgroundImage = `url("${cover(file)}")`;
    return [];
  }

  #see(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#seen.add(target.dataset.path);
      else this.#seen.delete(target.dataset.path);
    }
    this.fill();
    this.#moved += 1;
    this.#describe(this.#moved);
  }

  // Once nothing has moved for a moment.
  async #describe(moved) {
    await rest(REST_MS);
    if (moved !== this.#moved) return;
    const seen = this.files.filter(({ fullpath }) => this.#seen.has(fullpath));
    const under = seen.filter(({ is_under_scanned_path }) => is_under_scanned_path);
    const paths = (files) => files.map(({ fullpath }) => fullpath);
    const untagged = paths(under.filter((file) => kind(file) && file.type === "file" && !isKnown(file.fullpath)));
    if (untagged.length > 0) await readTags(untagged);
    const folders = paths(under.filter(({ type, fullpath }) => type === "dir" && !this.#tileOf(fullpath).covered));
    if (folders.length > 0) await this.#covers(folders);
    const images = paths(seen.filter((file) => kind(file) === "image" && !prompts.has(file.fullpath)));
    if (images.length > 0) await readPrompts(images);
    for (const { fullpath } of seen) {
      this.#tags(fullpath);
      if (this.#tiles.has(fullpath)) this.#tileOf(fullpath).dataset.described = prompts.get(fullpath)?.length ?? "";
    }
  }

  #tileOf(path) {
    return this.#tiles.get(path);
  }

  async #covers(folders) {
    const answer = object(await post("/batch_top_4_media_info", { paths: folders }), "batch_top_4_media_info");
    for (const [folder, files] of Object.entries(answer)) {
      must(list(files, folder, fileCover).length <= 4, `${folder} has at most four covers`);
      const tile = this.#tiles.get(folder);
      if (!tile) continue;
      tile.covered = true;
      const source = (file) => (file.media_type === "video" ? cover(file) : thumbnail(file));
      tile.querySelector(".picture").replaceChildren(...files.map((file) => make("img", { src: source(file), alt: file.name })));
    }
  }

  #tags(path) {
    const tile = this.#tiles.get(path);
    if (!tile) return;
    const tags = tagsOf(path);
    tile.querySelector(".tags").replaceChildren(...tags.map(({ name, color }) => {
      const shown = make("span", {}, name);
      shown.style.borderColor = color;
      return shown;
    }));
    const like = tile.querySelector(".heart");
    if (like) like.ariaPressed = String(tags.some(({ name }) => name === "like"));
  }
}

function fileCover(file, what) {
  for (const name of ["name", "fullpath", "date"]) text(file[name], `${what}.${name}`);
  must(["image", "video"].includes(file.media_type), `${what}.media_type`);
}

async function readPrompts(paths) {
  const answer = object(await post("/image_geninfo_batch", { paths }), "image_geninfo_batch");
  for (const path of paths) prompts.set(path, text(answer[path], `the text of ${path}`).trim());
}
