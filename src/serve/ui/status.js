// What is going on in the library: how many images, what each folder is up to, what to look after.

import { el, failed, make, number, post, say } from "./ask.js";
import { find } from "./grid.js";

const count = (n, one, many) => `${number(n)} ${n === 1 ? one : many}`;

export function tell({ images, indexing, partial, roots, suggestions, ready, reviews, problems, is_readonly, front_end }) {
  const said = [count(images, "image", "images")];
  if (indexing.running) {
    said.push(indexing.expected > 0 ? `reading ${number(indexing.read)} of ${number(indexing.expected)}` : `looking, ${number(indexing.seen)} seen`);
  } else if (partial) {
    said.push(`text index ${number(partial.done)} of ${number(partial.total)}`);
  } else if (!ready) {
    said.push("starting");
  }
  const offline = roots.filter((root) => root.offline).length;
  if (offline) said.push(`${count(offline, "folder", "folders")} offline`);
  el("status").textContent = said.join(" · ");
  el("progress").hidden = !indexing.running;
  if (indexing.expected > 0) {
    el("progress").max = indexing.expected;
    el("progress").value = Math.min(indexing.read, indexing.expected);
  } else {
    el("progress").removeAttribute("value");
  }
  el("roots").replaceChildren(...roots.map(folder), ...problems.filter((problem) => problem.kind !== "offline").map(problemLine));
  el("front-end").hidden = !front_end;
  if (front_end) el("front-end").href = front_end;
  el("reviews").hidden = reviews === 0;
  el("reviews").textContent = `${number(reviews)} to review`;
  document.body.classList.toggle("readonly", is_readonly);
  el("welcome").hidden = roots.length > 0 || images > 0;
  if (!el("welcome").hidden && el("suggestions").childElementCount !== suggestions.length) suggest(suggestions);
}

function folder(root) {
  const item = make("li");
  item.classList.toggle("offline", root.offline);
  item.append(make("b", { textContent: root.path }), make("span", { textContent: state(root) }));
  if (root.reason) item.append(make("small", { textContent: root.reason }));
  return item;
}

function state({ state, folders_watched: watched, folders_polled: polled, poll_every_s: every }) {
  const said = state === "partly polling" ? `partly polling ${number(polled)} of ${count(watched + polled, "folder", "folders")}` : state;
  return every ? `${said}, every ${every < 120 ? `${Math.round(every)} s` : `${Math.round(every / 60)} min`}` : said;
}

const problemLine = ({ text }) => make("li", { className: "problem", textContent: text });

function suggest(folders) {
  el("suggestions").replaceChildren(...folders.map((path) => {
    const item = make("li");
    const button = make("button", { type: "button", textContent: `Add ${path}` });
    button.addEventListener("click", () => addFolder(path));
    item.append(button);
    return item;
  }));
}

async function addFolder(path) {
  try {
    await post("iib/db/extra_paths", { path, types: ["scanned"] });
    say("");
    el("welcome").hidden = true;
    await post("iib/db/update_image_data", {});
    find(el("query").value);
  } catch (error) {
    failed(error);
  }
}

el("add").addEventListener("submit", (event) => { event.preventDefault(); addFolder(el("folder").value); });
