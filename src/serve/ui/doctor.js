// How reading the files went: who wrote them, which say nothing and why, and reading them all again.

import { ask, el, failed, make, number, post } from "./ask.js";

const GROUPS = [["writers", "Made with"], ["without", "Without a recipe"], ["complaints", "Something was wrong"], ["containers", "Kinds of files"]];

async function open() {
  try {
    const found = await ask("api/v1/doctor?examples=1");
    el("diagnosis").textContent = diagnosis(found);
    el("findings").replaceChildren(...GROUPS.flatMap(([key, title]) => group(title, found[key])), ...slowest(found.slowest));
    if (!el("doctor").open) el("doctor").showModal();
  } catch (error) {
    failed(error);
  }
}

function diagnosis({ images, outdated, edited }) {
  const said = [`${number(images)} files were read.`];
  if (edited) said.push(`${number(edited)} have a text you gave them.`);
  if (outdated) said.push(`${number(outdated)} were read by an older version and will be read again by themselves.`);
  return said.join(" ");
}

function group(title, groups) {
  const rows = Object.entries(groups).sort(([, a], [, b]) => b.files - a.files);
  return table(title, rows.map(([word, { files, examples }]) => [word, number(files), examples[0] ?? ""]));
}

const slowest = (files) => table("Slowest", files.slice(0, 5).map(({ path, ms }) => ["", `${ms.toFixed(1)} ms`, path]));

function table(title, rows) {
  if (rows.length === 0) return [];
  const body = make("tbody");
  for (const [word, files, example] of rows) {
    const row = make("tr");
    const last = make("td");
    last.append(make("small", { textContent: example }));
    row.append(make("th", { scope: "row", textContent: word }), make("td", { textContent: files }), last);
    body.append(row);
  }
  const whole = make("table");
  whole.append(body);
  return [make("h3", { textContent: title }), whole];
}

async function reparse() {
  el("reparse").disabled = true;
  try {
    await post("api/v1/doctor/reparse", {});
    el("diagnosis").textContent = "Every file is being read again; what you did stays. The bar at the top shows how far that is.";
  } catch (error) {
    el("diagnosis").textContent = error.message;
  } finally {
    el("reparse").disabled = false;
  }
}

el("examine").addEventListener("click", open);
el("reparse").addEventListener("click", reparse);
el("dismiss").addEventListener("click", () => el("doctor").close());
