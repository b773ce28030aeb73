//! Contract 2.1, 2.4 and 11.3: small pictures and covers, in both dialects.

use super::served::{PREFIXES, Reply, Served, png};
use lumidex::settings::{AccessControl, Secret};
use serde_json::{Value, json};
use std::fs;

fn small(served: &Served, prefix: &str, below: &str, more: &str) -> Reply {
    small_with(served, &[], prefix, below, more)
}

fn small_with(served: &Served, headers: &[(&str, &str)], prefix: &str, below: &str, more: &str) -> Reply {
    let uri = format!("{prefix}/image-thumbnail?path={}{more}", served.encoded(below));
    served.ask_with(headers, "GET", &uri, &Value::Null)
}

/// Width and height in a lossy or extended WebP file.
fn size_of(webp: &[u8]) -> (u32, u32) {
    let decoded = image::load_from_memory_with_format(webp, image::ImageFormat::WebP).unwrap();
    (decoded.width(), decoded.height())
}

/// A picture that is larger than its thumbnail.
fn write_wide(served: &Served, below: &str) {
    let picture = image::RgbImage::from_fn(640, 320, |x, y| image::Rgb([x as u8, y as u8, 90]));
    picture.save_with_format(served.path(below), image::ImageFormat::Png).unwrap();
}

#[test]
fn a_thumbnail_is_webp_fitted_and_never_enlarged() {
    let served = Served::new();
    write_wide(&served, "wide.png");
    served.library.update().unwrap();
    for prefix in PREFIXES {
        for (size, want) in [("", (256, 128)), ("&size=64X64", (64, 32)), ("&size=4096x1000&t=x", (640, 320))]
        {
            let reply = small(&served, prefix, "wide.png", size);
            assert_eq!((reply.status, reply.header("content-type")), (200, "image/webp"), "{}", reply.text());
            assert_eq!(size_of(&reply.body), want, "{size}");
            assert_eq!(reply.header("cache-control"), "public, max-age=31536000, immutable");
            assert_eq!(reply.header("accept-ranges"), "bytes");
            assert_eq!(reply.header("content-length"), reply.body.len().to_string());
            assert!(!reply.header("last-modified").is_empty());
        }
        for size in ["256", "0x5", "5x4097", "x", "-1x5", "+5x5", "5x5x5", "ax5"] {
            let reply = small(&served, prefix, "wide.png", &format!("&size={size}"));
            assert_eq!(reply.status, 400, "{size}");
            reply.assert_problem();
        }
    }
}

#[test]
fn a_thumbnail_has_a_quoted_version_that_survives_moves_and_follows_content() {
    let served = Served::new();
    write_wide(&served, "wide.png");
    served.library.update().unwrap();
    let first = small(&served, "/iib", "wide.png", "&t=1");
    let etag = first.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 20, "{etag}");
    let known = small_with(&served, &[("if-none-match", &etag)], "/iib", "wide.png", "&t=2");
    assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, etag.as_str()));
    let made = served.library.thumbs().n_made();
    let body = json!({ "file_paths": [served.path("wide.png")], "dest": served.path("sub") });
    assert_eq!(served.ask("POST", "/iib/move_files", &body).status, 200);
    let moved = small(&served, "/iib", "sub/wide.png", "");
    assert_eq!((moved.header("etag"), moved.body == first.body), (etag.as_str(), true));
    assert_eq!(served.library.thumbs().n_made(), made, "a moved picture is not made small again");
    fs::write(served.path("sub/wide.png"), png("other")).unwrap();
    let other = small_with(&served, &[("if-none-match", &etag)], "/iib", "sub/wide.png", "");
    assert_eq!(other.status, 200, "before anybody has noticed that the file is another");
    assert_ne!(other.header("etag"), etag);
}

#[test]
fn part_of_a_thumbnail_may_be_asked_for() {
    let served = Served::new();
    write_wide(&served, "wide.png");
    let whole = small(&served, "/iib", "wide.png", "").body;
    let part = small_with(&served, &[("range", "bytes=4-99999999")], "/iib", "wide.png", "");
    assert_eq!((part.status, part.body.as_slice()), (206, &whole[4..]));
    assert_eq!(part.header("content-range"), format!("bytes 4-{}/{}", whole.len() - 1, whole.len()));
    let beyond = small_with(&served, &[("range", "bytes=99999999-")], "/iib", "wide.png", "");
    assert_eq!(beyond.status, 416);
}

