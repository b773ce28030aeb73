// What everything here stands on: a library, a server that publishes a front end over it, an upstream that knows
// a few answers, and a browser. Whatever is started here ends with this process.

import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { chromium } from "playwright-core";

const PROGRAMS = process.env.LUMIDEX_PROGRAMS;
export const WORK = process.env.LUMIDEX_WORK;
const START_MS = 30_000;
const STOP_MS = 20_000;

const children = new Set();
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));

// Names that mean something to addresses, to shells and to markup.
export const ODD_NAME = "100% %20 #1 ?a=b&c + ü 'x' <b>.png";

export const folderOf = (path) => path.slice(0, path.lastIndexOf("/"));

// Pictures of a folder and below, and only those.
export function pictures(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return pictures(path);
    return /\.(png|jpe?g|webp|gif|bmp|avif)$/i.test(entry.name) ? [path] : [];
  });
}

const synth = (folder, images, seed) =>
  execFileSync(join(PROGRAMS, "index-tools"), ["synth", folder, "--images", images, "--seed", seed], { stdio: "ignore" });

// One second of nothing, as a sound.
function sound() {
  const rate = 8_000;
  const file = Buffer.alloc(44 + rate, 0x80);
  file.write("RIFF", 0);
  file.writeUInt32LE(36 + rate, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(rate, 28);
  file.writeUInt16LE(1, 32);
  file.writeUInt16LE(8, 34);
  file.write("data", 36);
  file.writeUInt32LE(rate, 40);
  return file;
}

// A home with a library of that many pictures, some of them in folders for what is done to files.
export function library(name, images) {
  const home = join(WORK, name);
  const place = { home, pics: join(home, "pics"), sort: join(home, "sort"), extra: join(home, "extra"), cwd: join(home, "work") };
  mkdirSync(join(home, "Desktop"), { recursive: true });
  mkdirSync(join(place.cwd, "outputs/txt2img-images"), { recursive: true });
  synth(place.pics, String(images), "3");
  synth(place.sort, "60", "9");
  synth(place.extra, "12", "11");
  const media = join(place.pics, "media");
  mkdirSync(media);
  const [first] = pictures(place.pics).filter((path) => path.endsWith(".png"));
  copyFileSync(first, join(media, ODD_NAME));
  writeFileSync(join(media, "silence.wav"), sound());
  const film = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=3", "-c:v", "libvpx", "-y", join(media, "film.webm")];
  execFileSync("ffmpeg", ["-loglevel", "error", ...film], { stdio: ["ignore", "ignore", "inherit"] });
  const deeds = join(place.pics, "deeds");
  for (const [at, path] of pictures(place.extra).entries()) {
    mkdirSync(join(deeds, `part ${at % 2}`), { recursive: true });
    copyFileSync(path, join(at < 8 ? deeds : join(deeds, `part ${at % 2}`), `d${at}${path.slice(path.lastIndexOf("."))}`));
  }
  return { ...place, media, deeds };
}

// Answers chats the way a service does: titles of topics, groups of words, and a few words otherwise.
export async function upstream() {
  const answer = ({ messages, response_format: format }) => {
    const { content } = messages[messages.length - 1];
    if (!format) return "fox, snow, evening";
    if (content.startsWith("[")) {
      const tags = JSON.parse(content);
      const group = (id, some) => ({ id, label: `Group ${id}`, tags: some });
      const groups = [group("a", tags.slice(0, tags.length / 2)), group("b", tags.slice(tags.length / 2))];
      return JSON.stringify({ groups, categories: [{ id: "all", label: "Everything", groups: ["a", "b"] }] });
    }
    const words = content.toLowerCase().split(/[^a-z]+/).filter((word) => word.length > 5);
    return JSON.stringify({ title: words.slice(-2).join(" ").slice(0, 24) || "topic", keywords: words.slice(-3) });
  };
  const server = createServer((request, response) => {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => {
      const asked = JSON.parse(Buffer.concat(pieces).toString());
      const message = { role: "assistant", content: answer(asked) };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ id: "1", object: "chat.completion", created: 1, model: "m", choices: [{ index: 0, finish_reason: "stop", message }] }));
    });
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { url: `http://127.0.0.1:${server.address().port}/v1`, stop: () => server.close() };
}

// A server over these folders that publishes this front end. What it was asked to open is in the file `opened`.
export async function serve(ui, place, environment = {}) {
  const opened = join(place.home, "opened");
  const opener = join(place.home, "opener");
  writeFileSync(opener, `#!/bin/sh\nprintf '%s\\n' "$1" >>'${opened}'\n`, { mode: 0o755 });
  // Nothing of who runs this reaches the server but where programs are.
  const env = { PATH: process.env.PATH, HOME: place.home, LANG: "C.UTF-8", TZ: "Asia/Kathmandu", ...environment };
  const flags = ["--port", "0", "--data-dir", join(place.home, "data"), "--ui-dir", ui, "--opener", opener];
  const server = spawn(join(PROGRAMS, "lumidex"), [...flags, place.pics, place.sort], { cwd: place.cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  children.add(server);
  let log = "";
  server.stderr.on("data", (piece) => { log = (log + piece).slice(-20_000); });
  const ended = new Promise((done) => server.on("exit", done));
  const url = await new Promise((found, failed) => {
    let said = "";
    const late = setTimeout(() => failed(new Error(`the server says no address\n${log}`)), START_MS);
    server.stdout.on("data", (piece) => {
      said += piece;
      const match = /http:\/\/[^\s/]+/.exec(said);
      if (match) {
        clearTimeout(late);
        found(match[0]);
      }
    });
    ended.then((code) => failed(new Error(`the server ended with ${code}\n${log}`)));
  });
  const stop = async () => {
    server.kill("SIGTERM");
    const late = setTimeout(() => server.kill("SIGKILL"), STOP_MS);
    const code = await ended;
    clearTimeout(late);
    children.delete(server);
    if (code !== 0) throw new Error(`the server does not end cleanly: ${code}\n${log}`);
  };
  return { url, opened, log: () => log, stop };
}

export async function browse(...more) {
  return chromium.launch({
    executablePath: process.env.LUMIDEX_CHROMIUM,
    headless: true,
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync", ...more,
    ],
  });
}
