// Searching by tags and by text, tags on pictures, and pictures at random (contract 18.6 to 18.9).

import assert from "node:assert/strict";
import { basename, dirname } from "node:path";
import { ODD_NAME, pictures } from "./ground.mjs";
import { bodies, names, of } from "./play.mjs";

const PAGE = 200;

export async function byTags(play) {
  const { page } = play;
  const tag = (type, name) => page.locator(`section[data-type="${type}"] button[data-name="${name}"]`);
  const count = async (type, name) => Number((await tag(type, name).textContent()).split(" ").pop());
  const results = () => page.locator('[data-pane="tag-search-matched-image-grid"][data-ready=true]').waitFor();
  await play.check("an index that is behind is brought up to date first", async () => {
    await play.open();
    // Whether it is behind depends on the moment; here it says so.
    await page.route("**/db/basic_info", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), expired: true } });
    }, { times: 1 });
    const asked = await play.during(() => play.pane("tag-search"));
    assert.deepEqual(names(asked), ["GET /db/basic_info", "POST /db/update_image_data", "GET /db/basic_info"]);
  });
  await play.check("tags are in sections, most used first", async () => {
    const sections = await page.locator(".groups section").evaluateAll((all) => all.map(({ dataset }) => dataset.type));
    for (const type of ["custom", "Source Identifier", "Model", "Media Type", "pos", "size", "Sampler"]) assert.ok(sections.includes(type), `${type} in ${sections}`);
    assert.equal(sections[0], "custom");
    const counts = await page.locator('section[data-type="Model"] button').evaluateAll((all) => all.map(({ textContent }) => Number(textContent.split(" ").pop())));
    assert.ok(counts.every((n, at) => n > 0 && (at === 0 || counts[at - 1] >= n)), String(counts));
  });
  for (const isRandom of [false, true]) {
    await play.check(`all pictures with a tag, page by page${isRandom ? ", in random order" : ""}`, async () => {
      await play.pane("tag-search");
      const n = await count("Media Type", "Image");
      assert.ok(n > 2 * PAGE);
      await tag("Media Type", "Image").click();
      await play.tick("random", isRandom);
      const asked = await play.during(async () => {
        await play.click("Search");
        await results();
        await play.scrolled(n);
      });
      const cursors = bodies(asked, "POST /db/match_images_by_tags").map(({ cursor }) => cursor);
      assert.equal(cursors[0], "");
      assert.equal(new Set(cursors).size, Math.ceil(n / PAGE));
      await play.pictured();
    });
  }
  await play.check("tags together, either and none", async () => {
    await play.pane("tag-search");
    const [film, sound, image] = [await count("Media Type", "Video"), await count("Media Type", "Audio"), await count("Media Type", "Image")];
    await play.select("kind", "or_tags");
    for (const name of ["Video", "Audio"]) await tag("Media Type", name).click();
    await play.select("kind", "not_tags");
    await tag("Media Type", "Image").click();
    await play.click("Search");
    await results();
    assert.equal((await play.tiles()).length, film + sound);
    assert.ok(image > 0);
  });
  await play.check("a tag is made, coloured, found on nothing, and removed", async () => {
    await play.pane("tag-search");
    await play.fill("Tag", "to print");
    const added = await play.during(() => play.click("Add tag"));
    assert.deepEqual(names(added), ["GET /db/basic_info", "POST /db/add_custom_tag", "GET /db/basic_info"]);
    await play.fill("Colour", "#aa3300");
    await play.during(() => play.click("Colour"));
    await play.holds(() => document.querySelector('[data-name="to print"]').style.color === "rgb(170, 51, 0)");
    await tag("custom", "to print").click();
    await play.click("Search");
    await results();
    assert.deepEqual(await play.tiles(), []);
    await play.click("Rebuild index");
    await play.says(".said", "built anew");
    await play.pane("tag-search");
    assert.equal(await count("custom", "to print"), 0);
    await play.fill("Tag", "to print");
    await play.during(() => play.click("Remove tag"));
    assert.equal(await tag("custom", "to print").count(), 0);
  });
  await play.check("who comes back is told whether the index is behind", async () => {
    assert.equal(names(await play.comeBack())[0], "GET /db/expired_dirs");
  });
}

