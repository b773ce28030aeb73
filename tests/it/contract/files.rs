//! Contract section 2.2 and 3: files as they are, and what they say.

use super::served::{PREFIXES, Reply, Served, encode};
use lumidex::settings::Secret;
use serde_json::{Value, json};
use std::os::unix::ffi::OsStrExt as _;

fn file(served: &Served, headers: &[(&str, &str)], below: &str) -> Reply {
    served.ask_with(headers, "GET", &format!("/iib/file?path={}", served.encoded(below)), &Value::Null)
}

#[test]
fn a_file_is_sent_as_it_is() {
    let served = Served::new();
    let content = std::fs::read(served.path("a.png")).unwrap();
    for prefix in PREFIXES {
        let reply = served.ask(
            "GET",
            &format!("{prefix}/file?path={}&t=2026-11-22%2016:12:38", served.encoded("a.png")),
            &Value::Null,
        );
        assert_eq!((reply.status, &reply.body), (200, &content));
        for (name, want) in [
            ("content-type", "image/png"),
            ("accept-ranges", "bytes"),
            ("content-length", content.len().to_string().as_str()),
            ("last-modified", "Sun, 22 Nov 2026 16:12:38 GMT"),
            ("cache-control", "public, max-age=31536000"),
            ("x-content-type-options", "nosniff"),
            ("content-disposition", ""),
        ] {
            assert_eq!(reply.header(name), want, "{name}");
        }
        let etag = reply.header("etag");
        assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 2, "{etag}");
        assert!(reply.header("expires").ends_with("GMT"));
    }
}

#[test]
fn head_has_the_headers_and_no_body() {
    let served = Served::new();
    let whole = file(&served, &[], "a.png");
    let uri = format!("/iib/file?path={}", served.encoded("a.png"));
    let head = served.ask("HEAD", &uri, &Value::Null);
    assert_eq!((head.status, head.body.len()), (200, 0));
    for name in ["content-length", "content-type", "etag", "last-modified"] {
        assert_eq!(head.header(name), whole.header(name), "{name}");
    }
}

#[test]
fn a_known_version_is_not_sent_again_until_it_changes() {
    let served = Served::new();
    let etag = file(&served, &[], "a.png").header("etag").to_owned();
    let reply = file(&served, &[("if-none-match", &etag)], "a.png");
    assert_eq!((reply.status, reply.body.len(), reply.header("etag")), (304, 0, etag.as_str()));
    let since = [("if-modified-since", "Sun, 22 Nov 2026 16:12:38 GMT")];
    assert_eq!(file(&served, &since, "a.png").status, 304);
    std::fs::write(served.path("a.png"), "another content of it").unwrap();
    assert_eq!(file(&served, &[("if-none-match", &etag)], "a.png").status, 200);
    assert_eq!(file(&served, &[("if-range", &etag), ("range", "bytes=0-0")], "a.png").status, 200);
}

#[test]
fn ranges_are_cut_clamped_and_refused() {
    let served = Served::new();
    let content = std::fs::read(served.path("a.png")).unwrap();
    let n = content.len();
    let check = |range: &str, want: &[u8], header: String| {
        let reply = file(&served, &[("range", range)], "a.png");
        assert_eq!(
            (reply.status, reply.body.as_slice(), reply.header("content-range")),
            (206, want, header.as_str()),
            "{range}"
        );
        assert_eq!(reply.header("content-length"), want.len().to_string());
    };
    check("bytes=0-7", &content[..8], format!("bytes 0-7/{n}"));
    check("bytes=8-", &content[8..], format!("bytes 8-{}/{n}", n - 1));
    check("bytes=-4", &content[n - 4..], format!("bytes {}-{}/{n}", n - 4, n - 1));
    check("bytes=8-999999", &content[8..], format!("bytes 8-{}/{n}", n - 1));
    let beyond = file(&served, &[("range", "bytes=999999-")], "a.png");
    assert_eq!(
        (beyond.status, beyond.body.len(), beyond.header("content-range")),
        (416, 0, format!("bytes */{n}").as_str())
    );
    assert_eq!(file(&served, &[("range", "pages=1-2")], "a.png").body, content);
}

