//! `lumidex inspect`: what a file says of how it was made, for people and for scripts.

use crate::limits::metadata::SIDECAR_BYTES_MAX;
use crate::metadata::{self, ReadAt, Reading};
use lumidex_schema::recipe::Recipe;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

/// Prints what each file says, as one JSON object a line or as text. Answers whether every file
/// could be read.
///
/// # Errors
/// Only what writing to `out` fails with; a file that cannot be opened gets a line saying so.
pub fn inspect(files: &[PathBuf], json: bool, out: &mut dyn Write) -> io::Result<bool> {
    let mut all_readable = true;
    for path in files {
        match read(path) {
            Ok(reading) if json => writeln!(out, "{}", as_json(path, &reading))?,
            Ok(reading) => write_text(path, &reading, out)?,
            Err(error) => {
                all_readable = false;
                let path = path.display().to_string();
                if json {
                    writeln!(out, "{}", json!({ "path": path, "recipe": null, "error": error.to_string() }))?;
                } else {
                    writeln!(out, "{path}\n  error: {error}\n")?;
                }
            }
        }
    }
    Ok(all_readable)
}

struct Opened {
    file: File,
    len: u64,
}

impl ReadAt for Opened {
    fn len(&self) -> u64 {
        self.len
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buf, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.file, buf, offset)
    }
}

fn read(path: &Path) -> io::Result<Reading> {
    // Asked before opening, because opening a pipe would wait for its writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let file = File::open(path)?;
    let len = file.metadata()?.len();
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    metadata::read(&Opened { file, len }, name, sidecar(path).as_deref())
}

/// The text file beside it; one byte more than is allowed tells a longer one.
fn sidecar(path: &Path) -> Option<Vec<u8>> {
    let beside = path.with_extension("txt");
    if beside == path || !std::fs::metadata(&beside).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(beside).ok()?.take(SIDECAR_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn as_json(path: &Path, reading: &Reading) -> Value {
    json!({
        "path": path.display().to_string(),
        "recipe": reading.recipe.as_ref().map(recipe_as_json),
        "description": reading.description,
        "pixel_width": reading.pixel_width,
        "pixel_height": reading.pixel_height,
        "complaints": reading.complaints.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// A recipe as `inspect --json` shows it: the seed as a number where it fits 64 bits.
fn recipe_as_json(recipe: &Recipe) -> Value {
    let Recipe {
        source,
        positive,
        negative,
        steps,
        sampler,
        scheduler,
        cfg,
        seed,
        width,
        height,
        model,
        model_hash,
        loras,
        extra,
        raw,
    } = recipe;
    let seed = seed.as_ref().map(|seed| seed.parse::<u64>().map_or_else(|_| json!(seed), |seed| json!(seed)));
    let extra: Vec<_> = extra.iter().map(|(key, value)| json!([key, value])).collect();
    json!({
        "source": source, "positive": positive, "negative": negative, "steps": steps, "sampler": sampler,
        "scheduler": scheduler, "cfg": cfg, "seed": seed, "width": width, "height": height, "model": model,
        "model_hash": model_hash, "loras": loras, "extra": extra, "raw": raw,
    })
}

fn write_text(path: &Path, reading: &Reading, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", path.display())?;
    if reading.pixel_width > 0 {
        writeln!(out, "  pixels: {} × {}", reading.pixel_width, reading.pixel_height)?;
    }
    if let Some(recipe) = &reading.recipe {
        writeln!(out, "  source: {}", recipe.source.identifier())?;
    }
    for line in reading.generation_text.lines() {
        // Escape sequences of a terminal stay text.
        let line: String =
            line.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
        writeln!(out, "  | {line}")?;
    }
    for complaint in &reading.complaints {
        writeln!(out, "  complaint: {complaint}")?;
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn one_line_a_file_and_false_when_one_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("a.mkv");
        std::fs::write(&film, b"\x1a\x45\xdf\xa3").unwrap();
        std::fs::write(folder.path().join("a.txt"), "a cat\nSteps: 5, Seed: 18446744073709551615, Size: 8x9")
            .unwrap();
        let bare = folder.path().join("b.png");
        std::fs::write(&bare, b"").unwrap();
        let missing = folder.path().join("c.png");
        let mut out = Vec::new();
        assert!(!inspect(&[film.clone(), bare, missing, folder.path().to_owned()], true, &mut out).unwrap());
        let lines: Vec<Value> =
            String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0]["recipe"]["positive"], "a cat");
        assert_eq!(lines[0]["recipe"]["seed"], json!(u64::MAX));
        assert_eq!(lines[0]["recipe"]["source"], "a1111");
        assert_eq!(
            (&lines[1]["recipe"], &lines[1]["complaints"][0]),
            (&Value::Null, &json!("file is empty"))
        );
        assert!(lines[2]["error"].is_string() && lines[3]["error"].is_string());
        let mut out = Vec::new();
        assert!(inspect(&[film], false, &mut out).unwrap());
        assert!(String::from_utf8(out).unwrap().contains("| a cat\n"));
    }
}
