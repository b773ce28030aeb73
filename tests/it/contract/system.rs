//! Contract section 10, our own page, health and metrics, other origins.

use super::policies::cookie_of;
use super::served::{PREFIXES, Served};
use lumidex::limits::SETTINGS_MAX;
use lumidex::serve::routes;
use lumidex::settings::{AccessControl, Cors, Secret};
use serde_json::{Value, json};

#[test]
fn hello_and_version() {
    let served = Served::new();
    for prefix in PREFIXES {
        assert_eq!(served.ask("GET", &format!("{prefix}/hello"), &Value::Null).body, b"\"hello\"");
        let version = served.ask("GET", &format!("{prefix}/version"), &Value::Null).json();
        assert_eq!((&version["name"], version["version"].is_string()), (&json!("lumidex"), true));
        assert!(version.get("tag").is_some() && version.get("hash").is_some());
    }
}

#[test]
fn global_setting_has_every_key() {
    let served = Served::with(|settings, dir| settings.cli_paths = vec![dir.join("private")]);
    served.tagged("fav", &[]);
    for prefix in PREFIXES {
        let answer = served.ask("GET", &format!("{prefix}/global_setting"), &Value::Null).json();
        let dir = served.dir.path().to_str().unwrap();
        let private = format!("{dir}/private");
        for (key, want) in [
            ("global_setting", json!({})),
            ("cwd", json!(dir)),
            ("is_win", json!(false)),
            ("home", json!(dir)),
            ("sd_cwd", json!(dir)),
            ("enable_access_control", json!(false)),
            ("launch_mode", json!("server")),
            ("export_fe_fn", json!(true)),
            ("app_fe_setting", json!({})),
            ("is_readonly", json!(false)),
            (
                "extra_paths",
                json!([
                    { "path": format!("{dir}/pics"), "types": ["scanned"], "alias": "" },
                    { "path": private, "types": ["cli_access_only"], "alias": "" },
                ]),
            ),
        ] {
            assert_eq!(answer[key], want, "{key}");
        }
        let custom: Vec<&str> = answer["all_custom_tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| tag["name"].as_str().unwrap())
            .collect();
        assert_eq!(custom, ["like", "fav"]);
    }
    let confined = Served::with(|settings, _| settings.access = AccessControl::Enable);
    assert_eq!(confined.get("GET", "/global_setting", &Value::Null)["enable_access_control"], true);
}

#[test]
fn settings_are_what_clients_stored_and_nothing_else() {
    let served = Served::new();
    let put = |name: &str, value: &str| json!({ "name": name, "value": value });
    served.check(
        "POST",
        "/app_fe_setting",
        &put("global", "{\"lang\":\"en\",\"n\":[1,null]}"),
        200,
        &Value::Null,
    );
    served.check("POST", "/app_fe_setting", &put("x", "7"), 200, &Value::Null);
    let stored = || served.get("GET", "/global_setting", &Value::Null)["app_fe_setting"].clone();
    assert_eq!(stored(), json!({ "global": { "lang": "en", "n": [1, null] }, "x": 7 }));
    served.check("DELETE", "/app_fe_setting", &json!({ "name": "x" }), 200, &Value::Null);
    served.check("DELETE", "/app_fe_setting", &json!({ "name": "never there" }), 200, &Value::Null);
    assert_eq!(stored(), json!({ "global": { "lang": "en", "n": [1, null] } }));
    for bad in [
        put("a", "{"),
        put("a", ""),
        put("", "1"),
        json!({ "name": "a" }),
        json!({ "value": "1" }),
        json!({ "name": "a", "value": 1 }),
        put("a", &"[".repeat(5000)),
    ] {
        served.refused("POST", "/app_fe_setting", &bad, 400);
    }
}

#[test]
fn settings_are_so_many_and_each_can_still_be_changed() {
    let served = Served::new();
    for nth in 0..SETTINGS_MAX {
        served.library.ledger().put_setting(&format!("n{nth}"), "0").unwrap();
    }
    let put = |name: &str, value: &str| json!({ "name": name, "value": value });
    served.refused("POST", "/app_fe_setting", &put("another", "1"), 400);
    let refusal = served.ask("POST", "/iib/app_fe_setting", &put("another", "1"));
    assert!(refusal.text().contains("one setting too many: 1000 are kept"), "{}", refusal.text());
    served.check("POST", "/app_fe_setting", &put("n7", "1"), 200, &Value::Null);
    served.check("DELETE", "/app_fe_setting", &json!({ "name": "n8" }), 200, &Value::Null);
    served.check("POST", "/app_fe_setting", &put("another", "1"), 200, &Value::Null);
    served.refused("POST", "/app_fe_setting", &put("n8", "1"), 400);
    let stored = served.get("GET", "/global_setting", &Value::Null)["app_fe_setting"].clone();
    assert_eq!((&stored["n7"], &stored["another"], &stored["n8"]), (&json!(1), &json!(1), &Value::Null));
    assert_eq!(stored.as_object().unwrap().len() as u64, SETTINGS_MAX);
}

#[test]
fn programs_are_started_for_media_and_folders_only_and_only_here() {
    let served = Served::with(|settings, _| settings.opener = Some("/bin/true".into()));
    let path = |below: &str| json!({ "path": served.path(below) });
    for below in ["", "sub/", "a.png"] {
        served.check("POST", "/open_folder", &path(below), 200, &Value::Null);
    }
    served.check("POST", "/open_with_default_app", &path("a.png"), 200, &Value::Null);
    served.refused("POST", "/open_folder", &path("gone/x"), 404);
    served.refused("POST", "/open_with_default_app", &path("gone.png"), 404);
    for no_media in ["notes.txt", "page.html", "broken.png"] {
        served.refused("POST", "/open_with_default_app", &path(no_media), 403);
    }
    served.refused("POST", "/open_with_default_app", &path("sub"), 400);
    served.refused("POST", "/open_folder", &json!({}), 400);

    let beyond = Served::with(|settings, _| {
        settings.opener = Some("/bin/true".into());
        settings.listen = "0.0.0.0:0".parse().unwrap();
        settings.insecure_no_auth = true;
    });
    for row in routes().filter(|row| row.launches) {
        beyond.refused(row.method, row.path, &json!({ "path": beyond.path("a.png") }), 403);
    }
}

#[test]
fn shutdown_is_refused_unless_enabled() {
    let served = Served::new();
    served.refused("POST", "/shutdown", &Value::Null, 403);
    let served = Served::with(|settings, _| settings.enable_shutdown = true);
    assert_eq!(served.ask("GET", "/readyz", &Value::Null).status, 200);
    served.check("POST", "/shutdown", &Value::Null, 200, &Value::Null);
    assert_eq!(served.ask("GET", "/readyz", &Value::Null).status, 503);
}

#[test]
fn health_and_metrics() {
    let served = Served::new();
    assert_eq!(served.ask("GET", "/healthz", &Value::Null).json(), json!({ "status": "ok" }));
    let ready = served.ask("GET", "/readyz", &Value::Null).json();
    assert_eq!((&ready["status"], ready.get("reasons")), (&json!("ready"), None));
    assert_eq!(ready["roots"][0]["path"], served.path("").trim_end_matches('/'));
    served.get("GET", "/hello", &Value::Null);
    let reply = served.ask("GET", "/metrics", &Value::Null);
    assert!(reply.header("content-type").starts_with("text/plain; version=0.0.4"));
    for line in [
        "lumidex_images 7",
        "lumidex_roots 1",
        "lumidex_roots_offline 0",
        "lumidex_folders_watched 0",
        "lumidex_folders_polled 0",
        "lumidex_reviews 0",
        "lumidex_listeners 0",
        "lumidex_http_requests_total{method=\"GET\",route=\"{B}/hello\",status=\"2xx\"} 1",
    ] {
        assert!(reply.text().lines().any(|known| known == line), "{line} in {}", reply.text());
    }
}

#[test]
fn the_page_is_ours_and_runs_no_inline_script() {
    let served = Served::new();
    let page = served.ask("GET", "/", &Value::Null);
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("script-src 'self'")
            && policy.contains("frame-ancestors 'none'")
            && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(
        (page.header("x-content-type-options"), page.header("referrer-policy")),
        ("nosniff", "no-referrer")
    );
    let text = page.text();
    assert!(
        !text.contains("<script>")
            && !text.contains("style=")
            && !text.contains(" onclick")
            && !text.contains("http://")
    );
    for (uri, kind) in [
        ("/ui/app.js", "text/javascript; charset=utf-8"),
        ("/ui/app.css", "text/css; charset=utf-8"),
        ("/ui/icon.svg", "image/svg+xml"),
    ] {
        // Relative, so that the page may stand behind a prefix that a proxy takes off.
        assert!(
            text.contains(&format!("=\"{}\"", &uri[1..])) && !text.contains(&format!("=\"{uri}")),
            "{uri}"
        );
        assert_eq!(served.ask("GET", uri, &Value::Null).header("content-type"), kind);
    }
    for row in routes().filter(|row| row.path.starts_with("/ui/")) {
        let (uri, kind) = match row.path {
            script if script.ends_with(".js") => (script, "text/javascript; charset=utf-8"),
            style if style.ends_with(".css") => (style, "text/css; charset=utf-8"),
            icon => (icon, "image/svg+xml"),
        };
        let asset = served.ask("GET", uri, &Value::Null);
        assert_eq!((asset.status, asset.header("content-type")), (200, kind));
        assert!(!asset.text().contains("innerHTML") && !asset.body.is_empty());
        // Whatever a script asks for is there.
        for part in asset.text().split("from \"./").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(routes().any(|row| row.path == format!("/ui/{part}")), "{uri} asks for {part}");
        }
    }
    for prefix in PREFIXES {
        let reply = served.ask("GET", prefix, &Value::Null);
        assert_eq!((reply.status, reply.header("location")), (307, "/"));
    }
}

