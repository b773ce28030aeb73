// Elements, words and short messages. Texts from outside become text nodes and nothing else.

const toasts = () => document.getElementById("toasts");

export function make(name, properties = {}, ...children) {
  const { dataset = {}, ...rest } = properties;
  const element = Object.assign(document.createElement(name), rest);
  Object.assign(element.dataset, dataset);
  element.append(...children);
  return element;
}

// A button whose failures are not lost: they become failures of the page.
export function button(label, work, properties = {}) {
  const element = make("button", { type: "button", ...properties }, label);
  element.addEventListener("click", async () => {
    element.ariaBusy = "true";
    try {
      await work(element);
    } finally {
      element.ariaBusy = "false";
    }
  });
  return element;
}

export function field(label, properties = {}) {
  const input = make("input", { autocomplete: "off", ...properties, ariaLabel: label, placeholder: label });
  return input;
}

export function choice(label, options) {
  return make("select", { ariaLabel: label }, ...options.map((option) => make("option", {}, option)));
}

export function toast(message) {
  toasts().append(make("li", {}, message));
}

export const rest = (ms) => new Promise((later) => setTimeout(later, ms));

// Words with holes become functions once, as libraries for translated messages make them. A page policy that
// forbids making code out of text would stop such libraries, and so stops this.
const made = new Map();
export function say(words, values) {
  if (!made.has(words)) {
    const body = `return ${JSON.stringify(words)}.replace(/\\{(\\w+)\\}/g, (_, name) => values[name] ?? "")`;
    made.set(words, new Function("values", body));
  }
  return made.get(words)(values);
}

// Rules that depend on a setting come as an element, as themes of component libraries do.
export function style(rules) {
  document.getElementById("made-rules")?.remove();
  document.head.append(make("style", { id: "made-rules" }, rules));
}
