//! What our own routes take for a shell: searches with everything they can be narrowed by, images by id, and what would
//! become of files.

use super::served::{Served, names};
use lumidex::settings::{AccessControl, Permission};
use serde_json::{Value, json};

fn found(served: &Served, query: &str) -> Value {
    let reply = served.ask("GET", &format!("/api/v1/search?{query}"), &Value::Null);
    assert_eq!(reply.status, 200, "{query} {:?}", reply.text());
    reply.json()
}

#[test]
fn a_search_is_narrowed_by_everything_at_once() {
    let served = Served::new();
    served.tagged("keep", &["a.png", "b.png"]);
    assert_eq!(names(&found(&served, "regex=seed:%20[12]")), ["a.png", "b.png"]);
    assert_eq!(names(&found(&served, "q=seed&tag=keep&not_tag=Sampler:DDIM")), ["a.png"]);
    assert_eq!(names(&found(&served, "any_tag=keep&any_tag=keep&size=1")), ["a.png"]);
    let sub = served.encoded("sub");
    assert_eq!(names(&found(&served, &format!("folder={sub}&media=image"))).len(), 2);
    assert_eq!(names(&found(&served, &format!("folder={sub}&path_only=true&q=c.png"))), ["c.png"]);
    assert_eq!(names(&found(&served, "media=audio&sort=random")), ["noise.wav"]);
    for (query, status) in
        [("sort=oldest", 400), ("size=x", 400), ("media=book", 400), ("regex=(", 400), ("tag=nowhere", 404)]
    {
        let reply = served.ask("GET", &format!("/api/v1/search?{query}"), &Value::Null);
        assert_eq!(reply.status, status, "{query}");
        reply.assert_problem();
    }
}

#[test]
fn a_cursor_goes_on_with_the_search_it_came_from_alone() {
    let served = Served::new();
    let first = found(&served, "regex=png&size=2");
    let next = first["cursor"]["next"].as_str().unwrap();
    let second = found(&served, &format!("regex=png&size=2&cursor={next}"));
    assert!(names(&second).iter().all(|name| !names(&first).contains(name)), "{first} {second}");
    assert_eq!(served.ask("GET", &format!("/api/v1/search?q=png&cursor={next}"), &Value::Null).status, 400);
}

#[test]
fn an_image_is_asked_for_by_its_id_where_it_may_be_shown() {
    let served = Served::new();
    let by_path =
        served.ask("GET", &format!("/api/v1/image?path={}", served.encoded("a.png")), &Value::Null).json();
    let id = by_path["file"]["id"].to_string();
    let by_id =
        |served: &Served, id: &str| served.ask("GET", &format!("/api/v1/image?id={id}"), &Value::Null);
    assert_eq!(by_id(&served, &id).json(), by_path);
    for unknown in ["0", "99999", "x", "-1", "4294967296"] {
        assert_eq!(by_id(&served, unknown).status, 404, "{unknown}");
    }
    let limited = Served::with(|settings, dir| {
        settings.allowed_paths = vec![dir.join("pics/sub")];
    });
    assert_eq!(by_id(&limited, &id).status, 403);
}

#[test]
fn what_would_become_of_files_is_said_and_not_done() {
    let served = Served::new();
    let foresee = |body: Value| served.ask("POST", "/api/v1/foresee", &body);
    let (a, sub) = (served.path("a.png"), served.path("sub"));
    for action in ["move", "copy"] {
        let said = foresee(json!({ "action": action, "file_paths": [a], "dest": sub })).json();
        assert_eq!(said, json!({ "places": [{ "from": a, "to": format!("{sub}/a.png") }], "errors": [] }));
    }
    let trashed = foresee(json!({ "action": "trash", "file_paths": [a] })).json();
    assert!(trashed["places"][0]["to"].as_str().unwrap().contains(".lumidex-trash"), "{trashed}");
    assert!(std::path::Path::new(&a).exists() && served.library.running().is_empty());
    assert_eq!(
        served.ask("GET", "/api/v1/undo", &Value::Null).json()["deeds"].as_array().unwrap().len(),
        1,
        "the folder alone"
    );
    let none = served.path("none.png");
    for (body, status) in [
        (json!({ "action": "eat", "file_paths": [a] }), 400),
        (json!({ "file_paths": [a], "dest": sub }), 400),
        (json!({ "action": "move", "file_paths": [a] }), 400),
        (json!({ "action": "move", "file_paths": [], "dest": sub }), 400),
        (json!({ "action": "copy", "file_paths": [none], "dest": sub }), 404),
        (json!({ "action": "move", "file_paths": [a], "dest": served.path("nowhere") }), 400),
    ] {
        let reply = foresee(body.clone());
        assert_eq!(reply.status, status, "{body} {}", reply.text());
        reply.assert_problem();
    }
}

#[test]
fn a_read_only_server_says_what_would_become_of_files_and_does_it_not() {
    let served = Served::with(|settings, _| {
        settings.permission = Permission::ReadOnly;
        settings.access = AccessControl::Enable;
    });
    let (a, sub) = (served.path("a.png"), served.path("sub"));
    let outside = served.dir.path().display().to_string();
    for action in ["move", "copy", "trash"] {
        let body = json!({ "action": action, "file_paths": [a], "dest": sub });
        let said = served.ask("POST", "/api/v1/foresee", &body);
        assert_eq!(said.status, 200, "{action} {}", said.text());
        assert_eq!(said.json()["places"][0]["from"], a);
    }
    let out = json!({ "action": "move", "file_paths": [a], "dest": outside });
    assert_eq!(served.ask("POST", "/api/v1/foresee", &out).status, 403);
    let taken = json!({ "file_paths": [a], "dest": sub });
    assert_eq!(served.ask("POST", "/iib/move_files", &taken).status, 403);
    assert!(std::path::Path::new(&a).exists() && !std::path::Path::new(&sub).join("a.png").exists());
    let blind = Served::with(|settings, _| settings.permission = Permission::WriteOnly);
    let body = json!({ "action": "trash", "file_paths": [blind.path("a.png")] });
    assert_eq!(blind.ask("POST", "/api/v1/foresee", &body).status, 403);
}
