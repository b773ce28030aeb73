// Topics, searching by meaning, the graph, and pictures into folders (contract 18.10 and 18.11).

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { folderOf, pictures } from "./ground.mjs";
import { bodies, names, of } from "./play.mjs";

export async function topics(play, isAsked) {
  const { page, place } = play;
  const grid = () => page.locator('[data-pane="topic-search-matched-image-grid"][data-ready=true]').waitFor();
  const found = (how) => play.holds((how) => document.querySelector(".state")?.dataset.how === how, how);
  await play.check("a scope is set; nothing is kept for it yet", async () => {
    await play.open();
    const asked = await play.during(() => play.pane("topic-search"));
    assert.deepEqual(names(asked), ["GET /global_setting", "POST /check_path_exists"]);
    assert.equal(of(asked, "GET /fe-static/assets/topics-2a3b4c5d.js").length, 1, "the chunk comes when it is wanted");
    await play.fill("Folder", place.pics);
    assert.deepEqual(names(await play.during(() => play.click("Set scope"))), ["POST /app_fe_setting", "POST /db/cluster_iib_output_cached"]);
    assert.equal(await page.locator(".clusters li").count(), 0);
  });
  await play.check("topics are found", async () => {
    const asked = await play.during(async () => {
      await play.click("Refresh");
      await found("found");
    });
    assert.deepEqual([...new Set(names(asked))], ["POST /db/update_image_data", "POST /db/cluster_iib_output_job_start", "GET /db/cluster_iib_output_job_status"]);
    assert.ok((await page.locator(".clusters li").count()) > 2);
  });
  await play.check("a topic is opened", async () => {
    const card = page.locator(".clusters li button").first();
    const n = Number(/\((\d+)\)/.exec(await card.textContent())[1]);
    await card.click();
    await grid();
    await play.scrolled(n);
    await page.evaluate(() => scrollTo(0, 0));
    await play.pictured();
  });
  await play.check("topics are there again", async () => {
    await play.pane("topic-search");
    await found("kept");
  });
  await play.check("words find pictures by what they mean; vectors are made once", async () => {
    for (const isFirst of [true, false]) {
      await play.pane("topic-search");
      await play.fill("Words", "a zeppelin over a harbour");
      const asked = await play.during(async () => {
        await play.click("Search");
        await grid();
      });
      const [wish] = bodies(asked, "POST /db/search_iib_output_by_prompt");
      assert.deepEqual([wish.ensure_embed, wish.top_k], [isFirst, 80]);
      assert.ok((await play.tiles()).length > 0);
    }
  });
  await play.check("topics and their words are a graph", async () => {
    await play.pane("topic-search");
    await play.click("Graph");
    await play.holds(() => Number(document.querySelector(".graph").dataset.links) > 2);
    const layers = await page.locator(".graph p").evaluateAll((rows) => rows.map(({ dataset }) => dataset.layer));
    assert.deepEqual(layers.slice(0, 2), ["Clusters", "Tags"]);
    if (isAsked) assert.deepEqual(layers.slice(2), ["Abstract-1", "Abstract-2"]);
  });
  await play.check("a topic of the graph is opened, and a word looked for", async () => {
    await page.locator('[data-layer="Clusters"] .node').first().click();
    await grid();
    assert.ok((await play.tiles()).length > 1);
    await play.pane("topic-search");
    await play.click("Graph");
    await page.locator('[data-layer="Tags"] .node').first().click();
    await grid();
    assert.ok((await play.tiles()).length > 0);
  });
}

export async function organize(play) {
  const { page, place } = play;
  const before = pictures(place.sort);
  let folders;
  await play.check("what would go where is shown", async () => {
    await play.folder(place.sort, "scanned-fixed");
    await play.click("Organize");
    await play.tick("recursive");
    const asked = await play.during(async () => {
      await play.click("Preview");
      await page.getByRole("button", { name: "Confirm" }).waitFor();
    });
    assert.deepEqual([...new Set(names(asked))].filter((name) => /embed|organize/.test(name)), ["POST /db/build_iib_output_embeddings", "POST /db/organize_files_start", "GET /db/organize_files_status"]);
    folders = await page.getByLabel("Folder name").evaluateAll((all) => all.map(({ value }) => value));
    assert.ok(folders.length > 1, `${folders}`);
    assert.deepEqual(pictures(place.sort), before, "and nothing was touched");
  });
  await play.check("a picture is shown to who points at it", async () => {
    await page.locator(".clusters span").first().hover();
    await play.holds(() => document.querySelector(".clusters img")?.naturalWidth > 0);
  });
  await play.check("it is done as it was changed", async () => {
    const last = folders.length - 1;
    await page.getByLabel("Folder name").first().fill("mine <b> & all");
    await page.getByLabel("leave out").nth(last).check();
    const asked = await play.during(async () => {
      await play.click("Confirm");
      await play.says(".state", "are in their folders");
    });
    const [wish] = bodies(asked, "POST /db/organize_files_confirm");
    assert.equal(wish.folder_edits.length, 1);
    assert.equal(wish.skip_cluster_ids.length, 1);
    assert.ok(names(asked).includes("GET /files"), "the folder is read again");
    const after = pictures(place.sort);
    assert.equal(after.length, before.length);
    const mine = after.map((path) => folderOf(path)).filter((folder) => folder.includes("/mine b & all"));
    assert.ok(mine.length >= 3, `${after}`);
    assert.ok(!existsSync(join(place.sort, folders[last])), "what was left out stayed");
  });
}
