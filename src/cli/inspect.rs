//! `lumidex inspect`: what a file says of how it was made, for people and for scripts.

use super::talk::enveloped;
use super::terminal::plain;
use crate::intake::Alone;
use crate::metadata::{Reading, normalised};
use lumidex_schema::recipe::Recipe;
use serde_json::{Value, json};
use std::io::{self, Write};
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
            Ok(reading) if json => writeln!(out, "{}", enveloped("inspect", &as_json(path, &reading)))?,
            Ok(reading) => write_text(path, &reading, out)?,
            Err(error) => {
                all_readable = false;
                let path = path.display().to_string();
                if json {
                    let data = json!({ "path": path, "recipe": null, "error": error.to_string() });
                    writeln!(out, "{}", enveloped("inspect", &data))?;
                } else {
                    writeln!(out, "{}\n  error: {error}\n", plain(&path))?;
                }
            }
        }
    }
    Ok(all_readable)
}

fn read(path: &Path) -> io::Result<Reading> {
    // A link names the file it leads to; the text beside it stands beside that file.
    let path = path.canonicalize()?;
    Alone::open(&path)?.with_sidecars(&path).reading()
}

fn as_json(path: &Path, reading: &Reading) -> Value {
    json!({
        "path": path.display().to_string(),
        "recipe": reading.recipe.as_ref().map(recipe_as_json),
        "normalised": reading.recipe.as_ref().map(normalised),
        "finding": reading.finding,
        "provenance": reading.provenance.iter().map(|(field, place)| json!([field, place])).collect::<Vec<_>>(),
        "places": reading.places,
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
    writeln!(out, "{}", plain(&path.display().to_string()))?;
    if reading.pixel_width > 0 {
        writeln!(out, "  pixels: {} × {}", reading.pixel_width, reading.pixel_height)?;
    }
    if let Some(recipe) = &reading.recipe {
        writeln!(out, "  source: {}", recipe.source.identifier())?;
    }
    for line in reading.generation_text.lines() {
        writeln!(out, "  | {}", plain(line))?;
    }
    for complaint in &reading.complaints {
        writeln!(out, "  complaint: {}", plain(&complaint.to_string()))?;
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn data(line: &str) -> Value {
        serde_json::from_str::<Value>(line).unwrap()["data"].take()
    }

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
        let lines: Vec<Value> = String::from_utf8(out).unwrap().lines().map(data).collect();
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