#[test]
fn several_ranges_come_in_parts() {
    let served = Served::new();
    let content = std::fs::read(served.path("a.png")).unwrap();
    let reply = file(&served, &[("range", "bytes=0-3, 8-9")], "a.png");
    assert_eq!(reply.status, 206);
    let boundary =
        reply.header("content-type").strip_prefix("multipart/byteranges; boundary=").unwrap().to_owned();
    let n = content.len();
    let mut want = Vec::new();
    for (range, gap) in [(0..4, ""), (8..10, "\r\n")] {
        want.extend(
            format!(
                "{gap}--{boundary}\r\nContent-Type: image/png\r\nContent-Range: bytes {}-{}/{n}\r\n\r\n",
                range.start,
                range.end - 1
            )
            .bytes(),
        );
        want.extend(&content[range]);
    }
    want.extend(format!("\r\n--{boundary}--\r\n").bytes());
    assert_eq!(reply.body, want);
    assert_eq!(reply.header("content-length"), want.len().to_string());
}

#[test]
fn a_download_gets_its_name_and_scripts_are_only_downloaded() {
    let served = Served::new();
    let uri =
        format!("/iib/file?path={}&disposition={}", served.encoded("a.png"), encode("ü \"x\";\r\n.png"));
    let reply = served.ask("GET", &uri, &Value::Null);
    assert_eq!(
        reply.header("content-disposition"),
        "attachment; filename*=UTF-8''%C3%BC%20%22x%22%3B%0D%0A.png"
    );
    for (name, kind) in [("page.html", "application/octet-stream"), ("drawing.svg", "image/svg+xml")] {
        let reply = file(&served, &[], name);
        assert_eq!((reply.status, reply.header("content-type")), (200, kind));
        assert!(reply.header("content-disposition").starts_with("attachment"), "{name}");
        assert!(reply.header("content-security-policy").starts_with("sandbox"), "{name}");
        assert_eq!(reply.header("cache-control"), "", "{name} is no medium");
    }
    assert_eq!(file(&served, &[], "notes.txt").header("content-type"), "text/plain; charset=utf-8");
}

#[test]
fn with_a_secret_no_proxy_keeps_files() {
    let served = Served::with(|settings, _| settings.secret = Some(Secret("abc".into())));
    let reply = file(&served, &[("authorization", "Bearer abc")], "a.png");
    assert_eq!(reply.header("cache-control"), "private, max-age=31536000");
}

#[test]
fn what_is_no_file_is_an_error() {
    let served = Served::new();
    let fifo = served.path("pipe.png");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    std::os::unix::fs::symlink("loop.png", served.path("loop.png")).unwrap();
    for (below, status) in [
        ("gone.png", 404),
        ("a.png/x.png", 404),
        ("sub", 400),
        ("", 400),
        ("pipe.png", 400),
        ("loop.png", 400),
    ] {
        served.refused("GET", &format!("/file?path={}", served.encoded(below)), &Value::Null, status);
    }
    served.refused("GET", "/file", &Value::Null, 400);
    served.refused("GET", "/file?path=", &Value::Null, 400);
    served.refused("GET", "/file?path=%2Fa%00b.png", &Value::Null, 400);
    served.refused("GET", &format!("/file?path=%2F{}", "x".repeat(300)), &Value::Null, 404);
    served.refused("GET", &format!("/file?path=%2F{}", "x".repeat(20_000)), &Value::Null, 400);
}

