// Pages of strangers in a real browser: another name, another port of this machine, and a name that was pointed here
// since it was looked up. Whatever they try, they see nothing of the library and change nothing of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { browse, library, pictures, serve } from "./ground.mjs";

const FRONT = fileURLToPath(new URL("../front", import.meta.url));
const PAGE = "<!doctype html><title>stranger</title><body>stranger</body>";
let passed = 0;

async function check(name, work) {
  try {
    await work();
  } catch (error) {
    console.error(`stranger: ${name} ... FAILED\n${error.stack}`);
    console.log(`${passed} passed, 1 failed`);
    process.exit(1);
  }
  passed += 1;
  console.log(`stranger: ${name} ... ok`);
}

const place = library("stranger", 450);
const server = await serve(FRONT, place);
const ask = (route, options = {}) => fetch(`${server.url}${route}`, options);
assert.equal((await ask("/iib/db/update_image_data", { method: "POST", body: "{}" })).status, 200);
const settings = async () => (await (await ask("/iib/global_setting")).json()).app_fe_setting;
const picture = pictures(place.pics)[0];
const encoded = encodeURIComponent(picture);
const { port } = new URL(server.url);
// Of the same site as every other port of this machine, as browsers see it.
const home = `http://localhost:${port}`;

const strange = createServer((_, response) => {
  response.setHeader("content-type", "text/html");
  response.end(PAGE);
});
await new Promise((listening) => strange.listen(0, "127.0.0.1", listening));
const strangePort = strange.address().port;
// Some browsers ask before a page may reach this machine at all; here the server has to do without that.
const browser = await browse(
  "--host-resolver-rules=MAP evil.test 127.0.0.1, MAP rebound.test 127.0.0.1",
  "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,PrivateNetworkAccessSendPreflights",
);

// Addresses that show something, each with what loads it.
const reveals = [
  `/iib/db/random_images`, `/iib/global_setting`, `/iib/files?folder_path=${encodeURIComponent(place.pics)}`,
  `/iib/image_geninfo?path=${encoded}`, `/iib/file?path=${encoded}`, `/iib/image-thumbnail?path=${encoded}`,
  `/api/v1/search?q=`, `/api/v1/status`, `/openapi.json`, `/metrics`, `/api/v1/undo`,
];

