//! What the table of routes promises, tried on every route of it.

use super::served::{PREFIXES, Reply, Served, encode};
use lumidex::serve::{RouteRow, routes};
use lumidex::settings::{Permission, Secret};
use serde_json::{Value, json};
use std::fmt::Write as _;
use tower::ServiceExt as _;

/// Where a route can be reached.
fn uris(row: &RouteRow) -> Vec<String> {
    let path = row.path.replace("{filename}", "a.png").replace("{*file}", "assets/a.js");
    match row.prefix {
        "{B}" => {
            let below = format!("{}{}", PREFIXES[0], PREFIXES[1]);
            PREFIXES.iter().copied().chain([below.as_str()]).map(|prefix| format!("{prefix}{path}")).collect()
        }
        prefix => vec![format!("{prefix}{path}")],
    }
}

/// A body and query that no route can do much with, and that is understood by all.
fn ask(served: &Served, headers: &[(&str, &str)], row: &RouteRow, uri: &str) -> Reply {
    let path = encode(&served.path("a.png"));
    let body = if row.method == "GET" { Value::Null } else { json!({}) };
    served.ask_with(headers, row.method, &format!("{uri}?path={path}"), &body)
}

fn changes_nothing(row: &RouteRow) -> bool {
    !["/shutdown", "/db/update_image_data", "/db/rebuild_index"].contains(&row.path)
}

#[test]
fn the_table_is_what_the_contract_says() {
    let mut table = String::new();
    for row in routes() {
        let RouteRow {
            method,
            prefix,
            path,
            auth,
            owner,
            reads,
            writes,
            paths,
            checked_for,
            upstream,
            launches,
        } = row;
        let flag = |is_set: bool, letter: char| if is_set { letter } else { '.' };
        let flags =
            [(auth, 'A'), (owner, 'O'), (reads, 'R'), (writes, 'W'), (upstream, '$'), (launches, 'L')];
        assert_eq!(paths, !checked_for.is_empty());
        let flags: String = flags.into_iter().map(|(is_set, letter)| flag(is_set, letter)).collect();
        writeln!(table, "{flags} {checked_for:5} {method:6} {prefix}{path}").unwrap();
    }
    let want = "\
......       GET    /
......       GET    /ui/app.js
......       GET    /ui/ask.js
......       GET    /ui/deeds.js
......       GET    /ui/detail.js
......       GET    /ui/doctor.js
......       GET    /ui/grid.js
......       GET    /ui/key.js
......       GET    /ui/live.js
......       GET    /ui/organize.js
......       GET    /ui/review.js
......       GET    /ui/status.js
......       GET    /ui/topics.js
......       GET    /ui/app.css
......       GET    /ui/icon.svg
......       GET    /favicon.ico
......       GET    /healthz
A.....       GET    /readyz
A.....       GET    /metrics
A.R...       GET    /events
A.....       GET    /openapi.json
A.R... read  GET    /api/v1/search
A.R... read  GET    /api/v1/image
A.R... read  GET    /api/v1/file
A.R...       GET    /api/v1/status
A.R... read  GET    /api/v1/review
A..W.. write POST   /api/v1/review
A..W.. write POST   /api/v1/roots/accept_empty
A.R... read  GET    /api/v1/undo
A..W.. write POST   /api/v1/undo
A.R... write POST   /api/v1/foresee
A.R...       GET    /api/v1/operations
A..W..       POST   /api/v1/operations/stop
A..W..       POST   /api/v1/trash/purge
A.R... read  GET    /api/v1/workflow
A.R...       GET    /api/v1/doctor
A..W..       POST   /api/v1/doctor/reparse
A..W..       POST   /api/v1/auto-tags/apply
A.R... read  GET    /api/v1/similar
A..W..       POST   /api/v1/topics/stop
A..W.. write POST   /api/v1/text/revert
AOR...       GET    /api/v1/backup
AOR...       GET    /api/v1/backup/paid
AOR...       GET    /api/v1/verify
AOR...       GET    /api/v1/stats
......       GET    {B}
......       GET    {B}/fe-static/{*file}
A..W.. write POST   {B}/delete_files
A..W.. write POST   {B}/mkdirs
A..W.. write POST   {B}/copy_files
A..W.. write POST   {B}/move_files
A..W.. write POST   {B}/db/rename
A..W.. write POST   {B}/flatten_folder
A.R... list  GET    {B}/files
A.R... list  POST   {B}/batch_get_files_info
A.R... list  POST   {B}/check_path_exists
A.RW.. read  POST   {B}/zip
A.R... read  POST   {B}/batch_top_4_media_info
A..... read  POST   {B}/send_img_path
A.....       GET    {B}/gen_info_completed
A.R... read  GET    {B}/file
A.R... read  GET    {B}/image-thumbnail
A.R... read  GET    {B}/video_cover
A..W.. write POST   {B}/set_target_frame_as_video_cover
A.R... read  GET    {B}/stream_video
A.R... read  GET    {B}/img/{filename}
A.R... read  GET    {B}/image_geninfo
A.R... read  POST   {B}/image_geninfo_batch
A..W.. write POST   {B}/update_exif
A.R... read  GET    {B}/image_exif
A.R...       GET    {B}/db/basic_info
A.R...       GET    {B}/db/expired_dirs
A.R... read  GET    {B}/db/random_images
A.....       POST   {B}/db/update_image_data
A..W..       POST   {B}/db/rebuild_index
A.R... read  POST   {B}/db/search_by_substr
A.R... read  POST   {B}/db/match_images_by_tags
A.R...       GET    {B}/db/stats/trend
A.R... read  GET    {B}/db/img_selected_custom_tag
A.R... read  POST   {B}/db/get_image_tags
A..W..       POST   {B}/db/add_custom_tag
A..W.. write POST   {B}/db/toggle_custom_tag_to_img
A..W.. write POST   {B}/db/batch_update_image_tag
A..W..       POST   {B}/db/remove_custom_tag
A..W..       POST   {B}/db/update_tag
A..W..       POST   {B}/db/remove_custom_tag_from_img
A..W$.       POST   {B}/ai-chat
A.RW$. read  POST   {B}/db/build_iib_output_embeddings
A.RW$. read  POST   {B}/db/cluster_iib_output_job_start
A.R...       GET    {B}/db/cluster_iib_output_job_status
A.R... read  POST   {B}/db/cluster_iib_output_cached
A.RW$. read  POST   {B}/db/search_iib_output_by_prompt
A.R... read  POST   {B}/db/cluster_tag_graph
A.R... read  POST   {B}/db/cluster_tag_graph_cluster_paths
A..W.. write POST   {B}/db/organize_files_start
A.R...       GET    {B}/db/organize_files_status
A..W.. write POST   {B}/db/organize_files_confirm
A.R...       GET    {B}/db/extra_paths
A..W.. write POST   {B}/db/extra_paths
A..W.. write DELETE {B}/db/extra_paths
A..W.. write POST   {B}/db/alias_extra_path
......       GET    {B}/hello
A.....       GET    {B}/version
A.....       GET    {B}/global_setting
A..W..       POST   {B}/app_fe_setting
A..W..       DELETE {B}/app_fe_setting
A..W.L read  POST   {B}/open_folder
A..W.L read  POST   {B}/open_with_default_app
A.....       POST   {B}/shutdown
";
    assert_eq!(table, want);
}

