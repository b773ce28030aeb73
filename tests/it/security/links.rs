//! Class 3: links made after the library was indexed, in place of what it knows.

use super::ground::{CANARY, Ground};
use super::slots::{Asked, filled, slots};
use lumidex::settings::AccessControl;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;

/// A picture of the index is a link that leads out by now, and a folder of it another.
fn replaced() -> (Ground, [String; 2]) {
    let ground = Ground::new(AccessControl::Enable);
    let top = ground.top();
    fs::copy(format!("{top}/private/canary.png"), format!("{top}/private/c.png")).unwrap();
    let ground = ground.guarding_now();
    let [file, folder] = ["a.png", "sub"].map(|name| ground.served.path(name));
    fs::remove_file(&file).unwrap();
    symlink(format!("{top}/private/canary.png"), &file).unwrap();
    fs::rename(&folder, ground.served.path("moved")).unwrap();
    symlink(format!("{top}/private"), &folder).unwrap();
    let inside = format!("{folder}/c.png");
    (ground, [file, inside])
}

#[test]
fn what_the_index_knows_is_not_opened_through_a_link_that_took_its_place() {
    let (ground, known) = replaced();
    for slot in slots(&ground) {
        for path in &known {
            for prefix in ["/iib", "/gallery", "/api/v1"] {
                let route = slot.path.replace("{filename}", path.rsplit('/').next().unwrap());
                let reply = match &slot.asked {
                    Asked::Query(name) => {
                        let uri = format!("{prefix}{route}?{name}={}", crate::contract::served::encode(path));
                        ground.ask(slot.method, &uri, &Value::Null)
                    }
                    Asked::Body(body) => {
                        ground.ask(slot.method, &format!("{prefix}{route}"), &filled(body, path))
                    }
                };
                ground.assert_silent(&reply, &format!("{prefix}{route}"), path);
                let is_no = reply.status == 404 || reply.status == 403;
                assert!(
                    is_no || slot.path == "/check_path_exists",
                    "{prefix}{route} {path} {}",
                    reply.status
                );
            }
        }
    }
    ground.assert_untouched();
}

#[test]
fn neither_walks_nor_listings_follow_a_link_that_leads_out() {
    let (ground, _) = replaced();
    for update in ["/iib/db/update_image_data", "/iib/db/rebuild_index"] {
        assert_eq!(ground.ask("POST", update, &json!({})).status, 200);
        let found = ground.ask("POST", "/iib/db/search_by_substr", &json!({ "surstr": CANARY })).json();
        assert_eq!(found["files"], json!([]), "{update}");
        let listed =
            ground.ask("GET", &format!("/iib/files?folder_path={}", ground.served.encoded("")), &Value::Null);
        ground.assert_silent(&listed, update, "");
        let names: Vec<Value> =
            listed.json()["files"].as_array().unwrap().iter().map(|file| file["name"].clone()).collect();
        for link in ["a.png", "sub", "link.png", "relative.png", "chain-1", "chain-2", "root", "proc", "out"]
        {
            assert!(!names.contains(&json!(link)), "{link} leads out");
        }
        assert!(names.contains(&json!("moved")) && names.contains(&json!("b.png")));
    }
    ground.assert_untouched();
}
