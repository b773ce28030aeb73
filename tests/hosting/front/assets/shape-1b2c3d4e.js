// What answers must look like. A front end written for one server reads them without a guard; this one
// says what was wrong instead of showing nonsense, and never makes do with less.

export function must(isRight, what) {
  if (!isRight) throw new TypeError(`against the contract: ${what}`);
}

export function text(value, what) {
  must(typeof value === "string", `${what} is a text, not ${JSON.stringify(value)}`);
  return value;
}

export function number(value, what) {
  must(Number.isFinite(value), `${what} is a number, not ${JSON.stringify(value)}`);
  return value;
}

export function flag(value, what) {
  must(typeof value === "boolean", `${what} is true or false, not ${JSON.stringify(value)}`);
  return value;
}

export function object(value, what) {
  must(typeof value === "object" && value !== null && !Array.isArray(value), `${what} is an object`);
  return value;
}

export function list(value, what, each = () => {}) {
  must(Array.isArray(value), `${what} is an array, not ${JSON.stringify(value)}`);
  for (const one of value) each(one, `${what}[]`);
  return value;
}

// Printed as it is, and read by the browser's own reader of dates to be sorted by.
export function instant(value, what) {
  must(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text(value, what)), `${what} is a local time, not ${value}`);
  const at = new Date(value).getTime();
  must(!Number.isNaN(at), `${what} can be read as a date`);
  return at;
}

export function fileInfo(entry, what = "a file") {
  object(entry, what);
  must(["file", "dir"].includes(entry.type), `${what}.type is file or dir`);
  text(entry.name, `${what}.name`);
  text(entry.fullpath, `${what}.fullpath`);
  instant(entry.date, `${what}.date`);
  const isSize = entry.type === "dir" ? /^-$/ : /^(0B|\d+\.\d\d [KMGTPEZY]?B)$/;
  must(isSize.test(text(entry.size, `${what}.size`)), `${what}.size reads like 1.20 MB, not ${entry.size}`);
  flag(entry.is_under_scanned_path, `${what}.is_under_scanned_path`);
  if (entry.type === "file") number(entry.bytes, `${what}.bytes`);
  return entry;
}

// What a folder lists has a time of creation as well, which is sorted by.
export function listed(entry, what) {
  fileInfo(entry, what);
  instant(entry.created_time, `${what}.created_time`);
  return entry;
}

export function tag(value, what = "a tag") {
  object(value, what);
  must(Number.isInteger(value.id), `${what}.id is a whole number`);
  text(value.name, `${what}.name`);
  text(value.color, `${what}.color`);
  number(value.count, `${what}.count`);
  must(text(value.type, `${what}.type`) !== "auto", `${what}.type says which kind it is`);
  must(value.display_name === null || typeof value.display_name === "string", `${what}.display_name`);
  return value;
}

export function page(value, what) {
  object(value, what);
  list(value.files, `${what}.files`, fileInfo);
  object(value.cursor, `${what}.cursor`);
  flag(value.cursor.has_next, `${what}.cursor.has_next`);
  if (value.cursor.has_next) text(value.cursor.next, `${what}.cursor.next`);
  return value;
}

export function isSame(one, other) {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => isSame(one[key], other[key]));
}
