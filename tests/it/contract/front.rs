//! A front end that is hosted: served as it was built, under the path a browser sees, and nothing beside it.

use super::served::{Reply, Served};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use lumidex::settings::{AccessControl, Secret};
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

const INDEX: &str = "<!doctype html><script type=module crossorigin \
    src=/infinite_image_browsing/fe-static/assets/index-0a1b2c3d.js></script>";
const SCRIPT: &str =
    "fetch('/infinite_image_browsing/hello'); import('/infinite_image_browsing/fe-static/assets/a-1.js')";
const STYLE: &str = "body { color: red } /* ü */";

/// A built front end below this folder, with a secret beside it.
fn build(below: &Path) -> std::path::PathBuf {
    let dist = below.join("dist");
    fs::create_dir_all(dist.join("assets")).unwrap();
    fs::write(below.join("secret.txt"), "canary").unwrap();
    fs::write(dist.join("index.html"), INDEX).unwrap();
    fs::write(dist.join("assets/index-0a1b2c3d.js"), SCRIPT).unwrap();
    fs::write(dist.join("assets/index-0a1b2c3d.css"), STYLE).unwrap();
    fs::write(dist.join("assets/plain.js"), SCRIPT).unwrap();
    fs::write(dist.join("logo ü.svg"), "<svg/>").unwrap();
    dist
}

fn hosted() -> Served {
    Served::with(|settings, dir| settings.ui_dir = Some(build(dir)))
}

fn get(served: &Served, uri: &str) -> Reply {
    served.ask("GET", uri, &Value::Null)
}