#[test]
fn a_secret_guards_every_route_that_says_so() {
    let served = Served::with(|settings, _| settings.secret = Some(Secret("abc".into())));
    let cookie = format!("theme=dark; {}", cookie_of("abc"));
    for row in routes() {
        for uri in uris(&row) {
            let reply = ask(&served, &[], &row, &uri);
            if !row.auth {
                assert_ne!(reply.status, 401, "{uri}");
                continue;
            }
            assert_eq!(reply.status, 401, "{uri}");
            let want = match uri.contains("/iib/") {
                true => json!({ "detail": { "type": "secret_verification_failed" } }),
                false => json!({ "detail": "the secret key is missing or wrong" }),
            };
            assert_eq!(reply.json(), want, "{uri}");
        }
    }
    for row in routes().filter(changes_nothing) {
        for uri in uris(&row) {
            for right in [("cookie", cookie.as_str()), ("authorization", "Bearer abc")] {
                let reply = ask(&served, &[right], &row, &uri);
                assert!(![401, 429].contains(&reply.status), "{uri} {}", reply.status);
            }
        }
    }
}

#[test]
fn guessing_the_secret_is_throttled() {
    let served = Served::with(|settings, _| settings.secret = Some(Secret("abc".into())));
    let guess = |key: &str| served.ask_with(&[("authorization", key)], "GET", "/iib/version", &Value::Null);
    let statuses: Vec<u16> = (0..12).map(|nth| guess(&format!("Bearer {nth}")).status).collect();
    assert_eq!(statuses, [[401; 10].as_slice(), &[429; 2]].concat());
    let reply = guess("Bearer abc");
    assert_eq!(reply.status, 429);
    assert!(reply.header("retry-after").parse::<u64>().unwrap() > 0);
    reply.assert_problem();
}

