// That our front end is strict: each answer of the server that breaks the contract in one way must break a page,
// or the sequences prove nothing. The answers are bent on their way to the page.

import assert from "node:assert/strict";
import { pictures } from "./ground.mjs";
import { check, until } from "./play.mjs";
import { Watch } from "./watch.mjs";

const pane = (type, props = {}) => `?${new URLSearchParams({ action: "pane", type, props: JSON.stringify(props) })}`;
const open = (path, mode) => `?${new URLSearchParams({ action: "open", path, mode })}`;
const view = (path) => `?${new URLSearchParams({ action: "view", path })}`;

// What is wrong, where it shows, whose answer it is, how it is bent, what is then heard, and what to click before.
function lies(place) {
  const fixed = open(place.deeds, "scanned-fixed");
  const one = view(pictures(place.deeds)[0]);
  const topics = pane("topic-search");
  const job = "/db/cluster_iib_output_job_status*";
  return [
    ["dates as numbers", fixed, "/files*", ({ files }) => files.forEach((file) => { file.date = 1.7e9; }), /date is a text, not 1700000000/],
    ["no time of creation", fixed, "/files*", ({ files }) => files.forEach((file) => { delete file.created_time; }), /created_time is a text/],
    ["sizes with one decimal", fixed, "/files*", ({ files }) => files.forEach((file) => { file.size = "1.2 MB"; }), /reads like 1.20 MB/],
    ["a file twice", fixed, "/files*", ({ files }) => { files.push(...files); }, /is in a list once/],
    ["files not in an array", fixed, "/files*", (answer) => { answer.files = {}; }, /files is an array/],
    ["a path without an answer", "", "/check_path_exists", (answer) => { delete answer[place.home]; }, /check_path_exists answers for/],
    ["no tag named like", "", "/global_setting", (answer) => { answer.all_custom_tags = []; }, /a custom tag named like/],
    ["a folder's type of the other dialect", "", "/global_setting", ({ extra_paths: [one] }) => { one.types = ["scan"]; }, /a type of folder named scan/],
    ["tags of the other dialect", pane("tag-search"), "/db/basic_info", ({ tags }) => tags.forEach((tag) => { tag.type = "auto"; }), /says which kind it is/],
    ["tags that are not counted", pane("tag-search"), "/db/basic_info", ({ tags }) => tags.forEach((tag) => { delete tag.count; }), /count is a number/],
    ["random pictures in an object", pane("random-image"), "/db/random_images", (answer) => ({ files: answer }), /random_images is an array/],
    ["a cursor that is a number", pane("fuzzy-search"), "/db/search_by_substr", ({ cursor }) => { cursor.next = 7; }, /cursor.next is a text/, ["Search"]],
    ["a cursor that stands still", pane("fuzzy-search"), "/db/search_by_substr", ({ cursor }) => { cursor.next = ""; }, /makes progress/, ["Search"]],
    ["no text where there is none", one, "/image_geninfo?*", () => null, /image_geninfo is a text, not null/],
    ["prompts that are null", fixed, "/image_geninfo_batch", (answer) => Object.fromEntries(Object.keys(answer).map((path) => [path, null])), /the text of .* is a text/],
    ["metadata that are objects", one, "/image_exif*", () => ({ prompt: {} }), /image_exif.prompt is a text/, ["Metadata"]],
    ["days as numbers", pane("trend"), "/db/stats/trend", ({ daily_contributions: [day] }) => { day.date = 20_000; }, /date is a text/],
    ["words of the other dialect", topics, job, (answer) => { answer.status = "completed"; }, /a job is never completed/, ["Refresh"]],
    ["topics without what is left over", topics, job, (answer) => { delete answer.result?.noise; }, /reading 'length'/, ["Refresh"]],
  ];
}

async function bent(browser, server, [, search, route, bend, , clicks = []]) {
  const context = await browser.newContext();
  const watch = new Watch(server.url);
  await watch.follow(context);
  await context.route(`${server.url}/iib${route}`, async (taken) => {
    const response = await taken.fetch();
    const answer = await response.json();
    const other = bend(answer);
    await taken.fulfill({ response, json: other === undefined ? answer : other });
  });
  const page = await context.newPage();
  await page.goto(`${server.url}/iib${search}`);
  for (const name of clicks) await page.getByRole("button", { name, exact: true }).click();
  await until("a script fails", () => watch.faults.length > 0).catch(() => {});
  const { faults } = watch;
  await context.close();
  return faults.join("\n");
}

export async function strict(browser, server, place) {
  const scope = { name: "topic_search_scope", value: JSON.stringify({ folder_paths: [place.pics] }) };
  await fetch(`${server.url}/iib/app_fe_setting`, { method: "POST", body: JSON.stringify(scope) });
  for (const lie of lies(place)) {
    const [name, , , , heard] = lie;
    await check(`strict: ${name}`, async () => assert.match(await bent(browser, server, lie), heard));
  }
  await check("strict: a refusal that is not about the key asks for no key", async () => {
    const page = await browser.newPage();
    await page.route("**/iib/global_setting", (taken) => taken.fulfill({ status: 401, json: { detail: "no" } }));
    await page.goto(`${server.url}/iib`);
    await page.locator("#toasts li").waitFor();
    assert.equal(await page.locator("#toasts").textContent(), "no");
    assert.equal(await page.locator("#key").count(), 0);
    await page.close();
  });
  await check("strict: a folder that is told in two ways is read again", async () => {
    const page = await browser.newPage();
    await page.route("**/iib/files?*", async (taken) => {
      const response = await taken.fetch();
      const { files } = await response.json();
      await taken.fulfill({ response, json: { files: files.map((file) => (file.type === "dir" ? { ...file, id: 1 } : file)) } });
    });
    await page.goto(`${server.url}/iib${open(place.pics, "walk")}`);
    await page.locator('[data-loads="1"][data-ready=true]').waitFor();
    await page.evaluate(() => void document.dispatchEvent(new Event("visibilitychange")));
    await page.locator('[data-loads="2"]').waitFor();
    await page.close();
  });
}
