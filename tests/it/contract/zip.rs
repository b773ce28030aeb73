//! Contract section 1.9: archives.

use super::served::{PREFIXES, Reply, Served};
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use lumidex::settings::{AccessControl, Permission};
use serde_json::{Value, json};
use std::fs;
use std::io::{Cursor, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use tower::ServiceExt as _;
use zip::{CompressionMethod, ZipArchive};

fn read_back(archive: Vec<u8>) -> Vec<(String, CompressionMethod, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).unwrap();
    let n = archive.len();
    (0..n)
        .map(|nth| {
            let mut entry = archive.by_index(nth).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (entry.name().unwrap().into_owned(), entry.compression(), content)
        })
        .collect()
}

fn kept(served: &Served) -> Vec<String> {
    let Ok(entries) = fs::read_dir(served.dir.path().join("data/zip_temp")) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn files_come_as_one_archive() {
    let served = Served::new();
    let below = ["a.png", "sub/deep/猫 100%20 ü.png", "notes.txt"];
    let paths = below.map(|below| served.path(below));
    for prefix in PREFIXES {
        for (compress, method) in [
            (json!(false), CompressionMethod::Stored),
            (Value::Null, CompressionMethod::Stored),
            (json!(true), CompressionMethod::Deflated),
        ] {
            let body = json!({ "paths": paths, "compress": compress, "pack_only": false });
            let reply = served.ask("POST", &format!("{prefix}/zip"), &body);
            assert_eq!((reply.status, reply.header("content-type")), (200, "application/zip"));
            let disposition = reply.header("content-disposition");
            assert!(
                disposition.starts_with("attachment; filename*=UTF-8''iib_batch_download_")
                    && disposition.ends_with(".zip"),
                "{disposition}"
            );
            let entries = read_back(reply.body);
            assert_eq!(entries.len(), 3);
            for ((name, as_what, content), below) in entries.into_iter().zip(below) {
                assert_eq!((name.as_str(), as_what), (below.rsplit('/').next().unwrap(), method));
                assert_eq!(content, fs::read(served.path(below)).unwrap());
            }
        }
    }
    assert_eq!(kept(&served), [] as [&str; 0], "nothing is left on the server");
}

/// Section 17, line 42.
#[test]
fn equal_base_names_are_told_apart() {
    let served = Served::new();
    for (folder, name) in [("x", "a.png"), ("y", "A.PNG"), ("z", "a (2).png")] {
        fs::create_dir(served.path(folder)).unwrap();
        fs::write(served.path(&format!("{folder}/{name}")), folder).unwrap();
    }
    let odd = Path::new(&served.path("x")).join(std::ffi::OsStr::from_bytes(b"caf\xe9.png"));
    fs::write(odd, "odd").unwrap();
    fs::write(served.path("x/..\\evil\n.png"), "evil").unwrap();
    let paths = ["a.png", "x/a.png", "y/A.PNG", "z/a (2).png", "x/caf\u{fffd}E9.png", "x/..\\evil\n.png"];
    let body = json!({ "paths": paths.map(|below| served.path(below)) });
    let entries = read_back(served.ask("POST", "/iib/zip", &body).body);
    let names: Vec<&str> = entries.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(
        names,
        ["a.png", "a (2).png", "A (3).PNG", "a (2) (2).png", "caf\u{fffd}E9.png", ".._evil_.png"]
    );
    let contents: Vec<&[u8]> = entries[1..].iter().map(|(.., content)| content.as_slice()).collect();
    assert_eq!(contents, [&b"x"[..], b"y", b"z", b"odd", b"evil"]);
}

/// Section 17, line 42.
#[test]
fn archives_kept_on_the_server_never_share_a_name_and_are_bounded() {
    let served = Served::new();
    let body = json!({ "paths": [served.path("a.png")], "pack_only": true });
    for prefix in PREFIXES {
        for _ in 0..3 {
            let reply = served.ask("POST", &format!("{prefix}/zip"), &body);
            assert_eq!((reply.status, reply.json()), (200, Value::Null));
        }
    }
    let names = kept(&served);
    assert_eq!(names.len(), 6);
    for name in &names {
        let time = name.strip_prefix("iib_batch_download_").unwrap();
        assert_eq!(time[..19].bytes().filter(|b| *b == b'-').count(), 5, "{name}");
        let archive = fs::read(served.dir.path().join("data/zip_temp").join(name)).unwrap();
        assert_eq!(read_back(archive)[0].0, "a.png");
    }
    // At once, and in the same second.
    let router = &served.router;
    let replies: Vec<Reply> = served.runtime.block_on(async {
        let asked = (0..3).map(|_| {
            let request = Request::post("/iib/zip").body(Body::from(body.to_string())).unwrap();
            let router = router.clone();
            tokio::spawn(async move { super::served::reply(&router, request).await })
        });
        let mut replies = Vec::new();
        for reply in asked.collect::<Vec<_>>() {
            replies.push(reply.await.unwrap());
        }
        replies
    });
    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    assert_eq!(kept(&served).len(), 9);
    for _ in 0..10 {
        assert_eq!(served.ask("POST", "/iib/zip", &body).status, 200);
    }
    assert_eq!(kept(&served).len(), 16, "the oldest went");
}

#[test]
fn every_path_must_be_a_file_that_may_be_read() {
    let served = Served::new();
    let a = served.path("a.png");
    for pack_only in [false, true] {
        for bad in ["gone.png", "sub", "a.png/x"] {
            let body = json!({ "paths": [a, served.path(bad)], "pack_only": pack_only });
            served.refused("POST", "/zip", &body, 400);
        }
        served.refused("POST", "/zip", &json!({ "pack_only": pack_only }), 400);
        // Outside the roots only media may be taken along.
        let secret = served.dir.path().join("private/secret.txt");
        served.refused("POST", "/zip", &json!({ "paths": [a, secret], "pack_only": pack_only }), 403);
    }
    let real = served.dir.path().join("private/real.png");
    assert_eq!(read_back(served.ask("POST", "/iib/zip", &json!({ "paths": [real] })).body).len(), 1);
    assert_eq!(kept(&served), [] as [&str; 0]);
    let confined = Served::with(|settings, _| settings.access = AccessControl::Enable);
    for outside in
        [confined.dir.path().join("private/real.png"), Path::new(&confined.path("out/real.png")).into()]
    {
        confined.refused("POST", "/zip", &json!({ "paths": [outside] }), 403);
    }
    for permission in [Permission::ReadOnly, Permission::WriteOnly, Permission::NoAccess] {
        let served = Served::with(|settings, _| settings.permission = permission);
        served.refused("POST", "/zip", &json!({ "paths": [served.path("a.png")] }), 403);
    }
}

#[test]
fn a_file_that_changes_while_it_is_packed_breaks_the_archive_off() {
    let served = Served::new();
    fs::write(served.path("long.mp4"), vec![7; 16 << 20]).unwrap();
    let body = json!({ "paths": [served.path("long.mp4")] }).to_string();
    let collected = served.runtime.block_on(async {
        let request = Request::post("/iib/zip").body(Body::from(body)).unwrap();
        let mut body = served.router.clone().oneshot(request).await.unwrap().into_body();
        body.frame().await.unwrap().unwrap();
        // The rest waits to be taken: it cannot have been read yet.
        fs::File::options().write(true).open(served.path("long.mp4")).unwrap().set_len(1 << 20).unwrap();
        body.collect().await
    });
    assert!(collected.is_err());
}

#[test]
fn clients_that_take_nothing_leave_room_for_hello_and_are_bounded() {
    let served = Served::new();
    fs::write(served.path("long.mp4"), vec![7; 16 << 20]).unwrap();
    let body = json!({ "paths": [served.path("long.mp4")] }).to_string();
    let ask = || Request::post("/iib/zip").body(Body::from(body.clone())).unwrap();
    served.runtime.block_on(async {
        let mut held = Vec::new();
        for _ in 0..4 {
            let response = served.router.clone().oneshot(ask()).await.unwrap();
            assert_eq!(response.status(), 200);
            held.push(response.into_body());
        }
        let hello = Request::get("/iib/hello").body(Body::empty()).unwrap();
        assert_eq!(super::served::reply(&served.router, hello).await.status, 200);
        let fifth = super::served::reply(&served.router, ask()).await;
        assert_eq!(fifth.status, 503);
        fifth.assert_problem();
        // Whoever goes away gives up the turn.
        drop(held);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        loop {
            let reply = super::served::reply(&served.router, ask()).await;
            if reply.status == 200 {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "the turns were not given back");
            tokio::task::yield_now().await;
        }
    });
}
