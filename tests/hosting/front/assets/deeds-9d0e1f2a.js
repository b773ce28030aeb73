// What is done to files of a folder: delete, rename, copy, move, make folders, flatten, pack, open elsewhere, tag.

import { bytes, infos, post } from "./ask-3d4e5f6a.js";
import { known } from "./conf-4e5f6a7b.js";
import { button, field, make, say, toast } from "./dom-2c3d4e5f.js";
import { organizer } from "./organize-0e1f2a3b.js";
import { flag, list, listed, must, number, object, text } from "./shape-1b2c3d4e.js";
import { addTag, removeTag, toggleMany } from "./tags-5f6a7b8c.js";

// Files that were put aside to be downloaded together.
export const collected = [];

const paths = (files) => files.map(({ fullpath }) => fullpath);

function save(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export async function zip(files, { compress, pack_only }) {
  const archive = await bytes("/zip", { paths: paths(files), compress, pack_only });
  if (pack_only) must((await archive.text()) === "null", "an archive that stays answers null");
  else must(archive.type === "application/zip", "an archive is answered");
  if (!pack_only) save(archive, "pictures.zip");
}

async function shift(route, files, dest, { isMade }) {
  const wish = { file_paths: files, dest, create_dest_folder: isMade, continue_on_error: false };
  const { errors } = object(await post(route, wish), route);
  for (const error of list(errors, "errors", text)) toast(error);
}

export function deeds(path, grid, reload, open) {
  const one = () => {
    must(grid.picked.length === 1, "one file is picked");
    return grid.picked[0];
  };
  const name = field("Name");
  const dest = field("Folder");
  const isCopy = make("input", { type: "checkbox", ariaLabel: "Dropping copies" });
  const said = make("p", { className: "said" });
  const element = make("div", { className: "tools" }, name, dest, isCopy);

  const erase = async () => {
    const picked = grid.picked;
    const answer = object(await post("/delete_files", { file_paths: paths(picked) }), "delete_files");
    must(answer.ok === true, "delete_files says ok");
    for (const file of picked) grid.remove(file.fullpath);
  };
  const rename = async () => {
    const { fullpath } = one();
    const { new_path, detail } = object(await post("/db/rename", { path: fullpath, name: name.value }), "rename");
    text(detail, "rename.detail");
    const [renamed] = await infos([text(new_path, "new_path")], listed);
    must(renamed.name === name.value && renamed.fullpath === new_path, "the file has its new name");
    grid.remove(fullpath);
    grid.add([renamed]);
  };
  const send = (route) => async () => {
    const picked = grid.picked;
    await shift(route, paths(picked), dest.value, { isMade: true });
    if (route === "/move_files") for (const { fullpath } of picked) grid.remove(fullpath);
  };
  const folder = async () => {
    must((await post("/mkdirs", { dest_folder: `${path}/${name.value}` })) === null, "mkdirs answers null");
    await reload();
  };
  const flatten = async () => {
    const ask = async (dry_run) => {
      const answer = object(await post("/flatten_folder", { folder_path: path, dry_run }), "flatten_folder");
      flag(answer.success, "success");
      number(answer.total_files, "total_files");
      number(answer.moved_files, "moved_files");
      list(answer.errors, "errors", text);
      return { ...answer, n: list(answer.conflicts, "conflicts", text).length };
    };
    said.textContent = say("{total_files} files would come up, {n} conflicts", await ask(true));
    said.append(button("Do it", async () => {
      const { moved_files, success } = await ask(false);
      must(success, "flatten_folder says success");
      await reload();
      said.textContent = say("{moved_files} files came up", { moved_files });
    }));
  };
  const opened = (route, what) => async () => must((await post(route, { path: what() })) === null, `${route} answers null`);
  const tagPicked = (action) => async () => {
    const tag = known.conf.all_custom_tags.find((tag) => tag.name === name.value) ?? (await addTag(name.value));
    await toggleMany(paths(grid.picked), tag.id, action);
  };
  const untag = () => removeTag(known.conf.all_custom_tags.find((tag) => tag.name === name.value).id);

  element.append(
    button("Delete", erase),
    button("Rename", rename),
    button("Copy to", send("/copy_files")),
    button("Move to", send("/move_files")),
    button("New folder", folder),
    button("Flatten", flatten),
    button("Put aside", () => collected.push(...grid.picked)),
    button("Open folder", opened("/open_folder", () => `${path}/`)),
    button("Open with", opened("/open_with_default_app", () => one().fullpath)),
    button("Tag", tagPicked("add")),
    button("Untag", tagPicked("remove")),
    button("Remove tag", untag),
    button("Apart", () => open("grid-view", { files: grid.picked })),
    button("Compare", () => open("img-sli", { left: grid.picked[0], right: grid.picked[1] })),
    button("Organize", () => said.replaceChildren(organizer(path, reload))),
    said,
  );
  return {
    element,
    async drop(target, dropped) {
      await shift(isCopy.checked ? "/copy_files" : "/move_files", [dropped], target, { isMade: false });
      await reload();
    },
  };
}
