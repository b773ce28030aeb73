// Opens each main page of a front end that lumidex publishes, waits until it asks for nothing more, photographs
// it, and says what went wrong. Knows nothing of any front end but its addresses and that it may ask for the key.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { browse, library, serve } from "./ground.mjs";
import { links } from "./links.mjs";
import { until } from "./play.mjs";
import { Watch } from "./watch.mjs";

const QUIET_MS = 1_500;
const KEY = "open sesame";

const slug = (name) => name.replace(/[^a-z]+/g, "-");

// Pictures in sight, as elements or as backgrounds.
const seen = () => {
  const isSeen = (element) => {
    const { top, bottom, width } = element.getBoundingClientRect();
    return width > 0 && top < innerHeight && bottom > 0;
  };
  const images = [...document.images].filter((image) => image.naturalWidth > 0 && isSeen(image));
  return { pictures: images.length, words: document.body.innerText.trim().length };
};

async function quiet(watch, faults) {
  try {
    await until("the page asks for nothing more", () => watch.isQuiet(QUIET_MS));
  } catch (error) {
    faults.push(`${error.message}; not answered: ${watch.pending.join(" ") || "nothing, it asks again and again"}`);
  }
}

// Gives the key where it is asked for: in a dialog of the browser or of the page.
async function unlock(page, watch, faults) {
  const asked = page.locator('input[type="password"]:visible');
  if ((await asked.count()) !== 1) {
    faults.push("the key is not asked for in one place");
    return;
  }
  await asked.fill(KEY);
  const dialog = page.locator('dialog, [role="dialog"]').filter({ has: asked });
  const reloaded = page.waitForEvent("load");
  await dialog.locator('.ant-btn-primary, form button, button[type="submit"]').first().click();
  await reloaded;
  watch.isLocked = false;
  await quiet(watch, faults);
  if ((await asked.count()) > 0) faults.push("the key is asked for again");
}

async function visitOne(browser, server, { name, search, needsPicture, isLocked, shots }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const watch = new Watch(server.url);
  watch.isLocked = isLocked;
  await watch.follow(context);
  const faults = [];
  const page = await context.newPage();
  try {
    await page.goto(`${server.url}/iib${search}`);
    await quiet(watch, faults);
    if (isLocked) await unlock(page, watch, faults);
    const { pictures, words } = await page.evaluate(seen);
    if (words === 0) faults.push("nothing can be read on it");
    if (needsPicture && pictures === 0) faults.push("no picture is shown");
    const shot = join(shots, `${slug(name)}.png`);
    await page.screenshot({ path: shot });
    console.log(`page ${name}: ${watch.asked.length} requests, ${pictures} pictures, ${shot}`);
  } catch (error) {
    faults.push(String(error));
  }
  faults.push(...watch.faults);
  await context.close();
  return { name, faults, outside: [...watch.outside] };
}

// Every page of the front end `ui`, and the first one behind a key. `only` takes pages by name.
export async function visit(ui, shots, { only = () => true } = {}) {
  mkdirSync(shots, { recursive: true });
  const place = library(`visited-${Date.now()}`, 120);
  const browser = await browse();
  const outcomes = [];
  for (const key of ["", KEY]) {
    const server = await serve(ui, place, key === "" ? {} : { IIB_SECRET_KEY: key });
    const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
    const ask = async (path, body) => {
      const response = await fetch(`${server.url}/iib${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
      return response.json();
    };
    await ask("/db/update_image_data", {});
    const all = key === "" ? await links(place, ask) : [["start, behind a key", "", false]];
    for (const [name, search, needsPicture] of all.filter(([name]) => only(name))) {
      outcomes.push(await visitOne(browser, server, { name, search, needsPicture, isLocked: key !== "", shots }));
    }
    await server.stop();
  }
  await browser.close();
  return outcomes;
}
