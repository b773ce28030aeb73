// What is done to files, to folders of the library and to settings, and trends (contract 18.12 to 18.14).

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pictures } from "./ground.mjs";
import { bodies, names, of, until } from "./play.mjs";

export async function onFiles(play) {
  const { page, place, server } = play;
  const [first, second, third, fourth, fifth, sixth] = pictures(place.deeds).filter((path) => !path.includes("part "));
  const here = () => play.folder(place.deeds, "scanned-fixed");
  const named = join(place.deeds, "a new name.png");
  await play.check("a file is renamed", async () => {
    await here();
    await play.pick([first]);
    await play.fill("Name", basename(named));
    await play.during(() => play.click("Rename"));
    assert.ok(existsSync(named) && !existsSync(first) && (await play.tiles()).includes(named));
  });
  await play.check("a folder is made", async () => {
    await play.fill("Name", "made");
    const asked = await play.during(() => play.click("New folder"));
    assert.deepEqual(names(asked).slice(0, 2), ["POST /mkdirs", "GET /files"]);
    await play.tile(join(place.deeds, "made")).waitFor();
  });
  await play.check("files are copied and moved to a folder that is not there yet", async () => {
    const [copies, moved] = [join(place.deeds, "made/copies"), join(place.deeds, "made/moved")];
    for (const [path, dest, label] of [[second, copies, "Copy to"], [sixth, moved, "Move to"]]) {
      await here();
      await play.pick([path]);
      await play.fill("Folder", dest);
      await play.during(() => play.click(label));
      assert.ok(existsSync(join(dest, basename(path))));
      assert.equal(existsSync(path), dest === copies);
    }
    await play.ask("/delete_files", { file_paths: [join(copies, basename(second))] });
  });
  await play.check("files are dropped on a folder", async () => {
    const target = join(place.deeds, "part 0");
    for (const [path, isCopy] of [[third, true], [fourth, false]]) {
      await here();
      await play.tick("Dropping copies", isCopy);
      const asked = await play.during(() => play.tile(path).locator("b").dragTo(play.tile(target).locator("b")));
      const route = isCopy ? "POST /copy_files" : "POST /move_files";
      assert.deepEqual(bodies(asked, route), [{ file_paths: [path], dest: target, create_dest_folder: false, continue_on_error: false }]);
      assert.ok(names(asked).indexOf("GET /files") > names(asked).indexOf(route));
      assert.equal(existsSync(path), isCopy);
      assert.ok(existsSync(join(target, basename(path))));
    }
  });
  await play.check("a file is deleted", async () => {
    await here();
    await play.pick([third]);
    await play.during(() => play.click("Delete"));
    assert.ok(!existsSync(third) && !(await play.tiles()).includes(third));
  });
  await play.check("a folder is flattened, after a look", async () => {
    const deep = pictures(place.deeds).filter((path) => path.slice(place.deeds.length + 1).includes("/"));
    await here();
    await play.click("Flatten");
    await play.says(".said", `${deep.length} files would come up, 0 conflicts`);
    const asked = await play.during(() => play.click("Do it"));
    assert.deepEqual(names(asked).slice(0, 2), ["POST /flatten_folder", "GET /files"]);
    await play.says(".said", `${deep.length} files came up`);
    assert.ok(deep.every((path) => existsSync(join(place.deeds, basename(path)))));
  });
  await play.check("the tag followed its picture", async () => {
    await here();
    await play.holds((path) => document.querySelector(`li[data-path=${JSON.stringify(path)}] .heart`)?.ariaPressed === "true", named);
  });
  await play.check("files come as one archive, or stay packed on the server", async () => {
    await play.pick([named, fifth]);
    await play.click("Put aside");
    await play.pane("batch-download");
    const [download] = await Promise.all([page.waitForEvent("download"), play.click("Download")]);
    const archive = readFileSync(await download.path()).toString("latin1");
    assert.equal(archive.split("PK\x01\x02").length - 1, 2);
    await play.tick("keep on the server");
    await play.during(() => play.click("Download"));
    await play.says(".said", "2 files packed");
  });
  await play.check("a folder and a file open in the desktop's programs", async () => {
    await here();
    await play.click("Open folder");
    await until("the folder is open", () => existsSync(server.opened) && readFileSync(server.opened, "utf8").startsWith(`${place.deeds}\n`));
    await play.pick([fifth]);
    await play.click("Open with");
    await until("the file is open", () => readFileSync(server.opened, "utf8").endsWith(`${fifth}\n`));
  });
}

