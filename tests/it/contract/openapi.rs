//! The document of what can be asked for: every route is in it with its policy, it needs the secret where there is one,
//! and the one that is checked in is the one that is served.

use super::cookie_of;
use super::served::Served;
use lumidex::serve::routes;
use lumidex::settings::Secret;
use serde_json::{Value, json};
use std::path::Path;

/// Writes down what is served, in place of comparing with it.
const WRITE: &str = "LUMIDEX_WRITE_OPENAPI";

fn served() -> Value {
    let reply = Served::new().ask("GET", "/openapi.json", &Value::Null);
    assert_eq!(reply.status, 200);
    reply.json()
}

#[test]
fn what_is_checked_in_is_what_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/openapi.json");
    let served = serde_json::to_string_pretty(&served()).unwrap() + "\n";
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &served).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == served, "the routes changed; look at what did, and write it down with {WRITE}=1");
}

#[test]
fn every_route_stands_in_it_with_its_policy() {
    let document = served();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = std::collections::BTreeSet::new();
    let mut n_routes = 0;
    for row in routes() {
        n_routes += 1;
        let base = row.prefix.replace("{B}", "/infinite_image_browsing");
        let path = format!("{base}{}", row.path.replace("{*file}", "{file}"));
        let operation = &document["paths"][&path][row.method.to_lowercase()];
        assert!(operation["summary"].is_string(), "{} {path} is missing", row.method);
        assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{path}");
        let policy = &operation["x-policy"];
        assert_eq!(policy["writes"], row.writes, "{path}");
        assert_eq!(policy["reads"], row.reads, "{path}");
        assert_eq!(policy["upstream"], row.upstream, "{path}");
        assert_eq!(policy["launches"], row.launches, "{path}");
        let checked_for = if row.paths { json!(row.checked_for) } else { Value::Null };
        assert_eq!(policy["paths"], checked_for, "{path}");
        assert_eq!(operation["security"] == json!([]), !row.auth, "{path}");
        assert!(operation["responses"]["200"]["content"].is_object(), "{path}");
        let declared = path.matches('{').count();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        assert_eq!(parameters.iter().filter(|param| param["in"] == "path").count(), declared, "{path}");
    }
    let operations =
        document["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len());
    assert_eq!(operations.sum::<usize>(), n_routes, "and no other");
}

#[test]
fn every_name_in_it_is_explained() {
    fn names(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").map(|name| name.as_str().unwrap().to_owned()));
                fields.values().for_each(|field| names(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| names(item, found)),
            _ => {}
        }
    }
    let document = served();
    let mut found = Vec::new();
    names(&document, &mut found);
    assert!(found.len() > 20);
    for name in found {
        let pointer = name.strip_prefix('#').unwrap_or_else(|| panic!("{name} is elsewhere"));
        assert!(document.pointer(pointer).is_some(), "{name}");
    }
}

#[test]
fn it_needs_the_secret_where_there_is_one_and_tells_the_base() {
    let served = Served::with(|settings, _| {
        settings.secret = Some(Secret("abc".into()));
        settings.base = "/gallery".into();
    });
    assert_eq!(served.ask("GET", "/openapi.json", &Value::Null).status, 401);
    let cookie = cookie_of("abc");
    let reply = served.ask_with(&[("cookie", &cookie)], "GET", "/openapi.json", &Value::Null);
    assert_eq!(reply.status, 200);
    assert!(reply.json()["paths"]["/gallery/files"]["get"].is_object());
}
