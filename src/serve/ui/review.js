// The review list: pictures side by side, and a person says which is which.

import { ask, el, failed, make, post } from "./ask.js";

const TAKE = { ambiguous: "It is this one", both: "Make them one", replaced: "It is another picture" };
const KEEP = { ambiguous: "A picture of its own", both: "Keep them apart", replaced: "Keep its tags" };

async function open() {
  if (!el("review").open) el("review").showModal();
  try {
    const { reviews } = await ask("api/v1/review");
    el("questions").replaceChildren(...reviews.map(question));
    if (reviews.length === 0) el("review").close();
  } catch (error) {
    el("review").close();
    failed(error);
  }
}

function question({ number, kind, text, place, tags, choices }) {
  const item = make("li");
  const sides = make("div", { className: "sides" });
  const settle = (take) => async () => {
    for (const button of item.querySelectorAll("button")) button.disabled = true;
    try {
      await post("api/v1/review", { number, take });
      await open();
    } catch (error) {
      item.append(make("p", { className: "problem", textContent: error.message }));
      for (const button of item.querySelectorAll("button")) button.disabled = false;
    }
  };
  // A missing file of one content looks as the one that is there.
  sides.append(side({ path: place, tags, label: "Here now", button: KEEP[kind], picture: place, settle: settle(null) }));
  for (const { image, path, tags: own, present } of choices) {
    const label = present ? "Before it was rewritten" : "Missing since";
    const picture = kind === "replaced" ? null : place;
    sides.append(side({ path, tags: own, label, button: TAKE[kind], picture, settle: settle(image) }));
  }
  item.append(make("p", { textContent: text }), sides);
  return item;
}

function side({ path, tags, label, button, picture, settle }) {
  const part = make("section");
  part.append(make("h3", { textContent: label }));
  if (picture) {
    const image = make("img", { alt: "", loading: "lazy", src: `iib/image-thumbnail?path=${encodeURIComponent(picture)}&size=512x512` });
    image.addEventListener("error", () => image.remove());
    part.append(image);
  }
  part.append(make("p", { className: "path", textContent: path }));
  const list = make("p");
  for (const tag of tags) list.append(make("span", { className: "tag", textContent: tag }));
  const act = make("button", { type: "button", textContent: button, disabled: document.body.classList.contains("readonly") });
  act.addEventListener("click", settle);
  part.append(list, act);
  return part;
}

el("reviews").addEventListener("click", open);
el("leave").addEventListener("click", () => el("review").close());
