//! The document that says what there is to be asked for: OpenAPI 3.1, of the table of routes and of the types by which
//! requests are read, so that it cannot say anything else than what is served. Refuses to know what a route does.

mod answers;
mod shapes;

use super::policy::{At, Paths, Policy};
use super::table::{ROUTES, Route, Verb};
use answers::Gives;
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// What a route takes and gives.
pub(super) struct Shape {
    says: &'static str,
    query: &'static [Param],
    body: Option<fn(&mut SchemaGenerator) -> Schema>,
    gives: Gives,
}

/// A parameter of the query or of the path.
#[derive(Clone, Copy)]
pub(super) struct Param {
    name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A text that has to be there.
    Needed,
    /// A text that may be.
    Text,
    /// A whole number, not negative.
    Count,
    /// A part of the path.
    Part,
}

/// The document of a server whose contract stands under this base, in the reference dialect.
///
/// A route of which no shape is known is left out; a test finds that there is none.
pub(crate) fn document(base: &str) -> Value {
    let mut schemas = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let mut paths = Map::new();
    for route in &ROUTES {
        let Some(shape) = shapes::shape(route) else { continue };
        let at = match route.at {
            At::Contract => format!("{base}{}", route.path),
            At::Own | At::Root => format!("{}{}", route.at.word(), route.path),
        };
        let item = paths.entry(at.replace("{*file}", "{file}")).or_insert_with(|| json!({}));
        item[verb(route.method)] = operation(route, &shape, &mut schemas);
    }
    let mut components = answers::schemas();
    components.extend(schemas.take_definitions(true));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "lumidex",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Instant search over huge libraries of AI-generated images",
            "description": "What stands under the base also stands under `/iib`, where dates are local time, sizes have two \
                decimals and tags have the types of the original server. Keys that are not known are ignored, and `null` is \
                as if a key were not there. Paths are absolute, or relative to where the server was started.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "cookie": {
                    "type": "apiKey", "in": "cookie", "name": "IIB_S",
                    "description": "Lower-case hex of SHA-256 of the key with `_ciallo` behind it",
                },
                "bearer": { "type": "http", "scheme": "bearer", "description": "The key" },
                "owner": {
                    "type": "apiKey", "in": "header", "name": "x-lumidex-token",
                    "description": "The token of the lock file, from the same machine",
                },
            },
        },
    })
}

fn operation(route: &Route, shape: &Shape, schemas: &mut SchemaGenerator) -> Value {
    let Policy { auth, owner, reads, writes, paths, upstream, launches } = route.policy;
    let security = match (auth, owner) {
        (_, true) => json!([{ "owner": [] }]),
        (true, false) => json!([{}, { "cookie": [] }, { "bearer": [] }]),
        (false, false) => json!([]),
    };
    let checked_for = match paths {
        Paths::None => Value::Null,
        Paths::Read => json!("read"),
        Paths::Write => json!("write"),
        Paths::List => json!("list"),
    };
    let mut operation = json!({
        "operationId": name_of(route),
        "summary": shape.says,
        "security": security,
        "responses": answers::responses(&shape.gives, route.method == Verb::Get),
        "x-policy": {
            "reads": reads, "writes": writes, "paths": checked_for, "upstream": upstream, "launches": launches,
        },
    });
    if !shape.query.is_empty() {
        operation["parameters"] = shape.query.iter().map(parameter).collect();
    }
    if let Some(body) = shape.body {
        let schema = body(schemas);
        operation["requestBody"] = json!({ "content": { "application/json": { "schema": schema } } });
    }
    operation
}

fn parameter(param: &Param) -> Value {
    let schema = match param.kind {
        Kind::Needed | Kind::Text | Kind::Part => json!({ "type": "string" }),
        Kind::Count => json!({ "type": "integer", "minimum": 0 }),
    };
    let place = if param.kind == Kind::Part { "path" } else { "query" };
    let is_needed = matches!(param.kind, Kind::Needed | Kind::Part);
    json!({ "name": param.name, "in": place, "required": is_needed, "schema": schema })
}

/// A name that no other operation has: method and path, as words.
fn name_of(route: &Route) -> String {
    let place = match route.at {
        At::Contract => "",
        At::Own => "own/",
        At::Root => "root/",
    };
    let whole = format!("{}/{place}{}", verb(route.method), route.path);
    let words = whole.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

fn verb(method: Verb) -> &'static str {
    match method {
        Verb::Get => "get",
        Verb::Post => "post",
        Verb::Delete => "delete",
    }
}
