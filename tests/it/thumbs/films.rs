//! Covers of films and of music, and stills that are not decoded here: through ffmpeg.

use super::{Shop, assert_quarters, ffmpeg_or_leave_out, quarters};
use lumidex::projection::thumbs::{Ffmpeg, Frame, ThumbError};
use lumidex::sys::{Stop, Stopper};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs ffmpeg; the file it wrote.
fn made_by_ffmpeg(folder: &Path, name: &str, input: &[u8], arguments: &[&str]) -> Vec<u8> {
    let path = folder.join(name);
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-y"]).args(arguments).arg(&path);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    assert!(child.wait().unwrap().success(), "ffmpeg could not make {name}");
    fs::read(path).unwrap()
}

/// A film whose frame `n` is grey of `8 n`.
fn film(folder: &Path, name: &str, n_frames: u8, codec: &[&str]) -> Vec<u8> {
    let frames: Vec<u8> = (0..n_frames).flat_map(|nth| vec![nth * 8; 96 * 64 * 3]).collect();
    let raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "96x64", "-r", "24", "-i", "pipe:0"];
    made_by_ffmpeg(folder, name, &frames, &[&raw, codec].concat())
}

#[test]
fn a_film_shows_frame_16_and_a_short_clip_its_first() {
    let Some(_) = ffmpeg_or_leave_out("covers of films") else { return };
    let shop = Shop::new();
    let folder = tempfile::tempdir().unwrap();
    let mpeg4 = ["-c:v", "mpeg4", "-q:v", "1"];
    let lossless = ["-c:v", "ffv1", "-pix_fmt", "bgr0"];
    for (name, n_frames, codec, grey) in [
        ("long.mp4", 30, mpeg4, 128_u8),
        ("17.mp4", 17, mpeg4, 128),
        ("16.mp4", 16, mpeg4, 0),
        ("one.mkv", 1, lossless, 0),
        ("long.mkv", 30, lossless, 128),
        ("long.avi", 20, mpeg4, 128),
        ("long.ts", 20, ["-c:v", "mpeg2video", "-q:v", "1"], 128),
    ] {
        let bytes = film(folder.path(), name, n_frames, &codec);
        // Whatever it is called: names are no arguments, and prove nothing.
        for name in [name, "-i.mp4", "concat:a|b.mp4", "a b'\n$(x).mov"] {
            let cover = shop.thumbnail(name, &bytes, (1920, 1920));
            assert_eq!(cover.dimensions(), (96, 64), "{name}");
            let pixel = cover.get_pixel(48, 32).0;
            assert!(pixel[..3].iter().all(|value| value.abs_diff(grey) < 8), "{name}: {pixel:?}, not {grey}");
            assert_eq!(shop.thumbnail(name, &bytes, (48, 48)).dimensions(), (48, 32));
        }
    }
}

#[test]
fn music_shows_the_picture_in_it() {
    let Some(_) = ffmpeg_or_leave_out("covers of music") else { return };
    let shop = Shop::new();
    let folder = tempfile::tempdir().unwrap();
    let image = quarters(120, 120);
    let picture = folder.path().join("cover.bmp");
    image.save(&picture).unwrap();
    let silence = ["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "0.2"];
    let attached = [
        "-i",
        picture.to_str().unwrap(),
        "-map",
        "0",
        "-map",
        "1",
        "-c:v",
        "png",
        "-disposition:v",
        "attached_pic",
    ];
    let with =
        made_by_ffmpeg(folder.path(), "with.flac", b"", &[&silence[..4], &attached, &silence[4..]].concat());
    let cover = shop.thumbnail("with.flac", &with, (1920, 1920));
    assert_eq!(cover.dimensions(), (120, 120));
    assert_quarters(&cover, &image::DynamicImage::from(image).to_rgba8(), "with.flac");
    let without = made_by_ffmpeg(folder.path(), "without.flac", b"", &silence);
    let error = shop.refusal("without.flac", &without);
    assert!(error.to_string().contains("no picture in this sound"), "{error}");
}

#[test]
fn avif_goes_through_ffmpeg() {
    let Some(_) = ffmpeg_or_leave_out("AVIF") else { return };
    let shop = Shop::new();
    let folder = tempfile::tempdir().unwrap();
    let image = quarters(160, 96);
    let raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "160x96", "-i", "pipe:0"];
    let codec =
        ["-frames:v", "1", "-c:v", "libaom-av1", "-cpu-used", "8", "-crf", "10", "-pix_fmt", "yuv444p"];
    let bytes = made_by_ffmpeg(folder.path(), "a.avif", &image, &[&raw[..], &codec].concat());
    let got = shop.thumbnail("a.avif", &bytes, (80, 80));
    assert_eq!(got.dimensions(), (80, 48));
    assert_quarters(&got, &image::DynamicImage::from(image).to_rgba8(), "a.avif");
}

#[test]
fn a_film_that_is_cut_off_is_an_error() {
    let Some(_) = ffmpeg_or_leave_out("films that are cut off") else { return };
    let shop = Shop::new();
    let folder = tempfile::tempdir().unwrap();
    let whole = film(folder.path(), "a.mp4", 20, &["-c:v", "mpeg4"]);
    // The index stands at the end: without it there is nothing to be found.
    for part in [12, whole.len() / 2] {
        let error = shop.refusal(&format!("{part}.mp4"), &whole[..part]);
        assert!(matches!(error, ThumbError::Undecodable(_)), "{error}");
    }
}

