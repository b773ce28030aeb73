//! Contract sections 2.2, 2.3, 11.1 and 11.4: bytes of files, and names of images.

use super::served::{PREFIXES, Reply, Served, encode, png, settings};
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use lumidex::serve::Engine;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::sync::Arc;
use tower::ServiceExt as _;

fn ask(served: &Served, route: &str, headers: &[(&str, &str)], below: &str) -> Reply {
    served.ask_with(headers, "GET", &format!("/iib{route}?path={}", served.encoded(below)), &Value::Null)
}

/// Section 17, line 39.
#[test]
fn a_player_gets_the_first_range_clamped_or_is_told_why_not() {
    let served = Served::new();
    let content = fs::read(served.path("noise.wav")).unwrap();
    let n = content.len();
    for prefix in PREFIXES {
        let uri = format!("{prefix}/stream_video?path={}", served.encoded("noise.wav"));
        let range = |range: &str| served.ask_with(&[("range", range)], "GET", &uri, &Value::Null);
        let whole = served.ask("GET", &uri, &Value::Null);
        assert_eq!((whole.status, &whole.body), (200, &content));
        assert_eq!(whole.header("content-type"), "audio/wav");
        assert_eq!(whole.header("accept-ranges"), "bytes");
        assert_eq!(whole.header("content-encoding"), "");
        assert_eq!(whole.header("content-length"), n.to_string());
        let exposed = whole.header("access-control-expose-headers");
        for name in ["content-type", "accept-ranges", "content-length", "content-range"] {
            assert!(exposed.contains(name), "{exposed}");
        }
        for (asked, from, to) in [
            ("bytes=0-3", 0, 4),
            ("bytes=4-", 4, n),
            ("bytes=-5", n - 5, n),
            ("bytes=4-999999", 4, n),
            ("bytes=1-2, 5-6", 1, 3),
        ] {
            let reply = range(asked);
            assert_eq!((reply.status, reply.body.as_slice()), (206, &content[from..to]), "{asked}");
            assert_eq!(reply.header("content-range"), format!("bytes {from}-{}/{n}", to - 1));
        }
        for asked in ["bytes=999999-", "bytes=x", "bytes=5-4", "bytes=-0"] {
            let reply = range(asked);
            assert_eq!((reply.status, reply.header("content-range")), (416, format!("bytes */{n}").as_str()));
            reply.assert_problem();
        }
    }
    for (below, status) in [("gone.mp4", 404), ("sub", 400)] {
        served.refused("GET", &format!("/stream_video?path={}", served.encoded(below)), &Value::Null, status);
    }
    served.refused("GET", "/stream_video", &Value::Null, 400);
}

#[test]
fn conditions_hold_before_anything_is_sent() {
    let served = Served::new();
    for route in ["/file", "/stream_video", "/img/a.png"] {
        let whole = ask(&served, route, &[], "a.png");
        let (etag, modified) = (whole.header("etag"), whole.header("last-modified"));
        for (headers, status) in [
            (vec![("if-none-match", etag)], 304),
            (vec![("if-none-match", "\"other\"")], 200),
            (vec![("if-modified-since", modified)], 304),
            (vec![("if-match", etag)], 200),
            (vec![("if-match", "\"other\"")], 412),
            (vec![("if-unmodified-since", modified)], 200),
            (vec![("if-unmodified-since", "Sun, 09 Sep 2001 01:46:40 GMT")], 412),
            (vec![("range", "bytes=0-0"), ("if-range", etag)], 206),
            (vec![("range", "bytes=0-0"), ("if-range", "\"other\"")], 200),
            (vec![("range", "bytes=0-0"), ("if-none-match", etag)], 304),
            (vec![("range", "bytes=999999-"), ("if-match", "\"other\"")], 412),
        ] {
            let reply = ask(&served, route, &headers, "a.png");
            assert_eq!(reply.status, status, "{route} {headers:?}");
            if status == 412 {
                reply.assert_problem();
            } else {
                assert_eq!(reply.header("etag"), etag, "{route} {headers:?}");
                assert_eq!(reply.header("cache-control"), "public, max-age=31536000");
            }
        }
        let uri = format!("/iib{route}?path={}", served.encoded("a.png"));
        // A range means nothing to who wants no body.
        let head = served.ask_with(&[("range", "bytes=0-0")], "HEAD", &uri, &Value::Null);
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), whole.header("content-length"));
    }
}

