// Everything in turn: each sequence without and with a secret key; that every route the original's front end asks
// for was asked for; and what drives a strange front end, on ours and on broken ones.

import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { firstLoad, folders, preview, walk } from "./browse.mjs";
import { onFiles, onFolders, trends } from "./deeds.mjs";
import { atRandom, byTags, byText, tagging } from "./find.mjs";
import { WORK, browse, built, library, serve, upstream } from "./ground.mjs";
import { Play, check, totals } from "./play.mjs";
import { strict } from "./strict.mjs";
import { organize, topics } from "./topics.mjs";
import { visit } from "./visit.mjs";
import { Watch } from "./watch.mjs";

const FRONT = fileURLToPath(new URL("../front", import.meta.url));
const SHOTS = fileURLToPath(new URL("../../../target/hosting", import.meta.url));
const IMAGES = 450;

// What the front end asks for in server mode (contract 19).
const ROUTES = `
  GET /global_setting, GET /version, GET /files, GET /image-thumbnail, GET /file, GET /stream_video, GET /video_cover,
  GET /img, GET /image_geninfo, GET /image_exif, GET /db/basic_info, GET /db/expired_dirs, GET /db/random_images,
  GET /db/cluster_iib_output_job_status, GET /db/organize_files_status, GET /db/stats/trend,
  POST /app_fe_setting, POST /open_folder, POST /open_with_default_app, POST /batch_get_files_info, POST /delete_files,
  POST /mkdirs, POST /copy_files, POST /move_files, POST /db/rename, POST /flatten_folder, POST /zip,
  POST /check_path_exists, POST /batch_top_4_media_info, POST /set_target_frame_as_video_cover,
  POST /image_geninfo_batch, POST /update_exif, POST /ai-chat, POST /db/update_image_data, POST /db/rebuild_index,
  POST /db/search_by_substr, POST /db/match_images_by_tags, POST /db/get_image_tags, POST /db/add_custom_tag,
  POST /db/toggle_custom_tag_to_img, POST /db/batch_update_image_tag, POST /db/remove_custom_tag, POST /db/update_tag,
  POST /db/build_iib_output_embeddings, POST /db/cluster_iib_output_job_start, POST /db/cluster_iib_output_cached,
  POST /db/search_iib_output_by_prompt, POST /db/organize_files_start, POST /db/organize_files_confirm,
  POST /db/cluster_tag_graph, POST /db/cluster_tag_graph_cluster_paths, POST /db/extra_paths,
  POST /db/alias_extra_path, DELETE /app_fe_setting, DELETE /db/extra_paths`.split(",").map((route) => route.trim());

async function unlock(play, key) {
  const { page, watch } = play;
  await play.check("the key is asked for once, and opens", async () => {
    watch.isLocked = true;
    await page.goto(`${play.server.url}/iib`);
    await page.getByLabel("Secret key").fill(key);
    assert.equal(await page.locator("#key").count(), 1);
    await play.click("OK");
    await play.ready();
    watch.isLocked = false;
    assert.equal(await page.locator("#key").count(), 0);
    await play.open();
  });
}

async function sequences(play, { key, chats }) {
  await (key === "" ? firstLoad(play) : unlock(play, key));
  await play.ask("/db/update_image_data", {});
  await folders(play);
  await walk(play);
  await preview(play, chats);
  await byTags(play);
  await byText(play);
  await tagging(play);
  await atRandom(play);
  await topics(play, chats);
  await organize(play);
  await onFiles(play);
  await onFolders(play);
  await trends(play);
  await play.quiet();
  const { watch } = play;
  await play.check("every route was asked for", () => {
    const answered = new Set(watch.asked.filter(({ status }) => status < 400).map(({ method, path }) => `${method} ${path.replace(/^\/img\/.*/, "/img")}`));
    assert.deepEqual(ROUTES.filter((route) => !answered.has(route) && (chats || route !== "POST /ai-chat")), []);
  });
  await play.check("no request failed, no script did, and the page's policy refused nothing", () => assert.deepEqual(watch.faults, []));
  await play.check("nothing but news was asked of other hosts", () => {
    assert.ok([...watch.outside].every((address) => address.startsWith("https://api.github.com/")), [...watch.outside].join());
  });
}

// All sequences over a library and a server of their own; with a key there is a service that chats as well.
async function run(browser, name, key) {
  const place = library(name, IMAGES);
  const service = key === "" ? null : await upstream();
  const keyed = { IIB_SECRET_KEY: key, OPENAI_BASE_URL: service?.url, EMBEDDING_MODEL: "builtin" };
  const server = await serve(FRONT, place, service ? keyed : {});
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
  const watch = new Watch(server.url);
  await watch.follow(context);
  const page = await context.newPage();
  try {
    await sequences(new Play({ name, page, server, place, watch }), { key, chats: service !== null });
    if (key === "") await strict(browser, server, place);
  } catch (error) {
    mkdirSync(SHOTS, { recursive: true });
    const shot = join(SHOTS, `failed-${name}.png`);
    await page.screenshot({ path: shot }).catch(() => {});
    console.error(name, error, `\nthe page: ${shot}\nfaults:\n${watch.faults.join("\n")}\nthe server's last words:\n${server.log()}`);
  }
  await context.close();
  await server.stop();
  service?.stop();
}

// A copy of ours in which something is broken.
function broken(name, breaks) {
  const copy = join(WORK, name, "dist");
  cpSync(FRONT, copy, { recursive: true });
  breaks(copy);
  return built(join(WORK, name));
}

async function strangers() {
  const front = (copy, file) => join(copy, "assets", file);
  await check("any front end: no fault is found with ours", async () => {
    const outcomes = await visit(FRONT, join(SHOTS, "pages"));
    assert.equal(outcomes.length, 19);
    assert.deepEqual(outcomes.filter(({ faults }) => faults.length > 0), []);
  });
  const judged = async (name, breaks, page, fault) => {
    const ui = broken(name, breaks);
    const outcomes = await visit(ui, join(WORK, name, "shots"), { only: (name) => name === page });
    assert.match(outcomes.flatMap(({ faults }) => faults).join("\n"), fault);
  };
  await check("any front end: misses a chunk that is not there", () =>
    judged("chunkless", (copy) => rmSync(front(copy, "topics-2a3b4c5d.js")), "pane topic-search", /topics-2a3b4c5d\.js.* answered 404/));
  await check("any front end: hears a script fail", () =>
    judged("failing", (copy) => writeFileSync(front(copy, "shape-1b2c3d4e.js"), readFileSync(front(copy, "shape-1b2c3d4e.js"), "utf8").replace("\\d{4}-", "")), "folder, fixed", /against the contract/));
  await check("any front end: sees that pictures are missing", () =>
    judged("blind", (copy) => writeFileSync(front(copy, "index-5e6f7a8b.css"), ".grid { display: none }"), "folder, fixed", /no picture is shown/));
}

const browser = await browse();
// Beside each other, as most of the time goes by with waiting until a page is quiet.
await Promise.all([run(browser, "open", ""), run(browser, "locked", "a key with ümlauts")]);
await browser.close();
if (totals.failed === 0) await strangers().catch((error) => console.error(error));
console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
process.exit(totals.failed > 0 ? 1 : 0);
