// Listens to pages and finds fault: requests that fail, errors of scripts, what a page's policy refused. What
// goes to other hosts is answered here, and kept apart.

// A browser gives up on what nobody wants any more: pictures that left the page, films that are stopped,
// pages that become downloads. Servers cannot cause this one.
const GIVEN_UP = "net::ERR_ABORTED";
const VIOLATION = "policy violation:";

// Addresses may hold whole files as text.
const brief = (text) => (text?.length > 300 ? `${text.slice(0, 300)}...` : text);

export class Watch {
  // Requests of this server, as they were answered: method, path below the prefix, body, status.
  asked = [];
  // Addresses on other hosts.
  outside = new Set();
  #faults = [];
  #consoles = [];
  #refused = new Set();
  #origin;
  #pending = new Set();
  #changed = Date.now();
  // While this holds, a missing key is expected.
  isLocked = false;

  constructor(url) {
    this.#origin = new URL(url).origin;
  }

  async follow(context) {
    await context.route((url) => url.origin !== this.#origin && url.protocol.startsWith("http"), (route) => {
      this.outside.add(route.request().url());
      return route.fulfill({ status: 200, contentType: "application/json", headers: { "access-control-allow-origin": "*" }, body: "[]" });
    });
    await context.addInitScript((mark) => {
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) => {
        console.warn(mark, effectiveDirective, blockedURI, `${sourceFile}:${lineNumber}`);
      });
    }, VIOLATION);
    context.on("page", (page) => this.#page(page));
    context.on("request", (request) => {
      this.#pending.add(request);
      this.#changed = Date.now();
    });
    context.on("requestfailed", (request) => {
      this.#over(request);
      const reason = request.failure()?.errorText;
      if (reason === "csp" || this.#isOutside(request.url())) return;
      if (reason !== GIVEN_UP) this.#faults.push(`${request.method()} ${brief(request.url())} failed: ${reason}`);
    });
    context.on("requestfinished", (request) => this.#over(request));
    context.on("response", (response) => this.#answered(response));
  }

  #over(request) {
    this.#pending.delete(request);
    this.#changed = Date.now();
  }

  #isOutside(url) {
    return url.startsWith("http") && new URL(url).origin !== this.#origin;
  }

  #page(page) {
    page.on("pageerror", (error) => this.#faults.push(`a script failed: ${error.stack ?? error}`));
    page.on("crash", () => this.#faults.push("a page crashed"));
    page.on("console", (message) => this.#consoles.push({ type: message.type(), text: message.text(), at: message.location().url }));
  }

  #answered(response) {
    const request = response.request();
    const url = new URL(response.url());
    const status = response.status();
    if (url.origin !== this.#origin) return;
    const path = url.pathname.replace(/^\/iib(?=\/|$)/, "");
    const one = { method: request.method(), path, query: Object.fromEntries(url.searchParams), body: request.postData(), status, range: request.headers().range };
    this.asked.push(one);
    if (status < 400) return;
    const isExpected = url.pathname === "/favicon.ico" || (status === 401 && this.isLocked);
    if (isExpected) this.#refused.add(response.url());
    else this.#faults.push(`${one.method} ${brief(url.pathname + url.search)} answered ${status}${one.body ? ` to ${brief(one.body)}` : ""}`);
  }

  // Addresses of requests that nobody has answered yet.
  get pending() {
    return [...this.#pending].map((request) => request.url());
  }

  // Whether nothing was asked or answered for this long.
  isQuiet(ms) {
    return this.#pending.size === 0 && Date.now() - this.#changed >= ms;
  }

  // What was asked while this was done. It is quiet no sooner than some time after it began.
  async during(work) {
    const from = this.asked.length;
    this.#changed = Date.now();
    await work();
    return this.asked.slice(from);
  }

  // Everything that must not have been.
  get faults() {
    const faults = [...this.#faults];
    for (const { type, text, at } of this.#consoles) {
      if (text.startsWith(VIOLATION)) {
        const [directive, blocked, where] = text.slice(VIOLATION.length + 1).split(" ");
        if (this.#isOutside(blocked)) this.outside.add(`${blocked} (refused by the page's own policy)`);
        else faults.push(`the page's policy refused ${directive} of ${blocked} at ${where}`);
      } else if (type === "error") {
        const isKnown = this.#refused.has(at) || this.#isOutside(at) || text.includes("Content Security Policy");
        if (!isKnown) faults.push(`the console says: ${text} (${brief(at)})`);
      }
    }
    return faults;
  }
}