#[test]
fn our_own_routes_answer_once_and_without_dialect() {
    let served = Served::new();
    let answer = served.ask("GET", "/api/v1/search?q=FLUFFY&size=5", &Value::Null).json();
    assert_eq!(
        (answer["files"][0]["name"].clone(), answer["files"][0]["date"].is_f64()),
        (json!("a.png"), true)
    );
    assert_eq!(served.ask("GET", "/api/v1/search?size=x", &Value::Null).status, 400);
    let image =
        served.ask("GET", &format!("/api/v1/image?path={}", served.encoded("a.png")), &Value::Null).json();
    assert_eq!(
        (&image["file"]["name"], &image["pixel_width"], &image["tags"]),
        (&json!("a.png"), &json!(2), &json!([]))
    );
    assert!(image["generation_text"].as_str().unwrap().starts_with("a cat"));
    let recipe = |key: &str| image["recipe"][key].clone();
    assert_eq!((recipe("positive"), recipe("negative")), (json!("a cat, 100% fluffy"), json!("dog_house")));
    assert_eq!(
        (recipe("sampler"), recipe("steps"), recipe("seed")),
        (json!("Euler a"), json!(20), json!("1"))
    );
    assert_eq!(served.ask("GET", "/api/v1/image?path=%2Fnowhere.png", &Value::Null).status, 404);
    let status = served.ask("GET", "/api/v1/status", &Value::Null).json();
    assert_eq!(
        (&status["images"], &status["ready"], &status["indexing"]["running"]),
        (&json!(7), &json!(true), &json!(false))
    );
    let root = &status["roots"][0];
    let keys: Vec<&str> = root.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["folders_polled", "folders_watched", "offline", "path", "poll_every_s", "reason", "state", "walked"]
    );
    assert_eq!(
        (&root["path"], &root["offline"], root["walked"].is_f64()),
        (&json!(served.path("").trim_end_matches('/')), &json!(false), true)
    );
    assert_eq!((&status["reviews"], &status["problems"]), (&json!(0), &json!([])));
    assert!(status["uptime_s"].is_u64());
    assert_eq!(served.ask("GET", "/api/v1/review", &Value::Null).json(), json!({ "reviews": [] }));
}

