// What happens while the page is open: told by a stream of events, asked for now and then where there is none.

import { Locked, ask, el, failed } from "./ask.js";
import { follow, leave } from "./grid.js";
import { tell } from "./status.js";

// How long a stream that was refused is left alone.
const AGAIN_MS = 15000;

let stream = null;
let heard = "";
let polling = 0;
let images = null;

// Listens, if it does not already.
export function listen() {
  if (stream?.readyState === 0 || stream?.readyState === 1) return;
  if (document.hidden) return;
  if (typeof EventSource === "undefined") { poll(); return; }
  stream = new EventSource(heard ? `events?last_event_id=${encodeURIComponent(heard)}` : "events");
  const on = (name, work) => stream.addEventListener(name, (event) => {
    if (event.lastEventId) heard = event.lastEventId;
    work(JSON.parse(event.data));
  });
  stream.addEventListener("open", () => { clearTimeout(polling); polling = 0; el("secret").hidden = true; });
  stream.addEventListener("error", () => {
    if (!polling) poll();
    if (stream.readyState === 2) setTimeout(listen, AGAIN_MS);
  });
  // What was found before the stream began may be older than it.
  on("hello", follow);
  on("reset", follow);
  on("changes", (changes) => {
    leave(changes.images.filter((image) => image.state !== "present").map((image) => image.id));
    if (changes.images.length > 0) follow();
  });
  on("status", tell);
}

// A page that nobody sees leaves its connection to others.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    stream?.close();
    clearTimeout(polling);
    polling = 0;
  } else {
    listen();
  }
});

// Asks what is going on while there is no stream.
async function poll() {
  let wait = 5000;
  // Taken, until it is known when to ask again.
  polling = -1;
  try {
    const status = await ask("api/v1/status");
    el("secret").hidden = true;
    tell(status);
    if (status.indexing.running || !status.ready || status.partial) wait = 700;
    if (images !== null && images !== status.images) follow();
    images = status.images;
  } catch (error) {
    if (error instanceof Locked) failed(error);
    else el("status").textContent = "the server does not answer";
  }
  if (polling === -1) polling = stream?.readyState === 1 ? 0 : setTimeout(poll, wait);
}