/// Asks over a connection from this address.
fn get_from(served: &Served, peer: &str, headers: &[(&str, &str)], uri: &str) -> Reply {
    let mut request = Request::builder().uri(uri);
    if headers.iter().all(|(name, _)| *name != "host") {
        request = request.header("host", "localhost");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).unwrap();
    let peer: SocketAddr = format!("{peer}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    served.send(request)
}

#[test]
fn the_first_page_is_rewritten_and_asked_for_again() {
    let served = hosted();
    for uri in ["/iib", "/iib?action=open&path=%2Fx&mode=walk"] {
        let reply = get(&served, uri);
        assert_eq!((reply.status, reply.header("content-type")), (200, "text/html; charset=utf-8"), "{uri}");
        assert_eq!(reply.text(), INDEX.replace("/infinite_image_browsing", "/iib"));
        assert_eq!(reply.header("cache-control"), "no-cache");
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self' 'unsafe-eval';"), "{policy}");
        let etag = reply.header("etag").to_owned();
        let again = served.ask_with(&[("if-none-match", &etag)], "GET", uri, &Value::Null);
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
}

#[test]
fn the_base_and_slashes_lead_to_it() {
    let served = hosted();
    for (from, to) in [
        ("/infinite_image_browsing", "/iib"),
        ("/infinite_image_browsing?action=open&path=%2Fa%26b", "/iib?action=open&path=%2Fa%26b"),
        ("/iib/", "/iib"),
        ("/infinite_image_browsing/", "/infinite_image_browsing"),
    ] {
        let reply = get(&served, from);
        assert_eq!((reply.status, reply.header("location")), (307, to), "{from}");
    }
    let bare = Served::new();
    for from in ["/infinite_image_browsing", "/iib"] {
        let reply = get(&bare, from);
        assert_eq!((reply.status, reply.header("location")), (307, "/"), "{from}");
    }
    assert_eq!(get(&bare, "/iib/fe-static/assets/index-0a1b2c3d.js").status, 404);
    assert_eq!(get(&bare, "/api/v1/status").json()["front_end"], Value::Null);
    assert_eq!(get(&served, "/api/v1/status").json()["front_end"], "/iib");
}

#[test]
fn files_have_their_types_and_hashed_ones_last() {
    let served = hosted();
    let moved = SCRIPT.replace("/infinite_image_browsing", "/iib");
    let lasting = "public, max-age=31536000, immutable";
    for (name, kind, kept, content) in [
        ("assets/index-0a1b2c3d.js", "text/javascript; charset=utf-8", lasting, moved.as_str()),
        ("assets/index-0a1b2c3d.css", "text/css; charset=utf-8", lasting, STYLE),
        ("assets/plain.js", "text/javascript; charset=utf-8", "no-cache", moved.as_str()),
        ("logo%20%C3%BC.svg", "image/svg+xml", "no-cache", "<svg/>"),
        (
            "index.html",
            "text/html; charset=utf-8",
            "no-cache",
            &INDEX.replace("/infinite_image_browsing", "/iib"),
        ),
    ] {
        let reply = get(&served, &format!("/iib/fe-static/{name}"));
        assert_eq!((reply.status, reply.text().as_str()), (200, content), "{name}");
        assert_eq!((reply.header("content-type"), reply.header("cache-control")), (kind, kept), "{name}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        let head = served.ask("HEAD", &format!("/iib/fe-static/{name}"), &Value::Null);
        assert_eq!((head.status, head.header("etag")), (200, reply.header("etag")), "{name}");
    }
}

#[test]
fn nothing_but_its_files_is_served() {
    let served = hosted();
    std::os::unix::fs::symlink(
        served.dir.path().join("secret.txt"),
        served.dir.path().join("dist/assets/link.js"),
    )
    .unwrap();
    for name in [
        "../secret.txt",
        "%2e%2e/secret.txt",
        "..%2fsecret.txt",
        "assets/..%2f..%2fsecret.txt",
        "assets/%2e%2e/%2e%2e/secret.txt",
        "%2e%2e%5csecret.txt",
        "%252e%252e/secret.txt",
        "assets/link.js",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "",
        "assets",
        "assets/",
        "none.js",
        "%00",
        "index.html%00.js",
        "%FF",
    ] {
        let reply = get(&served, &format!("/iib/fe-static/{name}"));
        assert_eq!(reply.status, 404, "{name} {:?}", reply.text());
        reply.assert_problem();
        assert!(!reply.text().contains("canary"));
    }
}

#[test]
fn the_page_needs_no_key_and_its_requests_do() {
    let served = Served::with(|settings, dir| {
        settings.ui_dir = Some(build(dir));
        settings.secret = Some(Secret("abc".into()));
        settings.access = AccessControl::Enable;
    });
    assert_eq!(get(&served, "/iib").status, 200);
    assert_eq!(get(&served, "/iib/fe-static/assets/index-0a1b2c3d.js").status, 200);
    let refused = get(&served, "/iib/global_setting");
    assert_eq!(
        (refused.status, refused.json()),
        (401, json!({ "detail": { "type": "secret_verification_failed" } }))
    );
}

#[test]
fn behind_a_chosen_base_everything_can_be_reached_below_it() {
    let served = Served::with(|settings, dir| {
        settings.ui_dir = Some(build(dir));
        settings.base = "/gallery".into();
    });
    let leads = get(&served, "/gallery?action=view");
    assert_eq!((leads.status, leads.header("location")), (307, "/gallery/iib?action=view"));
    assert_eq!(
        get(&served, "/gallery/iib").text(),
        INDEX.replace("/infinite_image_browsing", "/gallery/iib")
    );
    let script = get(&served, "/gallery/iib/fe-static/assets/plain.js").text();
    assert_eq!(script, SCRIPT.replace("/infinite_image_browsing", "/gallery/iib"));
    // The dialect of the front end, whose dates are texts.
    let pics = served.encoded("");
    for (prefix, is_text) in [("/gallery/iib", true), ("/iib", true), ("/gallery", false)] {
        let files = get(&served, &format!("{prefix}/files?folder_path={pics}")).json();
        assert_eq!(files["files"][0]["date"].is_string(), is_text, "{prefix} {files}");
    }
    assert_eq!(get(&served, "/iib").text(), INDEX.replace("/infinite_image_browsing", "/iib"));
}

#[test]
fn a_proxy_that_is_trusted_moves_it_and_nobody_else_does() {
    let served = Served::with(|settings, dir| {
        settings.ui_dir = Some(build(dir));
        settings.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        settings.allowed_hosts = vec!["pics.example".into()];
    });
    let forwarded = [
        ("host", "127.0.0.1:8000"),
        ("x-forwarded-host", "pics.example"),
        ("x-forwarded-prefix", "/gallery"),
        ("x-forwarded-for", "203.0.113.9"),
    ];
    let page = get_from(&served, "10.0.0.1", &forwarded, "/iib");
    assert_eq!(page.text(), INDEX.replace("/infinite_image_browsing", "/gallery/iib"));
    assert!(page.header("vary").contains("X-Forwarded-Prefix"));
    let script = get_from(&served, "10.0.0.1", &forwarded, "/iib/fe-static/assets/plain.js").text();
    assert_eq!(script, SCRIPT.replace("/infinite_image_browsing", "/gallery/iib"));
    let leads = get_from(&served, "10.0.0.1", &forwarded, "/infinite_image_browsing");
    assert_eq!(leads.header("location"), "/gallery/iib");
    assert_eq!(
        get_from(&served, "10.0.0.1", &forwarded, "/api/v1/status").json()["front_end"],
        "/gallery/iib"
    );
    // Who is no proxy says what it likes.
    let stranger = get_from(&served, "192.0.2.1", &forwarded, "/iib");
    assert_eq!(stranger.text(), INDEX.replace("/infinite_image_browsing", "/iib"));
    // A name nobody allowed is refused, whoever passes it on.
    let evil = [("host", "127.0.0.1"), ("x-forwarded-host", "evil.example")];
    let refused = get_from(&served, "10.0.0.1", &evil, "/iib/global_setting");
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("--allow-host"), "{:?}", refused.text());
}

#[test]
fn wrong_keys_are_counted_for_who_sends_them_and_not_for_the_proxy() {
    let served = Served::with(|settings, _| {
        settings.secret = Some(Secret("abc".into()));
        settings.trusted_proxies = vec!["127.0.0.1".parse::<std::net::IpAddr>().unwrap().into()];
    });
    let ask = |client: &str, key: &str| {
        let bearer = format!("Bearer {key}");
        let headers = [("x-forwarded-for", client), ("authorization", bearer.as_str())];
        get_from(&served, "127.0.0.1", &headers, "/iib/version").status
    };
    let mut said = 401;
    for _ in 0..100 {
        said = ask("203.0.113.9", "wrong");
        if said == 429 {
            break;
        }
    }
    assert_eq!(said, 429, "guessing ends");
    assert_eq!(ask("203.0.113.9", "abc"), 429);
    assert_eq!(ask("203.0.113.10", "abc"), 200);
}