/// Section 17, line 35.
#[test]
fn the_name_of_an_image_is_decoded_once() {
    let served = Served::new();
    let names = ["a.png", "sub/deep/猫 100%20 ü.png", "<img src=x onerror=alert(1)>.png"];
    for prefix in PREFIXES {
        for below in names {
            let own = below.rsplit('/').next().unwrap();
            let uri = format!("{prefix}/img/{}?path={}&t=x", encode(own), served.encoded(below));
            let reply = served.ask("GET", &uri, &Value::Null);
            assert_eq!(reply.status, 200, "{uri} {:?}", reply.text());
            assert_eq!(reply.body, fs::read(served.path(below)).unwrap());
            assert_eq!(reply.header("content-type"), "image/png");
            let disposition = reply.header("content-disposition");
            let name = disposition.strip_prefix("inline; filename*=UTF-8''").unwrap();
            let name = percent_encoding::percent_decode_str(name).decode_utf8().unwrap();
            assert_eq!(name, own);
        }
    }
    let image = |name: &str, below: &str| format!("/img/{name}?path={}", served.encoded(below));
    let double = encode(&encode("猫 100%20 ü.png"));
    served.refused("GET", &image(&double, "sub/deep/猫 100%20 ü.png"), &Value::Null, 400);
    served.refused("GET", &image("b.png", "a.png"), &Value::Null, 400);
    served.refused("GET", &image("a.png", "gone/b.png"), &Value::Null, 400);
    served.refused("GET", &image("a.png", "gone/a.png"), &Value::Null, 404);
    fs::create_dir(served.path("folder.png")).unwrap();
    served.refused("GET", &image("folder.png", "folder.png"), &Value::Null, 400);
    for no_image in ["notes.txt", "noise.wav", "drawing.svg", "page.html"] {
        served.refused("GET", &image(no_image, no_image), &Value::Null, 400);
    }
    served.refused("GET", "/img/a.png", &Value::Null, 400);
    let reply = served.ask_with(
        &[("range", "bytes=0-3")],
        "GET",
        &format!("/iib{}", image("a.png", "a.png")),
        &Value::Null,
    );
    assert_eq!((reply.status, reply.body.as_slice()), (206, &b"\x89PNG"[..]));
}

#[test]
fn what_may_hold_scripts_is_never_shown() {
    let served = Served::new();
    fs::write(served.path("paper.pdf"), "%PDF-1.4").unwrap();
    fs::write(served.path("page.xhtml"), "<html/>").unwrap();
    for route in ["/file", "/stream_video"] {
        for name in ["page.html", "drawing.svg", "paper.pdf", "page.xhtml"] {
            let reply = ask(&served, route, &[], name);
            assert_eq!(reply.status, 200);
            assert!(reply.header("content-disposition").starts_with("attachment"), "{route} {name}");
            assert_eq!(reply.header("x-content-type-options"), "nosniff");
            assert!(reply.header("content-security-policy").starts_with("sandbox"));
            assert!(!reply.header("content-type").contains("html"), "{route} {name}");
        }
    }
}

#[test]
fn films_and_sounds_have_their_types() {
    let served = Served::new();
    for (name, kind) in [
        ("x.mp4", "video/mp4"),
        ("x.MKV", "video/x-matroska"),
        ("x.webm", "video/webm"),
        ("x.mov", "video/quicktime"),
        ("x.ts", "video/mp2t"),
        ("x.mp3", "audio/mpeg"),
        ("x.flac", "audio/flac"),
        ("x.m4a", "audio/mp4"),
        ("x.ogg", "audio/ogg"),
    ] {
        fs::write(served.path(name), "bytes").unwrap();
        for route in ["/file", "/stream_video"] {
            assert_eq!(ask(&served, route, &[], name).header("content-type"), kind, "{route} {name}");
        }
    }
}

