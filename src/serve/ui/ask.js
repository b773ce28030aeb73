// Asking the server, and saying what went wrong.

export const el = (id) => document.getElementById(id);

export class Locked extends Error {
  name = "Locked";
}

async function send(path, options) {
  const response = await fetch(path, { credentials: "same-origin", ...options });
  if (response.status === 401) throw new Locked("locked");
  if (!response.ok) {
    const answer = await response.json().catch(() => null);
    const detail = answer && typeof answer.detail === "string" ? answer.detail : `the server answered ${response.status}`;
    throw Object.assign(new Error(detail), { deed: deedOf(response) });
  }
  return response;
}

// What a request did, for undoing it.
const deedOf = (response) => Number(response.headers.get("x-lumidex-deed")) || null;
const posted = (body) => ({ method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });

export const ask = async (path, options = {}) => (await send(path, options)).json().catch(() => null);
export const post = (path, body, options = {}) => ask(path, { ...posted(body), ...options });

export async function act(path, body) {
  const response = await send(path, posted(body));
  return { answer: await response.json().catch(() => null), deed: deedOf(response) };
}

export const download = async (path, body) => (await send(path, posted(body))).blob();

export const address = (file) => `api/v1/file?path=${encodeURIComponent(file.fullpath)}&t=${encodeURIComponent(file.date)}`;

// A small picture of an image, or of a video or sound its cover.
export function small(file) {
  const path = encodeURIComponent(file.fullpath), date = encodeURIComponent(file.date);
  if (file.media_type === "image") return `iib/image-thumbnail?path=${path}&size=512x512&t=${date}`;
  return `iib/video_cover?path=${path}&mt=${date}`;
}

export function say(text) {
  el("message").textContent = text;
  el("message").hidden = !text;
}

export function failed(error) {
  if (error.name === "AbortError") return;
  if (error instanceof Locked) {
    if (el("secret").hidden) {
      el("secret").hidden = false;
      el("key").focus();
    }
    return;
  }
  say(error.message);
}

export const number = (n) => n.toLocaleString();

// An element with these properties; what strangers wrote only ever becomes text.
export const make = (tag, properties = {}) => Object.assign(document.createElement(tag), properties);
