// A page in somebody's hands: where to click, what to wait for, and a line for each thing that was seen to hold.

import assert from "node:assert/strict";

const QUIET_MS = 700;
const PATIENCE_MS = 30_000;

export const totals = { passed: 0, failed: 0 };

export async function check(name, work) {
  try {
    await work();
  } catch (error) {
    totals.failed += 1;
    console.error(`hosting: ${name} ... FAILED`);
    throw error;
  }
  totals.passed += 1;
  console.log(`hosting: ${name} ... ok`);
}

// Asks again until it holds.
export async function until(what, holds) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s`);
    await new Promise((later) => setTimeout(later, 50));
  }
}

// Requests of the interface alone, as `METHOD /path`.
export const names = (asked) =>
  asked.filter(({ path }) => path !== "" && !/^\/(fe-static|infinite_image_browsing|favicon)/.test(path)).map(({ method, path }) => `${method} ${path}`);
export const of = (asked, name) => asked.filter(({ method, path }) => `${method} ${path}` === name);
export const bodies = (asked, name) => of(asked, name).map(({ body }) => JSON.parse(body));

export class Play {
  constructor({ name, page, server, place, watch }) {
    Object.assign(this, { name, page, server, place, watch });
    page.setDefaultTimeout(PATIENCE_MS);
  }

  // What it set off is over before the next one begins.
  check(what, work) {
    return check(`${this.name}: ${what}`, async () => {
      await work();
      await this.quiet();
    });
  }

  async open(search = "") {
    await this.page.goto(`${this.server.url}/iib${search}`);
    await this.ready();
    await this.quiet();
  }

  folder(path, mode) {
    return this.open(`?action=open&path=${encodeURIComponent(path)}&mode=${mode}`);
  }

  async pane(type) {
    await this.click(type);
    await this.page.locator(`#pane > [data-pane="${type}"][data-ready=true]`).waitFor();
  }

  ready() {
    return this.page.locator("#pane > [data-ready=true]").waitFor();
  }

  async click(name, nth = 0) {
    await this.page.getByRole("button", { name, exact: true }).nth(nth).click();
  }

  fill(label, words) {
    return this.page.getByLabel(label, { exact: true }).fill(words);
  }

  tick(label, is = true) {
    return this.page.getByLabel(label, { exact: true }).setChecked(is);
  }

  select(label, option) {
    return this.page.getByLabel(label, { exact: true }).selectOption(option);
  }

  tile(path) {
    return this.page.locator(`.grid li[data-path=${JSON.stringify(path)}]`);
  }

  async pick(paths) {
    for (const path of paths) await this.tile(path).getByLabel("pick").check();
  }

  holds(what, argument) {
    return this.page.waitForFunction(what, argument);
  }

  tiles() {
    return this.page.locator(".grid li").evaluateAll((tiles) => tiles.map(({ dataset }) => dataset.path));
  }

  says(selector, words) {
    return this.holds(([selector, words]) => document.querySelector(selector)?.textContent.includes(words), [selector, words]);
  }

  // Down to the end, until there are so many tiles.
  scrolled(n) {
    return this.holds((n) => {
      scrollTo(0, document.body.scrollHeight);
      return document.querySelectorAll(".grid li").length === n;
    }, n);
  }

  // Every picture in sight is there, and there are some.
  pictured() {
    return this.holds(() => {
      const images = [...document.querySelectorAll(".grid .picture img, dialog img, .pair img")];
      const seen = images.filter((image) => {
        const { top, bottom } = image.getBoundingClientRect();
        return top < innerHeight && bottom > 0;
      });
      return seen.length > 0 && seen.every(({ complete, naturalWidth }) => complete && naturalWidth > 0);
    });
  }

  comeBack() {
    return this.during(() => this.page.evaluate(() => void document.dispatchEvent(new Event("visibilitychange"))));
  }

  // What was asked while this was done and until nothing more was.
  during(work) {
    return this.watch.during(async () => {
      await work();
      await this.quiet();
    });
  }

  quiet() {
    return until("nothing more is asked", () => this.watch.isQuiet(QUIET_MS));
  }

  // As the page itself would ask, apart from what is watched.
  async ask(path, data) {
    const response = await this.page.request.post(`${this.server.url}/iib${path}`, { data });
    assert.equal(response.status(), 200, `${path}: ${await response.text()}`);
    return response.json();
  }
}
