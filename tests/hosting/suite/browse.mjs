// The first load, folders in three ways, and one file at a time (contract 18.1 to 18.5).

import assert from "node:assert/strict";
import { copyFileSync, readdirSync, readFileSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { ODD_NAME, folderOf, pictures } from "./ground.mjs";
import { bodies, names, of, until } from "./play.mjs";

const LITERAL = "/infinite_image_browsing";
// As the server's zone has it, which is an odd one.
const local = (ms) => new Date(ms + 5.75 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");

const media = (folder) => readdirSync(folder, { recursive: true }).filter((name) => /\.(png|jpe?g|webp|gif|bmp|avif|webm|wav)$/.test(name));

export async function firstLoad(play) {
  const { page, server, place, watch } = play;
  await play.check("the default base leads to the page", async () => {
    await page.goto(`${server.url}${LITERAL}`);
    assert.equal(page.url(), `${server.url}/iib`);
    await play.ready();
    await play.quiet();
  });
  await play.check("every base in it was replaced", async () => {
    const at = (path) => page.request.get(`${server.url}/iib${path}`);
    const scripts = watch.asked.filter(({ path }) => path.startsWith("/fe-static/")).map(({ path }) => path);
    assert.ok(scripts.length > 5, scripts.join());
    for (const path of ["", ...scripts]) assert.ok(!(await (await at(path)).text()).includes(LITERAL), path);
  });
  await play.check("the first load asks in order, and settings are saved once", async () => {
    const first = names(watch.asked);
    assert.deepEqual(first.filter((name) => name !== "POST /app_fe_setting").slice(0, 3), ["GET /global_setting", "POST /check_path_exists", "GET /version"]);
    assert.deepEqual(bodies(watch.asked, "POST /app_fe_setting").map(({ name }) => name), ["global"]);
    const again = names(await play.during(() => play.open()));
    assert.deepEqual(again, ["GET /global_setting", "POST /check_path_exists", "GET /version"]);
  });
  await play.check("folders are offered, those that are there", async () => {
    const offered = (type) => page.locator(`section[data-type="${type}"] button`).allTextContents();
    assert.deepEqual((await offered("scanned")).sort(), [place.pics, place.sort].sort());
    assert.deepEqual(await offered("preset"), [join(place.cwd, "outputs/txt2img-images"), place.cwd, place.home, join(place.home, "Desktop")]);
  });
  await play.check("news of versions were looked for", () => assert.ok(watch.outside.size >= 2));
}

export async function folders(play) {
  const { page, place } = play;
  const leaf = folderOf(pictures(place.pics)[0]);
  await play.check("normal: step by step from the top", async () => {
    const asked = await play.during(() => play.folder(leaf, "scanned"));
    const steps = leaf.split("/").map((_, at, all) => all.slice(0, at + 1).join("/") || "/");
    assert.deepEqual(of(asked, "GET /files").map(({ query }) => query.folder_path), steps);
    assert.deepEqual((await play.tiles()).sort(), pictures(leaf).sort());
    await play.pictured();
  });
  await play.check("what is in sight is described", async () => {
    const asked = await play.during(() => page.reload());
    assert.equal(of(asked, "POST /db/get_image_tags").length, 1);
    assert.equal(of(asked, "POST /image_geninfo_batch").length, 1);
    await play.holds(() => [...document.querySelectorAll(".grid li")].some(({ dataset }) => Number(dataset.described) > 20));
  });
  await play.check("dates are local times, as they are", async () => {
    const path = pictures(leaf)[0];
    assert.equal(await play.tile(path).locator(".date").textContent(), local(statSync(path).mtimeMs));
  });
  await play.check("a name that is not there ends it with a word", async () => {
    await play.folder(`${place.pics}/nowhere/at all`, "scanned");
    await play.says("#toasts", `nowhere is not in ${place.pics}`);
  });
  await play.check("fixed: at once, folders with covers", async () => {
    const asked = await play.during(() => play.folder(place.pics, "scanned-fixed"));
    assert.deepEqual(of(asked, "GET /files").map(({ query }) => query.folder_path), [place.pics]);
    assert.equal(of(asked, "POST /batch_top_4_media_info").length, 1);
    await play.holds(() => document.querySelectorAll('li[data-type="dir"] .picture img').length > 4);
    await play.pictured();
  });
  await play.check("a folder opens with a click", async () => {
    const first = play.page.locator('li[data-type="dir"] .picture').first();
    const path = await first.getAttribute("title");
    await first.click();
    await play.says("h1", path);
  });
}

export async function walk(play) {
  const { page, place } = play;
  const n = media(place.pics).length;
  let loads;
  await play.check("walk: everything below, as far as somebody scrolls", async () => {
    const asked = await play.during(() => play.folder(place.pics, "walk"));
    assert.deepEqual(names(asked).filter((name) => name.includes("files")).slice(0, 3), ["POST /batch_get_files_info", "GET /files", "GET /files"]);
    assert.ok((await play.tiles()).length < n, "not all at once");
    await play.scrolled(n);
    await play.quiet();
    loads = await page.locator("section[data-loads]").getAttribute("data-loads");
  });
  await play.check("walk: who comes back to an unchanged tree stays where they were", async () => {
    const asked = await play.comeBack();
    assert.deepEqual(names(asked), ["POST /batch_get_files_info"]);
    const folders = readdirSync(place.pics, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
    assert.equal(bodies(asked, "POST /batch_get_files_info")[0].paths.length, folders.length + 1);
    assert.equal(await page.locator("section[data-loads]").getAttribute("data-loads"), loads);
  });
  await play.check("walk: a changed tree is read again", async () => {
    copyFileSync(pictures(place.extra)[0], join(place.media, "late.png"));
    utimesSync(place.media, new Date(), new Date(Date.now() - 3_600_000));
    await play.comeBack();
    await play.holds((loads) => document.querySelector("section[data-loads]").dataset.loads === String(Number(loads) + 1), loads);
    await play.scrolled(n + 1);
  });
}

export async function preview(play, isAsked) {
  const { page, place } = play;
  const odd = join(place.media, ODD_NAME);
  const view = async (path) => {
    await play.open(`?action=view&path=${encodeURIComponent(path)}`);
    await page.locator("#view").waitFor();
    await play.holds(() => document.querySelector("#prompt").dataset.lines);
  };
  await play.check("a picture with an odd name is shown whole, with its text", async () => {
    const asked = await play.during(() => view(odd));
    assert.deepEqual(of(asked, `GET /img/${encodeURIComponent(ODD_NAME).replace(/'/g, "'")}`).map(({ status }) => status), [200]);
    await play.holds(() => document.querySelector("#whole").naturalWidth > 0 && document.querySelector("#prompt").textContent.length > 20);
  });
  await play.check("its metadata are texts", async () => {
    await play.click("Metadata");
    await play.holds(() => Number(document.querySelector("#exif")?.dataset.count) > 0);
  });
  await play.check("its prompt is edited", async () => {
    await play.click("Edit prompt");
    const words = "a zeppelin over the harbour\nNegative prompt: rain\nSteps: 20, Sampler: Euler, Seed: 5";
    await play.fill("Prompt", words);
    const asked = await play.during(() => play.click("Save prompt"));
    assert.deepEqual(names(asked), ["POST /update_exif", "GET /image_geninfo"]);
    await play.says("#prompt", "zeppelin over the harbour");
  });
  if (isAsked) {
    await play.check("a model is asked about it", async () => {
      await play.click("Analyse tags");
      await play.says("#analysis", "fox, snow, evening");
    });
  }
  await play.check("it is downloaded under its name", async () => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download" }).click()]);
    assert.deepEqual(readFileSync(await download.path()), readFileSync(odd));
    assert.equal(download.suggestedFilename().slice(0, 4), ODD_NAME.slice(0, 4));
  });
  const film = join(place.media, "film.webm");
  await play.check("a film plays, piece by piece", async () => {
    const asked = await play.during(() => view(film));
    await play.holds(() => document.querySelector("video#whole").readyState >= 2);
    assert.ok(of(asked, "GET /stream_video").some(({ status, range }) => status === 206 && range));
    await page.evaluate(() => { document.querySelector("#whole").currentTime = 2; });
    await play.holds(() => !document.querySelector("#whole").seeking && document.querySelector("#whole").currentTime >= 2);
  });
  await play.check("a moment of it becomes its cover", async () => {
    await play.click("Set cover");
    await play.holds(() => Number(document.querySelector("#whole").dataset.cover) > 100);
    const cover = await page.request.get(`${play.server.url}/iib/video_cover?${new URLSearchParams({ path: film, mt: local(statSync(film).mtimeMs) })}`);
    assert.equal(cover.headers()["content-type"], "image/webp");
  });
  await play.check("a sound plays", async () => {
    await view(join(place.media, "silence.wav"));
    await play.holds(() => document.querySelector("audio#whole").duration > 0.9);
  });
  await play.check("one after another", async () => {
    await play.folder(place.media, "scanned-fixed");
    await play.tile(odd).locator(".picture").click();
    await play.click("One after another");
    const seen = new Set();
    for (const _ of media(place.media)) {
      await play.click("On");
      await play.holds(() => {
        const shown = document.querySelector("#current");
        return shown.naturalWidth > 0 || shown.readyState >= 1;
      });
      seen.add(await page.locator("#more b").textContent());
    }
    assert.equal(seen.size, media(place.media).length);
    await play.click("Close");
    await until("the film's cover is in its tile", () => play.watch.asked.some(({ path, status }) => path === "/video_cover" && status === 200));
  });
}
