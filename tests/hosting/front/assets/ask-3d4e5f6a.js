// Asking the server. The base is written as a built front end has it; whoever publishes the files elsewhere
// puts another one in its place.

import { make, toast } from "./dom-2c3d4e5f.js";
import { must, object, text } from "./shape-1b2c3d4e.js";

export const BASE = "/infinite_image_browsing";
export const STATIC = "/infinite_image_browsing/fe-static";

export const url = (path, query) => `${BASE}${path}?${new URLSearchParams(query)}`;
export const get = (path, query) => ask("GET", query ? `${path}?${new URLSearchParams(query)}` : path);
export const post = (path, body) => ask("POST", path, body);
export const remove = (path, body) => ask("DELETE", path, body);

async function send(method, path, body) {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const response = await fetch(BASE + path, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) await refused(response, `${method} ${path}`);
  return response;
}

async function ask(method, path, body) {
  const response = await send(method, path, body);
  const type = response.headers.get("content-type");
  must(type?.startsWith("application/json"), `${method} ${path} answers JSON, not ${type}`);
  return response.json();
}

// Bytes, as of an archive. A refusal is JSON here too.
export async function bytes(path, body) {
  return (await send("POST", path, body)).blob();
}

async function refused(response, request) {
  const { detail } = JSON.parse(await response.text());
  if (response.status === 401 && detail.type === "secret_verification_failed") return key();
  const message = text(detail, `\`detail\` of ${response.status} to ${request}`);
  toast(message);
  throw new Error(`${request} answered ${response.status}: ${message}`);
}

// The key is asked for once, however many requests were refused; then everything starts anew.
let keyed = null;
function key() {
  keyed ??= (async () => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${await prompted()}_ciallo`));
    const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    document.cookie = `IIB_S=${hex}; path=/`;
    location.reload();
    await new Promise(() => {});
  })();
  return keyed;
}

function prompted() {
  const input = make("input", { type: "password", ariaLabel: "Secret key" });
  const form = make("form", { method: "dialog" }, input, make("button", {}, "OK"));
  const dialog = make("dialog", { id: "key" }, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((given) => form.addEventListener("submit", () => given(input.value)));
}

// Which of these paths exist; an answer for each is needed.
export async function exist(paths) {
  const answer = object(await post("/check_path_exists", { paths }), "check_path_exists");
  for (const path of paths) must(typeof answer[path] === "boolean", `check_path_exists answers for ${path}`);
  return paths.filter((path) => answer[path]);
}

// The files at these paths. What is not there is absent, and left out.
export async function infos(paths, check) {
  const answer = object(await post("/batch_get_files_info", { paths }), "batch_get_files_info");
  return paths.filter((path) => path in answer).map((path) => check(answer[path], path));
}
