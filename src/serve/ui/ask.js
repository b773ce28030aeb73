// Asking the server, and saying what went wrong.

export const el = (id) => document.getElementById(id);

export class Locked extends Error {}

export async function ask(path, options = {}) {
  const response = await fetch(path, { credentials: "same-origin", ...options });
  if (response.status === 401) throw new Locked("locked");
  const answer = await response.json().catch(() => null);
  if (!response.ok) {
    const detail = answer && typeof answer.detail === "string" ? answer.detail : `the server answered ${response.status}`;
    throw new Error(detail);
  }
  return answer;
}

export const post = (path, body) => ask(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
export const address = (file) => `/api/v1/file?path=${encodeURIComponent(file.fullpath)}&t=${encodeURIComponent(file.date)}`;

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
