// Topics: groups of pictures with prompts alike, words that find pictures by what they mean, and the graph of
// topics and their words. A chunk that is fetched when somebody wants it.

import { get, infos, post } from "./ask-3d4e5f6a.js";
import { known, load, put } from "./conf-4e5f6a7b.js";
import { button, field, make, rest, say, toast } from "./dom-2c3d4e5f.js";
import { Grid } from "./grid-6a7b8c9d.js";
import { fileInfo, flag, list, must, number, object, text } from "./shape-1b2c3d4e.js";
import { update } from "./tags-5f6a7b8c.js";

const POLL_MS = 800;
const PAGE = 200;
const SCOPE = "topic_search_scope";
const STATES = ["queued", "running", "done", "error"];
const WISH = { threshold: 0.9, min_cluster_size: 2 };

// Scopes for which words were searched for already.
const embedded = new Set();

export async function topics(mount, props, open) {
  await load();
  const lang = known.settings.lang;
  let folders = known.conf.app_fe_setting[SCOPE]?.folder_paths ?? [];
  const scope = field("Folder", { value: folders[0] ?? "" });
  const words = field("Words");
  const state = make("p", { className: "state" });
  const clusters = make("ol", { className: "clusters" });
  const graph = make("div", { className: "graph" });

  const setScope = async () => {
    folders = [scope.value];
    await put(SCOPE, { folder_paths: folders });
    await cached();
  };
  const cached = async () => {
    if (folders.length === 0) return;
    const wish = { ...WISH, lang, folder_paths: folders };
    const kept = object(await post("/db/cluster_iib_output_cached", wish), "cached");
    flag(kept.cache_hit, "cache_hit");
    if (kept.cache_hit && kept.result) show(kept.result, flag(kept.stale, "stale") ? "stale" : "kept");
  };
  const refresh = async () => {
    await update();
    const wish = { ...WISH, lang, folder_paths: folders };
    const { job_id } = object(await post("/db/cluster_iib_output_job_start", wish), "job_start");
    text(job_id, "job_id");
    for (;;) {
      const job = object(await get("/db/cluster_iib_output_job_status", { job_id }), "job_status");
      must(STATES.includes(job.status), `a job is never ${job.status}`);
      if (job.status === "done") return show(job.result, "found");
      if (job.status === "error") return toast(text(job.error, "error"));
      const { embedded_done = 0, to_embed = 0 } = object(job.progress ?? {}, "progress");
      state.textContent = say("{stage} {done}/{all}", { stage: text(job.stage, "stage"), done: number(embedded_done, "embedded_done"), all: number(to_embed, "to_embed") });
      await rest(POLL_MS);
    }
  };
  const show = (result, how) => {
    const n = { clusters: result.clusters.length, noise: result.noise.length, count: number(result.count, "count") };
    must(n.noise + result.clusters.reduce((sum, { size }) => sum + size, 0) === n.count, "everything is somewhere, once");
    list(result.noise, "noise", text);
    state.textContent = say("{how}: {count} pictures, {clusters} topics, {noise} left", { ...n, how });
    state.dataset.how = how;
    clusters.replaceChildren(...result.clusters.map((cluster) => {
      const { id, title, keywords, size, paths, sample_prompt } = cluster;
      for (const one of [id, title, sample_prompt]) text(one, "a topic's id, title and sample");
      list(keywords, "keywords", text);
      must(list(paths, "paths", text).length === number(size, "size"), "size counts paths");
      const label = say("{title} ({size}): {words}", { title, size, words: keywords.join(", ") });
      const shown = button(label, () => openPaths(title, paths), { title: sample_prompt });
      return make("li", {}, shown);
    }));
  };
  const openPaths = (title, paths) =>
    open("topic-search-matched-image-grid", { id: title, title, paths });
  const byMeaning = async (query) => {
    const where = JSON.stringify(folders);
    const wish = { query, top_k: 80, ensure_embed: !embedded.has(where), folder_paths: folders };
    const found = object(await post("/db/search_iib_output_by_prompt", wish), "search_by_prompt");
    embedded.add(where);
    number(found.count, "count");
    number(found.top_k, "top_k");
    const paths = list(found.results, "results").map(({ path, score, sample_prompt }) => {
      number(score, "score");
      text(sample_prompt, "sample_prompt");
      return text(path, "path");
    });
    await openPaths(say("{query}: {n} of {count}", { query, n: paths.length, count: found.count }), paths);
  };
  const draw = async () => {
    const { layers, links, stats } = object(await post("/db/cluster_tag_graph", { folder_paths: folders, lang }), "graph");
    object(stats, "stats");
    const nodes = new Map();
    const shown = list(layers, "layers").map(({ level, name, nodes: some }) => {
      number(level, "level");
      const row = make("p", { dataset: { layer: text(name, "layer.name") } });
      for (const node of list(some, "nodes")) {
        must(!nodes.has(text(node.id, "node.id")), "a node is there once");
        number(node.size, "node.size");
        text(object(node.metadata, "metadata").type, "metadata.type");
        nodes.set(node.id, node);
        row.append(button(text(node.label, "node.label"), () => visit(node, stats), { className: "node" }));
      }
      return row;
    });
    for (const { source, target, weight } of list(links, "links")) {
      must(nodes.has(source) && nodes.has(target), "a link joins nodes");
      number(weight, "weight");
    }
    graph.dataset.links = links.length;
    graph.replaceChildren(...shown);
  };
  const visit = async ({ label, metadata }, { topic_cluster_cache_key: key }) => {
    if (metadata.type !== "cluster") return byMeaning(label);
    must(key && metadata.cluster_id, "a topic of the graph can be opened");
    const wish = { topic_cluster_cache_key: key, cluster_id: metadata.cluster_id };
    const { paths } = object(await post("/db/cluster_tag_graph_cluster_paths", wish), "cluster_paths");
    await openPaths(label, list(paths, "paths", text));
  };

  const tools = make("div", { className: "tools" }, scope, words);
  tools.append(
    button("Set scope", setScope),
    button("Refresh", refresh),
    button("Search", () => byMeaning(words.value)),
    button("Graph", draw),
  );
  mount.append(make("h1", { className: "topics" }, "Topics"), tools, state, clusters, graph);
  await cached();
}

// Pictures at these paths, so many at a time; what is no longer there is left out.
export async function atPaths(mount, { title, paths }) {
  let at = 0;
  const grid = new Grid({
    more: async () => {
      while (at < paths.length) {
        const files = await infos(paths.slice(at, at + PAGE), fileInfo);
        at += PAGE;
        if (files.length > 0) return files;
      }
      return [];
    },
  });
  mount.append(make("h1", {}, title), grid.element);
  await grid.fill();
}
