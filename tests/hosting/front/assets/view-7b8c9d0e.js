// One file at a time: the picture whole, what it says of itself, films and sounds, the viewer that goes
// from one to the next, and what is done to one.

import { bytes, get, post, url } from "./ask-3d4e5f6a.js";
import { button, make } from "./dom-2c3d4e5f.js";
import { kind } from "./grid-6a7b8c9d.js";
import { list, must, object, text } from "./shape-1b2c3d4e.js";

const picture = ({ name, fullpath, date }) =>
  url(`/img/${encodeURIComponent(name)}`, { path: fullpath, t: date });
const raw = ({ fullpath, date }) => url("/file", { path: fullpath, t: date });
const stream = ({ fullpath }) => url("/stream_video", { path: fullpath });
const download = (file) => url("/file", { path: file.fullpath, t: file.date, disposition: file.name });

// The text is asked for as JSON and used as a text at once.
export async function geninfo(path) {
  return text(await get("/image_geninfo", { path }), "image_geninfo").trim();
}

export async function view(files, file) {
  const dialog = make("dialog", { id: "view" });
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  const isImage = kind(file) === "image";
  const shown = isImage ? make("img", { id: "whole", src: picture(file), alt: file.name }) : player(file);
  const prompt = make("pre", { id: "prompt" });
  const more = make("div", { id: "more" });
  const read = async () => {
    const lines = (await geninfo(file.fullpath)).split("\n");
    prompt.textContent = lines.join("\n");
    prompt.dataset.lines = lines.length;
  };
  const tools = make("div", { className: "tools" });
  tools.append(
    button("Close", () => dialog.close()),
    button("Metadata", () => metadata(file, more)),
    button("Edit prompt", () => edit(file, more, read)),
    button("Analyse tags", () => analyse(prompt.textContent, more)),
    button("One after another", () => oneAfterAnother(files, file, more)),
    make("a", { href: download(file), download: file.name }, "Download"),
  );
  if (kind(file) === "video") tools.append(button("Set cover", () => setCover(file, shown)));
  dialog.append(tools, make("h2", {}, file.name), shown, prompt, more);
  await read();
}

// Films and sounds come in pieces, as the browser asks for them.
function player(file) {
  const name = kind(file) === "video" ? "video" : "audio";
  return make(name, { id: "whole", src: stream(file), controls: true, muted: true, preload: "auto" });
}

// Values are texts; what is JSON inside can be looked into.
async function metadata(file, more) {
  const answer = object(await get("/image_exif", { path: file.fullpath }), "image_exif");
  const rows = Object.entries(answer).map(([name, value]) => {
    text(value, `image_exif.${name}`);
    let inside = value;
    try {
      inside = JSON.stringify(JSON.parse(value), null, 1);
    } catch {
      // Most values are not JSON.
    }
    return make("details", {}, make("summary", {}, name), make("pre", {}, inside));
  });
  more.replaceChildren(make("div", { id: "exif", dataset: { count: rows.length } }, ...rows));
}

async function edit(file, more, read) {
  const words = make("textarea", { ariaLabel: "Prompt", value: await geninfo(file.fullpath), cols: 80, rows: 6 });
  const save = async () => {
    const answer = object(await post("/update_exif", { path: file.fullpath, exif: words.value }), "update_exif");
    must(answer.success === true, "update_exif says success");
    await read();
  };
  more.replaceChildren(words, button("Save prompt", save));
}

async function analyse(prompt, more) {
  const messages = [{ role: "user", content: `Name three tags for: ${prompt}` }];
  const answer = object(await post("/ai-chat", { messages, temperature: 0.3, max_tokens: 200 }), "ai-chat");
  list(answer.choices, "choices");
  more.replaceChildren(make("p", { id: "analysis" }, text(answer.choices[0].message.content, "content").trim()));
}

async function setCover(file, video) {
  const canvas = make("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  const base64_img = canvas.toDataURL("image/webp");
  const chosen = { path: file.fullpath, base64_img, updated_time: file.date };
  const cover = await bytes("/set_target_frame_as_video_cover", chosen);
  must(cover.type === "image/webp", "the cover is answered");
  video.dataset.cover = cover.size;
}

// The viewer one swipes through: files as they are, films by their stream.
function oneAfterAnother(files, first, more) {
  let at = files.indexOf(first);
  const show = (step) => {
    at = (at + step + files.length) % files.length;
    const file = files[at];
    const whole = kind(file) === "image" ? make("img", { src: raw(file), alt: file.name }) : player(file);
    whole.id = "current";
    more.replaceChildren(button("Back", () => show(-1)), button("On", () => show(1)), whole, make("b", {}, file.name));
  };
  show(0);
}