async function asStranger(name, address) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const [asked, answers] = [[], []];
  const isOurs = (about) => about.url().startsWith(home);
  page.on("request", (request) => isOurs(request) && asked.push(request.url()));
  page.on("response", (response) => isOurs(response) && answers.push([response.status(), response.url()]));
  await page.goto(address);

  await check(`${name}: nothing can be read`, async () => {
    const read = await page.evaluate(async ([url, routes]) => {
      const got = [];
      for (const route of routes) {
        for (const mode of ["cors", "no-cors"]) {
          for (const credentials of ["omit", "include"]) {
            const text = await fetch(url + route, { mode, credentials }).then((answer) => answer.text(), () => "");
            if (text !== "") got.push([route, mode, text.slice(0, 80)]);
          }
        }
      }
      return got;
    }, [home, reveals]);
    assert.deepEqual(read, []);
    assert.ok(asked.length >= reveals.length * 4, `the server was asked: ${asked.length}`);
    assert.deepEqual(answers.filter(([status]) => status < 400), []);
  });

  await check(`${name}: no picture, film, script or style is loaded`, async () => {
    const loaded = await page.evaluate(async ([url, path]) => {
      const load = (tag, attribute, address) => new Promise((done) => {
        const element = document.createElement(tag);
        const told = (how) => () => done([tag, how, address]);
        element.onload = told("loaded");
        element.onloadedmetadata = told("loaded");
        element.onerror = told("refused");
        if (tag === "link") element.rel = "stylesheet";
        element[attribute] = address;
        document.body.append(element);
      });
      return Promise.all([
        load("img", "src", `${url}/iib/image-thumbnail?path=${path}`),
        load("img", "src", `${url}/iib/file?path=${path}`),
        load("video", "src", `${url}/iib/stream_video?path=${path}`),
        load("script", "src", `${url}/iib/db/random_images`),
        load("script", "src", `${url}/ui/app.js`),
        load("link", "href", `${url}/ui/app.css`),
      ]);
    }, [home, encoded]);
    assert.deepEqual(loaded.filter(([, how]) => how !== "refused"), []);
  });

  await check(`${name}: nothing is shown in a frame`, async () => {
    for (const route of ["/", "/iib", `/iib/file?path=${encoded}`, "/iib/db/random_images"]) {
      await page.evaluate((address) => new Promise((done) => {
        const frame = document.createElement("iframe");
        frame.onload = done;
        frame.src = address;
        document.body.append(frame);
      }), home + route);
      const frame = page.frames().at(-1);
      const text = await frame.evaluate(() => document.body?.innerText ?? "").catch(() => "");
      assert.ok(!/lumidex|fullpath|\.png/i.test(text) || frame.url().startsWith("chrome-error:"), `${route}: ${text}`);
    }
  });

  await check(`${name}: nothing is changed by forms, posts, beacons, sockets or streams`, async () => {
    const before = readFileSync(picture).length;
    const heard = await page.evaluate(async ([url, path]) => {
      const body = JSON.stringify({ name: "stranger", value: "1" });
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json"]) {
        await fetch(`${url}/iib/app_fe_setting`, { method: "POST", mode: "no-cors", body, headers: { "content-type": type } }).catch(() => {});
        await fetch(`${url}/iib/delete_files`, {
          method: "POST", mode: "cors", credentials: "include", headers: { "content-type": type },
          body: JSON.stringify({ file_paths: [decodeURIComponent(path)], permanent: true }),
        }).catch(() => {});
      }
      navigator.sendBeacon(`${url}/iib/app_fe_setting`, new Blob([body], { type: "text/plain" }));
      for (const enctype of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
        const frame = document.createElement("iframe");
        frame.name = `to ${enctype}`;
        document.body.append(frame);
        const form = document.createElement("form");
        Object.assign(form, { method: "post", enctype, action: `${url}/iib/app_fe_setting`, target: frame.name });
        // `{"name":"stranger","value":"1","x":"=y"}`, written as one field.
        const field = document.createElement("input");
        Object.assign(field, { name: '{"name":"stranger","value":"1","x":"', value: 'y"}' });
        form.append(field);
        document.body.append(form);
        const loaded = new Promise((done) => { frame.onload = done; });
        form.submit();
        await loaded;
      }
      const opened = (source) => new Promise((done) => {
        source.onopen = () => done("open");
        source.onerror = () => done("refused");
      });
      return [
        await opened(new WebSocket(`${url.replace("http", "ws")}/events`)),
        await opened(new EventSource(`${url}/events`, { withCredentials: true })),
      ];
    }, [home, encoded]);
    assert.deepEqual(heard, ["refused", "refused"]);
    assert.deepEqual(await settings(), {});
    assert.equal(readFileSync(picture).length, before);
  });
  await context.close();
}

await asStranger("another name", `http://evil.test:${strangePort}/`);
await asStranger("another port", `http://localhost:${strangePort}/`);

await check("a name that was pointed here is not answered to", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const rebound = `http://rebound.test:${port}/`;
  assert.equal((await page.goto(rebound)).status(), 403);
  // Its page came before the name was pointed here; from then on it asks what it takes for its own server.
  await page.route(rebound, (route) => route.fulfill({ contentType: "text/html", body: PAGE }));
  await page.goto(rebound);
  const statuses = await page.evaluate(async (routes) => {
    const ask = (route) => fetch(route).then((answer) => answer.status, () => 0);
    const post = fetch("/iib/app_fe_setting", { method: "POST", body: '{"name":"stranger","value":"1"}' });
    return [await post.then((answer) => answer.status, () => 0), ...await Promise.all(routes.map(ask))];
  }, reveals);
  assert.deepEqual(statuses, statuses.map(() => 403));
  assert.deepEqual(await settings(), {});
  await context.close();
});

await check("whoever comes by a link sees the page", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`http://evil.test:${strangePort}/`);
  await page.evaluate((address) => {
    const link = document.createElement("a");
    link.href = address;
    link.textContent = "here";
    document.body.append(link);
  }, `${home}/iib`);
  await page.getByText("here").click();
  await page.waitForURL(`${home}/iib**`);
  await page.locator("body *").first().waitFor();
  await context.close();
});

await browser.close();
strange.close();
await server.stop();
console.log(`${passed} passed, 0 failed`);