#[test]
fn read_only_refuses_every_route_that_writes_and_no_other() {
    let served = Served::with(|settings, _| settings.permission = Permission::ReadOnly);
    for row in routes() {
        for uri in uris(&row) {
            let reply = ask(&served, &[], &row, &uri);
            let is_refused = row.writes || row.owner || row.path == "/shutdown";
            assert_eq!(reply.status == 403, is_refused, "{uri} {}", reply.status);
            if is_refused {
                reply.assert_problem();
            }
        }
    }
    assert_eq!(served.get("GET", "/global_setting", &Value::Null)["is_readonly"], true);
    served.check("POST", "/db/update_image_data", &json!({}), 200, &Value::Null);
}

#[test]
fn no_access_and_write_only_show_nothing_of_the_library() {
    for permission in [Permission::NoAccess, Permission::WriteOnly] {
        let served = Served::with(|settings, _| settings.permission = permission);
        for row in routes() {
            for uri in uris(&row) {
                let reply = ask(&served, &[], &row, &uri);
                let is_refused = row.reads
                    || row.path == "/shutdown"
                    || (row.writes && permission == Permission::NoAccess);
                // Opening nothing in particular is a bad request of its own.
                assert_eq!(reply.status == 403, is_refused, "{permission:?} {uri} {}", reply.status);
            }
        }
        served.check("GET", "/hello", &Value::Null, 200, &json!("hello"));
        assert_eq!(served.ask("GET", "/iib/version", &Value::Null).status, 200);
        let is_readonly = permission == Permission::NoAccess;
        assert_eq!(served.get("GET", "/global_setting", &Value::Null)["is_readonly"], is_readonly);
    }
}

#[test]
fn a_body_that_cannot_be_read_is_a_bad_request_everywhere() {
    let served = Served::new();
    let ignore_bodies = [
        "/db/update_image_data",
        "/db/rebuild_index",
        "/shutdown",
        "/trash/purge",
        "/doctor/reparse",
        "/auto-tags/apply",
    ];
    for row in routes().filter(|row| row.method != "GET" && !ignore_bodies.contains(&row.path)) {
        for uri in uris(&row) {
            for body in [
                "{",
                "[]",
                "nonsense",
                "\"x\"",
                "{\"a\":\u{1}}",
                "{\"path\":{},\"paths\":7,\"cursor\":[],\"name\":[],\"tag_id\":{},\
                \"number\":[],\"tag_name\":5,\"img_path\":5,\"img_paths\":5,\"id\":[],\"and_tags\":5,\"img_id\":[]}",
            ] {
                let request = axum::http::Request::builder().method(row.method).uri(&uri);
                let reply =
                    served.send(request.header("content-type", "text/plain").body(body.into()).unwrap());
                assert_eq!(reply.status, 400, "{uri} {body} {:?}", reply.text());
                reply.assert_problem();
            }
        }
    }
}

#[test]
fn unknown_routes_and_methods_answer_json() {
    let served = Served::new();
    for uri in [
        "/nothing",
        "/iib/nothing",
        "/infinite_image_browsing/db/",
        "/api/v1",
        "/api/v1/hello",
        "//iib/hello",
        "/iib/hello/",
        "/iib/%68ello/x",
    ] {
        let reply = served.ask("GET", uri, &Value::Null);
        assert_eq!((reply.status, reply.json()), (404, json!({ "detail": "Not Found" })), "{uri}");
    }
    for row in routes() {
        for uri in uris(&row) {
            let reply = served.ask("PATCH", &uri, &Value::Null);
            assert_eq!(
                (reply.status, reply.json()),
                (405, json!({ "detail": "Method Not Allowed" })),
                "{uri}"
            );
            assert!(reply.header("allow").contains(row.method), "{uri} {:?}", reply.headers);
        }
    }
    for prefix in PREFIXES {
        let reply = served.ask("GET", &format!("{prefix}/"), &Value::Null);
        assert_eq!((reply.status, reply.header("location")), (307, prefix));
    }
}

#[test]
fn a_body_beyond_the_limit_is_refused_before_it_is_read() {
    let served = Served::new();
    let request =
        axum::http::Request::post("/iib/db/get_image_tags").header("content-length", "999999999999");
    let reply = served.send(request.body(axum::body::Body::empty()).unwrap());
    assert_eq!(reply.status, 413);
    reply.assert_problem();
    let huge = vec![b' '; (16 << 20) + 1];
    let reply = served.send(axum::http::Request::post("/iib/db/get_image_tags").body(huge.into()).unwrap());
    assert_eq!(reply.status, 413);
    reply.assert_problem();
}