export async function byText(play) {
  const { page, place } = play;
  const search = async (words, { expression = false, paths = false, media = "all", below = "" } = {}) => {
    await play.fill("Text", words);
    await play.tick("expression", expression);
    await play.tick("paths only", paths);
    await play.select("media", media);
    await play.fill("Below folder", below);
    const asked = await play.during(() => play.click("Search"));
    for (const wish of bodies(asked, "POST /db/search_by_substr")) assert.ok(!("size" in wish) && !(wish.regexp && wish.surstr));
    return play.tiles();
  };
  await play.check("a piece of a prompt finds its picture", async () => {
    await play.pane("fuzzy-search");
    assert.deepEqual((await search("ZEPPELIN over")).map((path) => basename(path)), [ODD_NAME]);
  });
  await play.check("an expression does", async () => {
    assert.deepEqual((await search("zep+elin.*seed: 5", { expression: true })).map((path) => basename(path)), [ODD_NAME]);
  });
  await play.check("signs of patterns are signs", async () => {
    assert.deepEqual((await search("100% %20 #1", { paths: true })).map((path) => basename(path)), [ODD_NAME]);
    assert.deepEqual(await search("1__%", { paths: true }), []);
  });
  await play.check("films only", async () => {
    assert.deepEqual((await search("", { media: "video" })).map((path) => basename(path)), ["film.webm"]);
  });
  await play.check("a folder only", async () => {
    const found = await search("", { below: place.deeds, media: "image" });
    assert.deepEqual(found.sort(), pictures(place.deeds).sort());
  });
  await play.check("everything, page by page", async () => {
    const n = pictures(place.pics).length + pictures(place.sort).length;
    await search("", { media: "image" });
    await play.scrolled(n);
    await page.evaluate(() => scrollTo(0, 0));
    await play.pictured();
  });
}

export async function tagging(play) {
  const { place } = play;
  const [first, second, third] = pictures(place.deeds);
  const heart = (path) => play.tile(path).locator(".heart");
  await play.check("a heart is given and taken", async () => {
    await play.folder(dirname(first), "scanned-fixed");
    await play.quiet();
    for (const is of ["true", "false", "true"]) {
      const asked = await play.during(() => heart(first).click());
      assert.deepEqual(names(asked), ["POST /db/toggle_custom_tag_to_img", "POST /db/get_image_tags"]);
      assert.deepEqual(bodies(asked, "POST /db/get_image_tags"), [{ paths: [first] }]);
      assert.equal(await heart(first).getAttribute("aria-pressed"), is);
    }
  });
  await play.check("several pictures get a tag at once, and lose it", async () => {
    await play.pick([first, second, third]);
    await play.fill("Name", "for the wall");
    const asked = await play.during(() => play.click("Tag"));
    assert.deepEqual(names(asked), ["GET /db/basic_info", "POST /db/add_custom_tag", "POST /db/batch_update_image_tag", "POST /db/get_image_tags"]);
    assert.equal(await play.tile(second).locator(".tags").textContent(), "for the wall");
    assert.equal(await play.tile(first).locator(".tags span").count(), 2);
    await play.during(() => play.click("Untag"));
    assert.equal(await play.tile(second).locator(".tags").textContent(), "");
    await play.during(() => play.click("Remove tag"));
  });
  await play.check("the heart is still there after a reload, and counted", async () => {
    await play.folder(dirname(first), "scanned-fixed");
    await play.holds((path) => document.querySelector(`li[data-path=${JSON.stringify(path)}] .heart`).ariaPressed === "true", first);
    await play.pane("tag-search");
    assert.equal(await play.page.locator('[data-type="custom"] [data-name="like"]').textContent(), "like 1");
  });
}

export async function atRandom(play) {
  await play.check("pictures at random", async () => {
    await play.pane("random-image");
    const some = await play.tiles();
    assert.equal(some.length, 128);
    assert.equal(of(await play.during(() => play.click("Shuffle")), "GET /db/random_images").length, 1);
    assert.notDeepEqual(await play.tiles(), some);
    await play.pictured();
  });
}