#[test]
fn names_that_are_no_text_are_shown_and_accepted_back() {
    let served = Served::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.png");
    std::fs::copy(served.path("a.png"), served.dir.path().join("pics").join(name)).unwrap();
    served.get("POST", "/db/update_image_data", &json!({}));
    let answer = served.get("POST", "/db/search_by_substr", &json!({ "surstr": "caf", "path_only": true }));
    let shown = answer["files"][0]["fullpath"].as_str().unwrap();
    assert_eq!(shown, served.path("caf\u{fffd}E9.png"));
    let encoded = encode(shown);
    for path in [encoded.clone(), served.encoded("caf").replace("caf", "caf%E9.png")] {
        assert_eq!(served.ask("GET", &format!("/iib/file?path={path}"), &Value::Null).status, 200, "{path}");
    }
    let text = served.get("GET", &format!("/image_geninfo?path={encoded}"), &Value::Null);
    assert!(text.as_str().unwrap().starts_with("a cat"));
    let tags = served.get("POST", "/db/get_image_tags", &json!({ "paths": [shown] }));
    assert_eq!(tags, json!({}));
}

#[test]
fn a_name_with_percents_is_decoded_once() {
    let served = Served::new();
    assert_eq!(file(&served, &[], "sub/deep/猫 100%20 ü.png").status, 200);
    assert_eq!(file(&served, &[], "sub/deep/猫 100  ü.png").status, 404);
}

#[test]
fn exif_is_a_flat_object_of_texts() {
    let served = Served::new();
    let text = "a dog, Blue SKY\nSteps: 30, Sampler: DDIM, Seed: 2";
    let route = format!("/image_exif?path={}", served.encoded("b.png"));
    served.check("GET", &route, &Value::Null, 200, &json!({ "parameters": text }));
}

#[test]
fn a_file_that_is_not_indexed_is_read_and_its_sidecar_only_inside() {
    let served = Served::new();
    let sidecar = "a fox\nSteps: 5, Sampler: LMS, Seed: 9";
    for folder in [served.dir.path().join("pics"), served.dir.path().join("private")] {
        std::fs::write(folder.join("later.png"), super::served::png("")).unwrap();
        std::fs::write(folder.join("later.txt"), sidecar).unwrap();
    }
    let read = |path: &std::path::Path| {
        served.get("GET", &format!("/image_geninfo?path={}", encode(path.to_str().unwrap())), &Value::Null)
    };
    assert!(read(served.path("later.png").as_ref()).as_str().unwrap().starts_with("a fox\nSteps: 5"));
    assert_eq!(read(&served.dir.path().join("private/later.png")), "");
    let elsewhere = read(&served.dir.path().join("private/real.png"));
    assert!(elsewhere.as_str().unwrap().starts_with("elsewhere"), "{elsewhere}");
    assert_eq!(read(&served.dir.path().join("private/fake.png")), "");
}

#[test]
fn geninfo_is_always_a_text() {
    let served = Served::new();
    let one = |below: &str| {
        served.get("GET", &format!("/image_geninfo?path={}", served.encoded(below)), &Value::Null)
    };
    assert!(
        one("a.png")
            .as_str()
            .unwrap()
            .starts_with("a cat, 100% fluffy\nNegative prompt: dog_house\nSteps: 20")
    );
    for without in ["sub/c.png", "gone.png", "notes.txt", "sub", "broken.png"] {
        served.check(
            "GET",
            &format!("/image_geninfo?path={}", served.encoded(without)),
            &Value::Null,
            200,
            &json!(""),
        );
        served.check(
            "GET",
            &format!("/image_exif?path={}", served.encoded(without)),
            &Value::Null,
            200,
            &json!({}),
        );
    }
    let paths = [served.path("b.png"), served.path("gone.png"), "/elsewhere.png".to_owned()];
    let want = json!({ &paths[0]: one("b.png"), &paths[1]: "", &paths[2]: "" });
    served.check("POST", "/image_geninfo_batch", &json!({ "paths": paths }), 200, &want);
    served.check("POST", "/image_geninfo_batch", &json!({}), 200, &json!({}));
}