export async function onFolders(play) {
  const { page, place } = play;
  const rows = (type) => page.locator(`.folders li[data-path="${place.extra}"][data-type="${type}"]`);
  await play.check("a folder is added in two ways, each beside the other", async () => {
    await play.pane("global-setting");
    await play.fill("Path", place.extra);
    for (const type of ["walk", "scanned-fixed"]) {
      await play.select("type", type);
      const asked = names(await play.during(() => play.click("Add folder")));
      assert.deepEqual(asked, ["POST /check_path_exists", "POST /db/extra_paths", "GET /global_setting", "POST /check_path_exists"]);
      await rows(type).waitFor();
    }
  });
  await play.check("it gets a name", async () => {
    await play.fill("Alias", "the attic");
    await play.during(() => play.click("Set alias"));
    await play.says(".folders", "the attic");
    await play.pane("empty");
    assert.deepEqual(await page.locator('section[data-type="walk"] button').allTextContents(), ["the attic"]);
  });
  await play.check("what is in it is found once the index is up to date", async () => {
    await play.ask("/db/update_image_data", {});
    const { files } = await play.ask("/db/search_by_substr", { surstr: `${place.extra}/` });
    assert.equal(files.length, pictures(place.extra).length);
  });
  await play.check("it leaves in one way and in the other", async () => {
    await play.pane("global-setting");
    for (const type of ["walk", "scanned-fixed"]) {
      const asked = await play.during(() => rows(type).getByRole("button").click());
      assert.deepEqual(bodies(asked, "DELETE /db/extra_paths"), [{ types: [type], path: place.extra }]);
      await rows(type).waitFor({ state: "detached" });
      const { files } = await play.ask("/db/search_by_substr", { surstr: `${place.extra}/` });
      assert.equal(files.length > 0, type === "walk", "as long as one way is left");
    }
  });
  await play.check("settings are saved a moment after the last change, and are there again", async () => {
    const asked = await play.during(async () => {
      for (const size of ["120", "140"]) {
        await play.fill("Size of tiles", size);
        await play.click("Set size");
      }
    });
    assert.deepEqual(bodies(asked, "POST /app_fe_setting").map(({ name, value }) => [name, JSON.parse(value).cell_px]), [["global", 140]]);
    await play.open("?action=pane&type=global-setting");
    assert.equal(await page.getByLabel("Size of tiles").inputValue(), "140");
    await play.holds(() => getComputedStyle(document.documentElement).getPropertyValue("--cell").trim() === "140px");
  });
  await play.check("rules for tags are saved", async () => {
    const rules = [{ tag: "at sea", filters: [{ field: "pos_prompt", operator: "contains", value: "sea" }] }];
    await play.fill("Rules for tags", JSON.stringify(rules));
    assert.equal(of(await play.during(() => play.click("Save rules")), "POST /app_fe_setting").length, 1);
    await play.open("?action=pane&type=global-setting");
    assert.deepEqual(JSON.parse(await page.getByLabel("Rules for tags").inputValue()), rules);
  });
  await play.check("snapshots are kept and forgotten", async () => {
    await play.pane("workspace-snapshot");
    await play.fill("Name", "monday");
    await play.during(() => play.click("Take"));
    await play.says(".snapshots", "monday");
    const asked = await play.during(() => play.click("Forget"));
    assert.equal(of(asked, "DELETE /app_fe_setting").length, 1);
    assert.equal(await page.locator(".snapshots li").count(), 0);
  });
}

export async function trends(play) {
  const { page } = play;
  await play.check("trends are drawn", async () => {
    await play.pane("trend");
    const rows = await page.locator("#pane section").evaluateAll((all) => all.map((one) => [one.dataset.name, one.querySelectorAll(".bar").length]));
    for (const [name, n] of rows) assert.ok(n > 0, `${name} is empty`);
    assert.ok(await page.locator(".bar").first().evaluate((bar) => bar.getBoundingClientRect().width === 300 || bar.style.width.endsWith("px")));
  });
}
