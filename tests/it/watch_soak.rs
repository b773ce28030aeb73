//! Many writers in many styles at once: no file is missed, none stays half-read.
//!
//! `LUMIDEX_SOAK_FILES` says how many files; 2,000 without it. They come at 200 a second.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use lumidex::metadata::{Beside, Bytes, read};
use lumidex::sys::paths;
use lumidex_index_tools::synth::{Library, SynthImage};

use crate::support::watched::{PATIENCE, Watched};

const FILES_PER_SECOND: u32 = 200;
const N_WRITERS: u32 = 4;

/// How programs write.
#[derive(Clone, Copy, Debug)]
enum Style {
    OneGo,
    /// In pieces with pauses, kept open.
    Pieces,
    /// In pieces, opened anew for each.
    Appended,
    /// Under a temporary name that is then changed.
    Renamed,
    /// As before, by a link whose other name is then removed.
    Linked,
    /// A first version, at once replaced by one of the same size.
    Rewritten,
}

const STYLES: [Style; 6] =
    [Style::OneGo, Style::Pieces, Style::Appended, Style::Renamed, Style::Linked, Style::Rewritten];

fn write(path: &Path, content: &[u8], style: Style) {
    let n_piece_bytes = (content.len() / 4).max(1);
    let beside =
        |ending: &str| path.with_file_name(format!("{}{ending}", path.file_name().unwrap().display()));
    let pause = || std::thread::sleep(Duration::from_millis(5));
    match style {
        Style::OneGo => fs::write(path, content).unwrap(),
        Style::Pieces => {
            let mut file = fs::File::create(path).unwrap();
            for piece in content.chunks(n_piece_bytes) {
                file.write_all(piece).unwrap();
                pause();
            }
        }
        Style::Appended => {
            for piece in content.chunks(n_piece_bytes) {
                let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
                file.write_all(piece).unwrap();
                pause();
            }
        }
        Style::Renamed => {
            fs::write(beside(".tmp"), content).unwrap();
            fs::rename(beside(".tmp"), path).unwrap();
        }
        Style::Linked => {
            fs::write(beside(".part"), content).unwrap();
            fs::hard_link(beside(".part"), path).unwrap();
            fs::remove_file(beside(".part")).unwrap();
        }
        Style::Rewritten => {
            fs::write(path, vec![b'x'; content.len()]).unwrap();
            fs::write(path, content).unwrap();
        }
    }
}

/// Writes an image and the text that belongs to it, before or after.
fn write_image(root: &Path, image: &SynthImage) {
    let style = STYLES[image.index as usize % STYLES.len()];
    let folder = root.join(&image.folder);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(&image.name);
    let sidecar = image.sidecar();
    let is_text_first = image.index.is_multiple_of(2);
    if let (Some(text), true) = (&sidecar, is_text_first) {
        write(&path.with_extension("txt"), text.as_bytes(), style);
    }
    write(&path, &image.bytes(), style);
    if let (Some(text), false) = (&sidecar, is_text_first) {
        write(&path.with_extension("txt"), text.as_bytes(), style);
    }
}

/// What the ledger does not know as it was written, if anything: one of it, and how many.
fn wrong(watched: &Watched, library: &Library, unproven: &mut Vec<u32>) -> Option<String> {
    let reader = watched.library().reader().unwrap();
    let mut example = None;
    unproven.retain(|index| {
        let image = library.image(*index);
        let path = watched.path(&image.folder).join(&image.name);
        let sidecar = image.sidecar();
        let beside = sidecar.as_deref().map(|text| Beside { name: b".txt", bytes: text.as_bytes() });
        let expected = read(&Bytes(&image.bytes()), image.name.as_bytes(), beside.as_slice());
        let expected = expected.unwrap().generation_text;
        let Some((_, known)) = reader.present_at(&paths::to_bytes(&path)).unwrap() else {
            example = Some(format!("`{}` was missed", path.display()));
            return true;
        };
        let text = reader.generation_text(&known).unwrap();
        if text != expected {
            let style = STYLES[*index as usize % STYLES.len()];
            example = Some(format!("{style:?} `{}` is `{text}`, not `{expected}`", path.display()));
        }
        text != expected
    });
    example.map(|example| format!("{} of {} are wrong: {example}", unproven.len(), library.len()))
}

#[test]
fn no_file_is_missed_and_none_is_half_read() {
    let n_files = std::env::var("LUMIDEX_SOAK_FILES").map_or(2_000, |n_files| n_files.parse().unwrap());
    let watched = Watched::new();
    let library = Library::new(41, n_files);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for writer in 0..N_WRITERS {
            let (library, root) = (&library, watched.path(""));
            scope.spawn(move || {
                for index in (writer..n_files).step_by(N_WRITERS as usize) {
                    let turn = began + Duration::from_secs(1) * index / FILES_PER_SECOND;
                    std::thread::sleep(turn.saturating_duration_since(Instant::now()));
                    write_image(&root, &library.image(index));
                }
            });
        }
    });
    let written = Instant::now();
    let mut unproven: Vec<u32> = (0..n_files).collect();
    while let Some(wrong) = wrong(&watched, &library, &mut unproven) {
        assert!(written.elapsed() < PATIENCE, "{wrong}");
        std::thread::sleep(Duration::from_millis(20));
    }
    println!(
        "{n_files} files in {:.1} s; all known {:.0} ms after the last",
        (written - began).as_secs_f64(),
        written.elapsed().as_secs_f64() * 1e3
    );
    let n_images = || watched.library().query().n_images().unwrap();
    crate::support::watched::until(
        "searches count them",
        || n_images() == u64::from(n_files),
        || n_images().to_string(),
    );
    // Nothing of this was left to a walk.
    assert_eq!(watched.library().progress().runs, 1);
}