#[test]
fn the_owner_of_the_data_folder_needs_no_secret_and_nobody_else_gets_a_backup() {
    let served = Served::with(|settings, _| {
        settings.secret = Some(Secret("abc".into()));
        settings.permission = Permission::WriteOnly;
    });
    let ask = |from: &str, headers: &[(&str, &str)], uri: &str| {
        let mut request = axum::http::Request::get(uri).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let peer: std::net::SocketAddr = from.parse().unwrap();
        let mut request = request.body(axum::body::Body::empty()).unwrap();
        request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        served.send(request)
    };
    let token = served.library.token().to_owned();
    assert_eq!(token.len(), 32);
    let shown = [("x-lumidex-token", token.as_str())];
    for here in ["127.0.0.1:5", "[::1]:5", "[::ffff:127.0.0.1]:5"] {
        let reply = ask(here, &shown, "/api/v1/backup");
        assert_eq!(reply.status, 200, "{here} {:?}", reply.text());
        assert_eq!(reply.header("content-length"), reply.body.len().to_string());
        let file = served.dir.path().join("copy.redb");
        std::fs::write(&file, &reply.body).unwrap();
        let content = lumidex::ledger::backup::check(&file).unwrap();
        assert_eq!(content.rows.to_string(), reply.header("x-lumidex-rows"));
        let reply = ask(here, &shown, "/api/v1/backup/paid");
        assert_eq!((reply.status, reply.body.len()), (200, 0), "nothing was paid for");
        assert_eq!(ask(here, &shown, "/api/v1/status").status, 200, "the owner may read");
    }
    let wrong = format!("{}0", &token[..31]);
    let wrong = if wrong == token { format!("{}1", &token[..31]) } else { wrong };
    let with_secret = ("authorization", "Bearer abc");
    for (from, headers, status) in [
        ("192.168.1.5:5", &shown[..], 401),
        ("[fe80::1]:5", &shown, 401),
        ("127.0.0.1:5", &[], 401),
        ("192.168.1.5:5", &[with_secret, ("x-lumidex-token", &token)], 403),
        ("127.0.0.1:5", &[with_secret], 403),
        ("127.0.0.1:5", &[with_secret, ("x-lumidex-token", &wrong)], 403),
    ] {
        let reply = ask(from, headers, "/api/v1/backup");
        assert_eq!(reply.status, status, "{from} {headers:?}");
        reply.assert_problem();
        for route in ["/api/v1/backup/paid", "/api/v1/verify", "/api/v1/stats"] {
            assert_eq!(ask(from, headers, route).status, status, "{route} {from} {headers:?}");
        }
    }
    served.library.paid().put_title("fox", "1").unwrap();
    let reply = ask("127.0.0.1:5", &shown, "/api/v1/backup/paid");
    assert_eq!((reply.status, reply.header("x-lumidex-rows")), (200, "1"));
    let file = served.dir.path().join("paid.redb");
    std::fs::write(&file, &reply.body).unwrap();
    assert_eq!(lumidex::ledger::paid::Paid::at(&file).title("fox").unwrap().as_deref(), Some("1"));
    assert_eq!(ask("192.168.1.5:5", &shown, "/api/v1/status").status, 401);
    let left = std::fs::read_dir(served.dir.path().join("data/backups")).unwrap().count();
    assert_eq!(left, 0, "nothing is left of what was handed out");
}

#[test]
fn one_backup_is_handed_out_at_a_time() {
    let served = Served::new();
    let ask = || {
        let request = axum::http::Request::get("/api/v1/backup")
            .header("x-lumidex-token", served.library.token())
            .header("host", "localhost");
        let mut request = request.body(axum::body::Body::empty()).unwrap();
        let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 5));
        request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        request
    };
    let runtime = super::served::runtime();
    let first = runtime.block_on(served.router.clone().oneshot(ask())).unwrap();
    assert_eq!(first.status(), 200);
    let second = runtime.block_on(super::served::reply(&served.router, ask()));
    assert_eq!(second.status, 503);
    assert!(second.header("retry-after").parse::<u64>().unwrap() > 0);
    second.assert_problem();
    // Whoever goes away gives up the turn.
    drop(first);
    assert_eq!(runtime.block_on(super::served::reply(&served.router, ask())).status, 200);
}

/// As every client of the original server makes it.
pub(crate) fn cookie_of(key: &str) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(format!("{key}_ciallo"));
    format!("IIB_S={}", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}
