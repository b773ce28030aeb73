//! Classes 1 to 5: paths that go up, are written oddly, lead through links, are alike at their beginning, or are where
//! something is put; at every parameter that is a path, of every route.

use super::ground::{Ground, written};
use super::slots::{Asked, Slot, TAKE_NONE, filled, slots};
use crate::contract::served::Reply;
use lumidex::serve::{RouteRow, routes};
use lumidex::settings::AccessControl;
use serde_json::{Value, json};

/// Routes of this name: below the base, at our own place, or both.
fn rows_of(slot: &Slot) -> Vec<RouteRow> {
    let rows: Vec<RouteRow> =
        routes().filter(|row| (row.method, row.path) == (slot.method, slot.path)).collect();
    assert!(!rows.is_empty(), "{} {} is no route", slot.method, slot.path);
    rows
}

fn prefixes(row: &RouteRow) -> Vec<String> {
    match row.prefix {
        "{B}" => Ground::prefixes().to_vec(),
        prefix => vec![prefix.to_owned()],
    }
}

/// Asks in every place and every way of writing; what came back, with what was asked.
fn ask(ground: &Ground, slot: &Slot, path: &str) -> Vec<(String, Reply)> {
    let route = slot.path.replace("{filename}", "canary.png");
    let mut replies = Vec::new();
    for prefix in rows_of(slot).iter().flat_map(prefixes) {
        match &slot.asked {
            Asked::Query(name) => {
                for path in written(path) {
                    let uri = format!("{prefix}{route}?{name}={path}");
                    let Ok(parsed) = uri.parse::<axum::http::Uri>() else { continue };
                    replies.push((uri.clone(), ground.ask(slot.method, &parsed.to_string(), &Value::Null)));
                }
            }
            Asked::Body(body) => {
                let body = filled(body, path);
                let uri = format!("{prefix}{route}");
                replies.push((format!("{uri} {body}"), ground.ask(slot.method, &uri, &body)));
            }
        }
    }
    replies
}

/// Routes of which one request may name several paths, of which those that are not there are told by leaving out.
fn says_no_by_value(slot: &Slot) -> bool {
    slot.path == "/check_path_exists"
}

#[test]
fn every_route_that_takes_a_path_is_tried() {
    let ground = Ground::new(AccessControl::Enable);
    let slots = slots(&ground);
    for row in routes().filter(|row| row.paths) {
        let is_tried = slots.iter().any(|slot| rows_of(slot).contains(&row));
        assert!(
            is_tried || TAKE_NONE.contains(&row.path),
            "{} {}{} takes a path",
            row.method,
            row.prefix,
            row.path
        );
    }
    for slot in &slots {
        assert!(rows_of(slot).iter().all(|row| row.paths), "{} declares that it takes paths", slot.path);
    }
}

#[test]
fn with_access_control_nothing_outside_is_shown_or_changed_through_any_route() {
    let ground = Ground::new(AccessControl::Enable);
    for slot in slots(&ground) {
        for path in ground.ways_out() {
            for (asked, reply) in ask(&ground, &slot, &path) {
                ground.assert_silent(&reply, &asked, &path);
                if says_no_by_value(&slot) {
                    let is_there = reply.json()[&path] == true;
                    assert!(!is_there || ground.is_ancestor(&path), "{asked}");
                } else {
                    let may_list = matches!(slot.path, "/files" | "/batch_get_files_info");
                    assert!(
                        reply.status == 403 || may_list && ground.is_ancestor(&path),
                        "{asked} {}",
                        reply.status
                    );
                }
            }
        }
    }
    ground.assert_untouched();
}

#[test]
fn with_access_control_tricks_of_other_systems_reach_nothing_outside() {
    let ground = Ground::new(AccessControl::Enable);
    for slot in slots(&ground) {
        for path in ground.tricks() {
            for (asked, reply) in ask(&ground, &slot, &path) {
                ground.assert_silent(&reply, &asked, &path);
                assert!(
                    reply.status < 500 || reply.status == 503,
                    "{asked} {} {:?}",
                    reply.status,
                    reply.text()
                );
            }
        }
    }
    ground.assert_untouched();
}

#[test]
fn without_access_control_what_is_no_media_does_not_leave() {
    let ground = Ground::new(AccessControl::Disable);
    let shows = |slot: &Slot| rows_of(slot).iter().all(|row| !row.writes) || slot.path == "/zip";
    for slot in slots(&ground).into_iter().filter(shows) {
        for path in ground.ways_out().into_iter().chain(ground.tricks()) {
            for (asked, reply) in ask(&ground, &slot, &path) {
                ground.assert_silent(&reply, &asked, &path);
                assert!(
                    reply.status < 500 || reply.status == 503,
                    "{asked} {} {:?}",
                    reply.status,
                    reply.text()
                );
            }
        }
    }
    ground.assert_untouched();
}

#[test]
fn without_access_control_what_is_no_media_is_not_brought_inside_or_removed() {
    let ground = Ground::new(AccessControl::Disable);
    let pics = ground.served.path("");
    for name in ["private/canary.txt", "private/canary-named.png", "pics.txt", "private", "/etc/passwd"] {
        let path = if name.starts_with('/') { name.to_owned() } else { format!("{}/{name}", ground.top()) };
        for (route, body) in [
            ("/copy_files", json!({ "file_paths": [path], "dest": pics })),
            ("/move_files", json!({ "file_paths": [path], "dest": pics })),
            ("/delete_files", json!({ "file_paths": [path], "permanent": true })),
            ("/db/rename", json!({ "path": path, "name": "x.png" })),
        ] {
            for prefix in Ground::prefixes() {
                let reply = ground.ask("POST", &format!("{prefix}{route}"), &body);
                assert!(
                    [400, 403].contains(&reply.status),
                    "{route} {body} {} {}",
                    reply.status,
                    reply.text()
                );
                reply.assert_problem();
            }
        }
    }
    ground.assert_untouched();
    // A picture by its content may be tried before its folder is added.
    let body = json!({ "file_paths": [format!("{}/pics-private/canary.png", ground.top())], "dest": pics });
    assert_eq!(ground.ask("POST", "/iib/copy_files", &body).status, 200);
    ground.assert_untouched();
}

#[test]
fn a_new_name_is_one_component() {
    for access in [AccessControl::Enable, AccessControl::Disable] {
        let ground = Ground::new(access);
        for name in [
            "",
            ".",
            "..",
            "/",
            "../x.png",
            "../../x.png",
            "sub/x.png",
            "/etc/x",
            "..\0",
            "x\0.png",
            "a/../../x.png",
        ] {
            for prefix in Ground::prefixes() {
                let body = json!({ "path": ground.served.path("a.png"), "name": name });
                let reply = ground.ask("POST", &format!("{prefix}/db/rename"), &body);
                assert_eq!(reply.status, 400, "{name:?} {:?}", reply.text());
                reply.assert_problem();
            }
        }
        ground.assert_untouched();
    }
}