/// The body of a file whose length changes after the head of the answer was sent.
fn body_when(change: impl FnOnce(&File)) -> (u64, Result<Vec<u8>, axum::Error>) {
    let served = Served::new();
    let path = served.path("long.mp4");
    let mut file = File::options().create(true).truncate(false).write(true).open(&path).unwrap();
    file.write_all(&vec![7; 3 << 20]).unwrap();
    let request = Request::get(format!("/iib/file?path={}", encode(&path))).body(Body::empty()).unwrap();
    served.runtime.block_on(async {
        let response = served.router.clone().oneshot(request).await.unwrap();
        let promised = response.headers()["content-length"].to_str().unwrap().parse().unwrap();
        change(&file);
        let body = response.into_body().collect().await;
        (promised, body.map(|body| body.to_bytes().to_vec()))
    })
}

#[test]
fn a_file_that_grows_while_it_is_sent_has_the_promised_length() {
    let (promised, body) = body_when(|mut file| {
        file.seek(SeekFrom::End(0)).unwrap();
        file.write_all(&[9; 5000]).unwrap();
    });
    let body = body.unwrap();
    assert_eq!((promised, body.len()), (3 << 20, 3 << 20));
    assert!(body.iter().all(|byte| *byte == 7));
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_breaks_the_answer_off() {
    let (promised, body) = body_when(|file| file.set_len(1 << 20).unwrap());
    assert_eq!(promised, 3 << 20);
    assert!(body.is_err());
}

#[test]
fn a_long_file_comes_whole_and_in_ranges_across_chunks() {
    let served = Served::new();
    let content: Vec<u8> = (0..1_500_000_u32).flat_map(|n| n.to_le_bytes()).collect();
    fs::write(served.path("long.mp4"), &content).unwrap();
    assert!(ask(&served, "/file", &[], "long.mp4").body == content);
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..50 {
        let from = random.usize(..content.len());
        let to = random.usize(from..content.len());
        let reply = ask(&served, "/stream_video", &[("range", &format!("bytes={from}-{to}"))], "long.mp4");
        assert_eq!(reply.status, 206);
        assert!(reply.body == content[from..=to], "{from}-{to}");
    }
    let reply = ask(&served, "/file", &[("range", "bytes=0-999999,3000000-5999999")], "long.mp4");
    let parts: Vec<_> =
        [0..1_000_000, 3_000_000..6_000_000].into_iter().map(|range| &content[range]).collect();
    assert!(parts.iter().all(|part| reply.body.windows(part.len()).any(|window| window == *part)));
}

#[test]
fn what_is_handed_over_is_let_go_of() {
    let served = Served::new();
    let route = format!("/send_img_path?path={}", served.encoded("a.png"));
    served.check("POST", &route, &Value::Null, 200, &Value::Null);
    served.check("GET", "/gen_info_completed", &Value::Null, 200, &json!(true));
    served.refused("POST", "/send_img_path", &Value::Null, 400);
}

#[test]
fn a_stream_that_nobody_takes_holds_up_nothing() {
    let served = Served::new();
    fs::write(served.path("long.mp4"), vec![7; 8 << 20]).unwrap();
    fs::write(served.path("new.png"), png("")).unwrap();
    let router = lumidex::serve::app(
        Arc::clone(&served.library) as Arc<dyn Engine>,
        settings(served.dir.path(), |_, _| {}),
    )
    .unwrap();
    served.runtime.block_on(async {
        let uri = format!("/iib/stream_video?path={}", served.encoded("long.mp4"));
        let mut held = Vec::new();
        for _ in 0..64 {
            let request = Request::get(&uri).body(Body::empty()).unwrap();
            let mut body = router.clone().oneshot(request).await.unwrap().into_body();
            body.frame().await.unwrap().unwrap();
            held.push(body);
        }
        for uri in ["/iib/hello".to_owned(), format!("/iib/file?path={}", served.encoded("new.png"))] {
            let request = Request::get(uri).body(Body::empty()).unwrap();
            assert_eq!(super::served::reply(&router, request).await.status, 200);
        }
        drop(held);
    });
}