#[test]
fn other_names_and_other_origins_are_kept_out() {
    let served = Served::new();
    let ask = |headers: &[(&str, &str)], method: &str| {
        served.ask_with(headers, method, "/iib/app_fe_setting", &json!({ "name": "x", "value": "1" })).status
    };
    assert_eq!(ask(&[("host", "rebound.example:8000")], "POST"), 403);
    assert_eq!(ask(&[("host", "localhost:8000"), ("origin", "http://evil.example")], "POST"), 403);
    assert_eq!(ask(&[("host", "localhost:8000"), ("origin", "null")], "DELETE"), 403);
    assert_eq!(ask(&[("host", "localhost:8000"), ("origin", "http://localhost:8000")], "POST"), 200);
    assert_eq!(ask(&[("host", "127.0.0.1:8000")], "POST"), 200);
    let reply = served.ask_with(&[("origin", "http://evil.example")], "GET", "/iib/hello", &Value::Null);
    assert_eq!(reply.header("access-control-allow-origin"), "");
    assert_eq!(reply.header("cross-origin-resource-policy"), "same-origin");
}

#[test]
fn any_origin_is_without_credentials_and_a_list_is_with() {
    let evil = [("origin", "http://ui.example")];
    let any = Served::with(|settings, _| {
        (settings.cors, settings.secret) = (Cors::AnyWithoutCredentials, Some(Secret("abc".into())))
    });
    let reply = any.ask_with(&evil, "GET", "/iib/hello", &Value::Null);
    assert_eq!(
        (reply.header("access-control-allow-origin"), reply.header("access-control-allow-credentials")),
        ("*", "")
    );
    let cookie = cookie_of("abc");
    let cookie = cookie.as_str();
    assert_eq!(any.ask_with(&[("cookie", cookie)], "GET", "/iib/version", &Value::Null).status, 200);
    assert_eq!(any.ask_with(&[evil[0], ("cookie", cookie)], "GET", "/iib/version", &Value::Null).status, 401);
    assert_eq!(
        any.ask_with(&[evil[0], ("authorization", "Bearer abc")], "GET", "/iib/version", &Value::Null).status,
        200
    );

    let list = Served::with(|settings, _| settings.cors = Cors::List(vec!["http://ui.example".into()]));
    let reply = list.ask_with(&evil, "GET", "/iib/hello", &Value::Null);
    assert_eq!(
        (reply.header("access-control-allow-origin"), reply.header("access-control-allow-credentials")),
        ("http://ui.example", "true")
    );
    let asked = [evil[0], ("access-control-request-method", "POST")];
    let reply = list.ask_with(&asked, "OPTIONS", "/iib/db/add_custom_tag", &Value::Null);
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (204, "http://ui.example"));
    assert!(reply.header("access-control-allow-headers").contains("content-type"));
}
