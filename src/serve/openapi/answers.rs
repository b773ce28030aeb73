//! What answers look like, as far as clients may rely on it. Names and types are those of the reference dialect.

use serde_json::{Map, Value, json};

/// What a route answers with when all went well.
pub(super) enum Gives {
    /// JSON of this schema.
    Json(fn() -> Value),
    /// Bytes of a type.
    Bytes(&'static str),
    /// A page or a part of one, or where it is.
    Page,
    /// A file as it is, whole or in parts, of its own type.
    File,
    /// A picture made small.
    Picture,
}

/// Schemas that have a name.
pub(super) fn schemas() -> Map<String, Value> {
    let file = json!({
        "type": "object",
        "required": [
            "type", "date", "created_time", "created_date", "size", "bytes", "name", "fullpath", "is_under_scanned_path",
        ],
        "properties": {
            "type": { "enum": ["file", "dir"] },
            "id": { "type": "integer", "minimum": 1 },
            "date": { "type": "number", "description": "Modification time, in seconds since 1970" },
            "created_time": { "type": "number" },
            "created_date": { "type": "number" },
            "size": { "type": "string" },
            "bytes": { "type": "integer", "minimum": 0 },
            "name": { "type": "string" },
            "fullpath": { "type": "string" },
            "is_under_scanned_path": { "type": "boolean" },
            "media_type": { "enum": ["image", "video", "audio"] },
            "offline": { "const": true },
        },
    });
    let tag = json!({
        "type": "object",
        "required": ["id", "name", "type", "kind", "color", "count", "score", "display_name"],
        "properties": {
            "id": { "type": "integer", "minimum": 1 },
            "name": { "type": "string" },
            "type": { "enum": ["custom", "auto"] },
            "kind": { "type": "string" },
            "color": { "type": "string" },
            "count": { "type": "integer", "minimum": 0 },
            "score": { "const": 0 },
            "display_name": { "type": ["string", "null"] },
        },
    });
    let page = json!({
        "type": "object",
        "required": ["files", "cursor"],
        "properties": {
            "files": { "type": "array", "items": named("FileInfo") },
            "cursor": {
                "type": "object",
                "required": ["has_next", "next"],
                "properties": { "has_next": { "type": "boolean" }, "next": { "type": "string" } },
            },
            "partial": {
                "type": "object",
                "required": ["done", "total"],
                "properties": { "done": { "type": "integer" }, "total": { "type": "integer" } },
            },
        },
    });
    let problem = json!({
        "type": "object",
        "required": ["detail"],
        "properties": { "detail": { "type": ["string", "object"] } },
    });
    [("FileInfo", file), ("Tag", tag), ("Page", page), ("Problem", problem)]
        .map(|(name, schema)| (name.to_owned(), schema))
        .into_iter()
        .collect()
}

fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

pub(super) fn object() -> Value {
    json!({ "type": "object" })
}

pub(super) fn null() -> Value {
    json!({ "type": "null" })
}

pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

pub(super) fn page() -> Value {
    named("Page")
}

pub(super) fn tag() -> Value {
    named("Tag")
}

pub(super) fn tags() -> Value {
    json!({ "type": "array", "items": named("Tag") })
}

pub(super) fn files() -> Value {
    json!({ "type": "array", "items": named("FileInfo") })
}

pub(super) fn listing() -> Value {
    json!({ "type": "object", "required": ["files"], "properties": { "files": files() } })
}

pub(super) fn files_by_path() -> Value {
    json!({ "type": "object", "additionalProperties": named("FileInfo") })
}

pub(super) fn covers_by_path() -> Value {
    json!({ "type": "object", "additionalProperties": files() })
}

pub(super) fn tags_by_path() -> Value {
    json!({ "type": "object", "additionalProperties": tags() })
}

pub(super) fn flags_by_path() -> Value {
    json!({ "type": "object", "additionalProperties": { "type": "boolean" } })
}

pub(super) fn texts() -> Value {
    json!({ "type": "object", "additionalProperties": { "type": "string" } })
}

pub(super) fn toggled() -> Value {
    json!({ "type": "object", "required": ["is_remove"], "properties": { "is_remove": { "type": "boolean" } } })
}

pub(super) fn folders() -> Value {
    json!({ "type": "array", "items": { "type": "object" } })
}

pub(super) fn anything() -> Value {
    json!({})
}

/// All that may come back.
pub(super) fn responses(gives: &Gives, is_get: bool) -> Value {
    let problem = json!({ "application/json": { "schema": named("Problem") } });
    let bytes = |kind: &str| json!({ (kind): { "schema": {} } });
    let good = match gives {
        Gives::Json(schema) => json!({ "application/json": { "schema": schema() } }),
        Gives::Bytes(kind) => bytes(kind),
        Gives::Page | Gives::File => bytes("*/*"),
        Gives::Picture => bytes("image/webp"),
    };
    let mut responses = json!({
        "200": { "description": "It was done, or here it is", "content": good },
        "4XX": { "description": "Refused, with the reason in words", "content": problem },
        "5XX": { "description": "It cannot be done now, with the reason in words", "content": problem },
    });
    if is_get && matches!(gives, Gives::Page) {
        responses["307"] = json!({ "description": "It is elsewhere" });
    }
    if is_get && matches!(gives, Gives::File | Gives::Picture | Gives::Page) {
        responses["304"] = json!({ "description": "The client has it" });
        responses["206"] =
            json!({ "description": "The parts that were asked for", "content": { "*/*": { "schema": {} } } });
        responses["416"] = json!({ "description": "There are no such parts" });
    }
    responses
}