#[test]
fn what_shows_nothing_is_not_found_and_what_is_too_large_is_refused() {
    let served = Served::new();
    let mut bomb = png("");
    bomb[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
    let mut crc = flate2::Crc::new();
    crc.update(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    fs::write(served.path("bomb.png"), bomb).unwrap();
    for prefix in PREFIXES {
        for (below, status) in [
            ("broken.png", 404),
            ("notes.txt", 404),
            ("page.html", 404),
            ("none.png", 404),
            ("bomb.png", 400),
            ("sub", 400),
        ] {
            let reply = small(&served, prefix, below, "");
            assert_eq!(reply.status, status, "{below} {}", reply.text());
            reply.assert_problem();
        }
        assert_eq!(small(&served, prefix, "a.png", "").status, 200);
    }
}

#[test]
fn a_picture_of_a_guarded_library_is_not_for_proxies() {
    let served = Served::with(|settings, _| settings.secret = Some(Secret("key".to_owned())));
    assert_eq!(small(&served, "/iib", "a.png", "").status, 401);
    let bearer = [("authorization", "Bearer key")];
    let reply = small_with(&served, &bearer, "/iib", "a.png", "");
    assert_eq!(reply.header("cache-control"), "private, max-age=31536000, immutable");
}

#[test]
fn only_media_outside_the_roots_is_made_small_and_nothing_with_access_control() {
    let served = Served::new();
    let outside = |served: &Served, name: &str| {
        let path = served.dir.path().join("private").join(name);
        let uri = format!("/iib/image-thumbnail?path={}", super::served::encode(path.to_str().unwrap()));
        served.ask("GET", &uri, &Value::Null).status
    };
    assert_eq!((outside(&served, "real.png"), outside(&served, "fake.png")), (200, 403));
    let confined = Served::with(|settings, _| settings.access = AccessControl::Enable);
    assert_eq!(outside(&confined, "real.png"), 403);
}

fn data_url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(bytes))
}

#[test]
fn a_chosen_cover_is_kept_undone_and_follows_its_film() {
    for prefix in PREFIXES {
        let served = Served::new();
        let film = [&b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2"[..], &[0; 64]].concat();
        fs::write(served.path("film.mp4"), film).unwrap();
        write_wide(&served, "cover.png");
        served.library.update().unwrap();
        let cover = fs::read(served.path("cover.png")).unwrap();
        let choose = |text: &str| {
            let body = json!({ "path": served.path("film.mp4"), "base64_img": text, "updated_time": "x" });
            served.ask("POST", &format!("{prefix}/set_target_frame_as_video_cover"), &body)
        };
        let shown = |below: &str| {
            let uri = format!("{prefix}/video_cover?path={}&mt=x", served.encoded(below));
            served.ask("GET", &uri, &Value::Null)
        };
        let chosen = choose(&data_url(&cover));
        assert_eq!((chosen.status, chosen.header("content-type")), (200, "image/webp"), "{}", chosen.text());
        assert!(chosen.header("etag").starts_with('"'));
        assert_eq!(size_of(&chosen.body), (640, 320));
        assert_eq!(shown("film.mp4").body, chosen.body);
        assert_eq!(shown("film.mp4").header("cache-control"), "no-store");
        let rename = json!({ "path": served.path("film.mp4"), "name": "renamed.mp4" });
        assert_eq!(served.ask("POST", "/iib/db/rename", &rename).status, 200);
        assert_eq!(shown("renamed.mp4").body, chosen.body);
        let number: u64 = chosen.header("x-lumidex-deed").parse().unwrap();
        assert_eq!(served.ask("POST", "/api/v1/undo", &json!({ "number": number })).status, 200);
        assert_ne!(shown("renamed.mp4").body, chosen.body);
    }
}

#[test]
fn an_uploaded_cover_that_is_no_picture_is_refused() {
    let served = Served::new();
    let film = [&b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2"[..], &[0; 64]].concat();
    fs::write(served.path("film.mp4"), film).unwrap();
    served.library.update().unwrap();
    for prefix in PREFIXES {
        let choose = |path: String, text: &str| {
            let body = json!({ "path": path, "base64_img": text });
            served.ask("POST", &format!("{prefix}/set_target_frame_as_video_cover"), &body)
        };
        for text in
            ["", "%%%", &data_url(b"<svg onload=alert(1)>"), &data_url(b""), "data:image/webp;base64,AAAA"]
        {
            let reply = choose(served.path("film.mp4"), text);
            assert_eq!(reply.status, 400, "{text} {}", reply.text());
            reply.assert_problem();
        }
        let whole = data_url(&png(""));
        assert_eq!(choose(served.path("none.mp4"), &whole).status, 404);
        assert_eq!(choose(served.path("notes.txt"), &whole).status, 400);
        let long = "A".repeat(13 << 20);
        assert_eq!(choose(served.path("film.mp4"), &long).status, 400);
    }
}

#[test]
fn what_is_no_media_has_no_cover() {
    let served = Served::new();
    for prefix in PREFIXES {
        for (below, status) in [("notes.txt", 400), ("none.mp4", 404)] {
            let uri = format!("{prefix}/video_cover?path={}&mt=1", served.encoded(below));
            let reply = served.ask("GET", &uri, &Value::Null);
            assert_eq!(reply.status, status, "{below}");
            reply.assert_problem();
        }
        let uri = format!("{prefix}/video_cover?path={}", served.encoded("a.png"));
        assert_eq!(size_of(&served.ask("GET", &uri, &Value::Null).body), (2, 1));
    }
}