/// A program in the place of ffmpeg.
fn fake(folder: &Path, script: &str) -> Ffmpeg {
    let program = folder.join("ffmpeg");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    Ffmpeg { program, time_max: PATIENCE }
}

/// What ffmpeg would be asked for.
const FILM: &[u8] = b"\0\0\0\x20ftypisom";

#[test]
fn one_that_hangs_is_killed_with_what_it_started() {
    let folder = tempfile::tempdir().unwrap();
    // Its child holds the pipes open as well; the answer comes only when both are gone.
    let ffmpeg =
        Ffmpeg { time_max: Duration::from_millis(300), ..fake(folder.path(), "sleep 3600 & sleep 3600") };
    let shop = Shop::with(ffmpeg);
    let error = shop.refusal("a.mp4", FILM);
    assert!(matches!(error, ThumbError::TooLarge(_)), "{error}");
}

#[test]
fn one_that_only_leaves_a_child_behind_is_over_when_its_time_is() {
    let folder = tempfile::tempdir().unwrap();
    let ffmpeg = Ffmpeg { time_max: Duration::from_millis(300), ..fake(folder.path(), "sleep 3600 &") };
    let error = Shop::with(ffmpeg).refusal("a.mp4", FILM);
    assert!(matches!(error, ThumbError::TooLarge(_)), "{error}");
}

#[test]
fn one_nobody_waits_for_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let started = folder.path().join("started");
    let shop =
        Shop::with(fake(folder.path(), &format!(": > '{}'; sleep 3600 & sleep 3600", started.display())));
    let source = shop.source("a.mp4", FILM);
    let stopper = Stopper::new();
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| shop.thumbs.get(&source, Frame::COVER, &stopper.stop()));
        let until = Instant::now() + PATIENCE;
        while !started.exists() {
            assert!(Instant::now() < until, "it was never started");
            std::thread::yield_now();
        }
        stopper.trigger();
        assert!(matches!(asking.join().unwrap(), Err(ThumbError::Stopped)));
    });
}

#[test]
fn endless_output_and_endless_complaints_are_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    for script in ["exec yes", "yes >&2 & exec yes", "exec head -c 100000000 /dev/zero >&2"] {
        let shop = Shop::with(fake(folder.path(), script));
        let error = shop.refusal("a.mp4", FILM);
        assert!(matches!(error, ThumbError::Undecodable(_)), "{script}: {error}");
        assert!(error.to_string().len() < 4_096);
    }
}

#[test]
fn wrong_answers_are_no_pictures() {
    let folder = tempfile::tempdir().unwrap();
    for answer in [
        "",
        "P7\\nWIDTH 4000000000\\nHEIGHT 4000000000\\nDEPTH 4\\nMAXVAL 255\\nENDHDR\\n",
        "P7\\nWIDTH 2\\nHEIGHT 2\\nDEPTH 4\\nMAXVAL 255\\nENDHDR\\nshort",
        "P7\\nWIDTH 0\\nHEIGHT 0\\nDEPTH 4\\nMAXVAL 255\\nENDHDR\\n",
        "P7\\nWIDTH",
    ] {
        let shop = Shop::with(fake(folder.path(), &format!("printf '{answer}'; echo 'it went wrong' >&2")));
        let error = shop.refusal("a.mp4", FILM);
        assert!(matches!(error, ThumbError::Undecodable(_)), "{error}");
    }
}

#[test]
fn without_ffmpeg_the_error_says_how_to_get_it_and_is_not_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let program = PathBuf::from("no-such-program-of-lumidex");
    let shop = Shop::with(Ffmpeg { program, time_max: PATIENCE });
    let error = shop.refusal("a.mp4", FILM);
    assert!(matches!(error, ThumbError::NeedsFfmpeg { .. }) && error.is_passing());
    assert!(error.to_string().contains("apt install ffmpeg"), "{error}");
    let built = shop.thumbs.build_all(
        std::iter::once(shop.source("a.mp4", FILM)),
        Frame::COVER,
        &Stop::never(),
        &|_| {},
    );
    assert!(matches!(built, Err(ThumbError::NeedsFfmpeg { .. })));
    drop(folder);
}

#[test]
fn what_could_name_other_files_never_reaches_ffmpeg() {
    let folder = tempfile::tempdir().unwrap();
    let started = folder.path().join("started");
    let shop = Shop::with(fake(folder.path(), &format!(": > '{}'", started.display())));
    for (name, bytes) in [
        ("list.mp4", &b"#EXTM3U\nfile:///etc/passwd\n"[..]),
        ("concat.mkv", b"ffconcat version 1.0\nfile '/etc/passwd'\n"),
        ("session.mp4", b"v=0\no=- 0 0 IN IP4 127.0.0.1\n"),
        ("dash.mp4", b"<?xml version=\"1.0\"?><MPD></MPD>"),
    ] {
        assert!(matches!(shop.refusal(name, bytes), ThumbError::Undecodable(_)), "{name}");
    }
    assert!(!started.exists());
    let _ = shop.refusal("a.mp4", FILM);
    assert!(started.exists(), "the proof works");
}
