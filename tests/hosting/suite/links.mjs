// Addresses that lead straight into a front end, as the contract lists them (12), over this library.

import { pictures } from "./ground.mjs";

const address = (action, rest) => `?${new URLSearchParams({ action, ...rest })}`;
const pane = (type, props) => address("pane", props ? { type, props: JSON.stringify(props) } : { type });

// Each with whether pictures must be seen there. `ask` posts to the server as the page would.
export async function links(place, ask) {
  const folder = place.deeds;
  const paths = pictures(folder).slice(0, 6);
  const files = Object.values(await ask("/batch_get_files_info", { paths }));
  const { files: [found] } = await ask("/db/search_by_substr", { surstr: "" });
  const { id } = await ask("/db/add_custom_tag", { tag_name: "seen" });
  await ask("/db/batch_update_image_tag", { img_paths: paths, action: "add", tag_id: id });
  const tags = { and_tags: [id], or_tags: [], not_tags: [], folder_paths_str: "", folder_paths: [], random_sort: false };
  const open = (mode) => address("open", { path: folder, mode });
  return [
    ["start", "", false],
    ["folder, step by step", open("scanned"), true],
    ["folder, fixed", open("scanned-fixed"), true],
    ["folder, walked", open("walk"), true],
    ["one file", address("view", { path: found.fullpath }), true],
    ["pane local", pane("local", { path: folder, mode: "scanned-fixed" }), false],
    ["pane tag-search", pane("tag-search"), false],
    ["pane fuzzy-search", pane("fuzzy-search"), false],
    ["pane tag-search-matched-image-grid", pane("tag-search-matched-image-grid", { selectedTagIds: tags, id: "1" }), false],
    ["pane topic-search-matched-image-grid", pane("topic-search-matched-image-grid", { id: "2", title: "six pictures", paths }), false],
    ["pane topic-search", pane("topic-search"), false],
    ["pane grid-view", pane("grid-view", { files }), false],
    ["pane img-sli", pane("img-sli", { left: files[0], right: files[1] }), false],
    ["pane random-image", pane("random-image"), false],
    ["pane batch-download", pane("batch-download"), false],
    ["pane workspace-snapshot", pane("workspace-snapshot"), false],
    ["pane global-setting", pane("global-setting"), false],
    ["pane empty", pane("empty"), false],
  ];
}
