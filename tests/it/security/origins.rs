//! Classes 6, 7 and 8: names that an attacker's resolver points here, pages of other origins that post or look, and what
//! they are allowed to read; at every route.

use super::ground::{CANARY, Ground};
use crate::contract::served::{Reply, Served};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use lumidex::serve::{RouteRow, routes};
use lumidex::settings::{AccessControl, Cors};
use std::net::SocketAddr;

fn uris(row: &RouteRow) -> Vec<String> {
    let path = row.path.replace("{filename}", "a.png").replace("{*file}", "assets/a.js");
    match row.prefix {
        "{B}" => Ground::prefixes().iter().map(|prefix| format!("{prefix}{path}")).collect(),
        prefix => vec![format!("{prefix}{path}")],
    }
}

/// Over a connection from this machine.
fn ask(served: &Served, method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from(body.to_owned())).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4711))));
    served.send(request)
}

fn ground() -> Ground {
    Ground::new(AccessControl::Disable)
}

#[test]
fn no_route_answers_to_a_name_that_is_not_its_own() {
    let ground = ground();
    for row in routes() {
        for uri in uris(&row) {
            for host in [
                "evil.test",
                "localhost.evil.test",
                "127.0.0.1.evil.test",
                "evil.test:8000",
                "10.0.0.1",
                "169.254.169.254",
                "0.0.0.0",
                "[::]",
                "2130706433",
                "localhost:8000@evil.test",
                "localhost,evil.test",
                "LOCALHOST.EVIL.TEST",
                "localhost.",
                " ",
            ] {
                let reply = ask(&ground.served, row.method, &uri, &[("host", host)], "{}");
                assert_eq!(reply.status, 403, "{} {uri} for {host}", row.method);
                reply.assert_problem();
            }
            for (headers, uri) in [
                (&[][..], uri.clone()),
                (&[("host", "localhost"), ("host", "localhost")], uri.clone()),
                (&[("host", "localhost"), ("host", "evil.test")], uri.clone()),
            ] {
                assert_eq!(
                    ask(&ground.served, row.method, &uri, headers, "{}").status,
                    400,
                    "{headers:?} {uri}"
                );
            }
            let absolute = format!("http://evil.test{uri}");
            let reply = ask(&ground.served, row.method, &absolute, &[("host", "localhost")], "{}");
            assert_eq!(reply.status, 403, "{absolute}");
        }
    }
    ground.assert_untouched();
}

/// Ways in which a browser says that the page is another's.
const FOREIGN: [&[(&str, &str)]; 8] = [
    &[("origin", "http://evil.test")],
    &[("origin", "null")],
    &[("origin", "http://localhost:9999")],
    &[("origin", "https://localhost"), ("sec-fetch-site", "cross-site")],
    &[("origin", "http://localhost.evil.test")],
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-site")],
    &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
];

#[test]
fn a_page_of_another_origin_neither_changes_nor_sees_anything() {
    let ground = ground();
    let picture = ground.served.encoded("a.png");
    for row in routes() {
        for uri in uris(&row) {
            for foreign in FOREIGN {
                for kind in [
                    "application/json",
                    "text/plain",
                    "application/x-www-form-urlencoded",
                    "multipart/form-data",
                ] {
                    let headers = [&[("host", "localhost"), ("content-type", kind)], foreign].concat();
                    let uri = format!("{uri}?path={picture}");
                    let reply = ask(&ground.served, row.method, &uri, &headers, "{\"paths\":[]}");
                    let is_kept_out = row.method != "GET" || row.auth;
                    assert_eq!(
                        reply.status == 403,
                        is_kept_out,
                        "{} {uri} {headers:?} {}",
                        row.method,
                        reply.status
                    );
                    assert_eq!(reply.header("access-control-allow-origin"), "", "{uri}");
                    assert_eq!(reply.header("cross-origin-resource-policy"), "same-origin", "{uri}");
                    ground.assert_silent(&reply, &uri, CANARY);
                    if row.method == "GET" {
                        break;
                    }
                }
            }
        }
    }
    ground.assert_untouched();
}

#[test]
fn whoever_follows_a_link_sees_the_page_and_changes_nothing() {
    let ground = ground();
    let visit = [
        ("host", "localhost"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    assert_eq!(ask(&ground.served, "GET", "/", &visit, "").status, 200);
    let picture = format!("/iib/file?path={}", ground.served.encoded("a.png"));
    assert_eq!(ask(&ground.served, "GET", &picture, &visit, "").status, 200);
    for row in routes().filter(|row| row.method != "GET") {
        for uri in uris(&row) {
            assert_eq!(ask(&ground.served, row.method, &uri, &visit, "{}").status, 403, "{uri}");
        }
    }
}

#[test]
fn no_get_changes_anything_and_none_becomes_another_protocol() {
    for row in routes().filter(|row| row.method == "GET") {
        assert!(!row.writes && !row.launches, "{} {}", row.method, row.path);
    }
    let ground = ground();
    for row in routes() {
        for uri in uris(&row) {
            let upgrade = [
                ("host", "localhost"),
                ("connection", "upgrade"),
                ("upgrade", "websocket"),
                ("sec-websocket-version", "13"),
                ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
                ("origin", "http://evil.test"),
            ];
            assert_ne!(ask(&ground.served, row.method, &uri, &upgrade, "{}").status, 101, "{uri}");
            // What other servers take for another method.
            let hidden = [("host", "localhost"), ("x-http-method-override", "DELETE")];
            if row.path == "/db/extra_paths" && row.method == "GET" {
                assert_eq!(
                    ask(&ground.served, "GET", &uri, &hidden, "{\"path\":\"x\"}").status,
                    200,
                    "{uri}"
                );
            }
        }
    }
    ground.assert_untouched();
}

#[test]
fn only_a_listed_origin_may_read_and_none_but_it_with_credentials() {
    let with = |cors: Cors| Served::with(|settings, _| settings.cors = cors);
    let preflight = |served: &Served, origin: &str, uri: &str| {
        let headers = [("host", "localhost"), ("origin", origin), ("access-control-request-method", "POST")];
        ask(served, "OPTIONS", uri, &headers, "")
    };
    let origins = [
        "http://evil.test",
        "null",
        "http://ui.example.evil.test",
        "https://ui.example",
        "http://UI.example",
    ];
    let none = with(Cors::None);
    let listed = with(Cors::List(vec!["http://ui.example".into()]));
    let any = with(Cors::AnyWithoutCredentials);
    for row in routes() {
        let uri = uris(&row).remove(0).replace("/gallery", "/iib");
        for origin in origins {
            for served in [&none, &listed] {
                let reply = preflight(served, origin, &uri);
                assert_eq!(reply.header("access-control-allow-origin"), "", "{uri} {origin}");
                assert_eq!(reply.header("access-control-allow-credentials"), "", "{uri} {origin}");
            }
            let reply = preflight(&any, origin, &uri);
            assert_eq!(reply.header("access-control-allow-origin"), "*");
            assert_eq!(reply.header("access-control-allow-credentials"), "", "{uri} {origin}");
        }
        let reply = preflight(&listed, "http://ui.example", &uri);
        assert_eq!(reply.header("access-control-allow-origin"), "http://ui.example");
        assert_eq!(reply.header("access-control-allow-credentials"), "true");
        assert!(reply.header("vary").contains("Origin"));
    }
}
