//! What a person did to pictures as XMP files beside them, or in a tree like theirs: `a.png` has `a.png.xmp`. Tags are
//! `dc:subject`, a text given by hand is `dc:description`, the tag `like` is five stars (`xmp:Rating`), and the colour of
//! the first tag that has one is the nearest of the five labels of photo programs (`xmp:Label`). A file that another
//! program wrote is left alone.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use lumidex::ledger::backup::Existing;
use lumidex::ledger::{ReadError, Reader};
use lumidex::sys::{PathError, Stop, paths};
use lumidex_schema::archive::FileLine;
use lumidex_schema::path::from_display;

use super::deeds::{Files, Tags};
use super::ndjson::whole;
use super::{ExportError, Stage};

/// The mark of our files.
const OURS: &str = "x:xmptk=\"lumidex\"";
/// Bytes of a file that may be ours.
const BYTES_MAX: u64 = 4 << 20;
/// The tag that is five stars.
const LIKE: &str = "like";

/// Where XMP files go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where<'a> {
    /// Beside the pictures.
    Beside,
    /// Below this folder, under the paths of the pictures.
    Below(&'a Path),
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sidecars {
    /// Files written or brought up to date.
    pub written: u64,
    /// Files that said the same already.
    pub same: u64,
    /// Files that another program wrote, which stayed as they are.
    pub foreign: u64,
    /// Pictures that are not there: nothing is written for them.
    pub absent: u64,
}

/// Writes an XMP file for each picture a person did something to. Done again, it brings them up to date.
///
/// # Errors
///
/// [`ExportError`]; files written before stay.
pub fn sidecars(
    reader: &Reader,
    place: Where<'_>,
    stop: &Stop,
    progress: &mut dyn FnMut(Stage),
) -> Result<Sidecars, ExportError> {
    let tags = Tags::read(reader)?;
    let files = Files::read(reader, &tags)?;
    let mut sidecars = Sidecars::default();
    for (nth, file) in (0..).zip(files.iter()) {
        if stop.is_stopped() {
            return Err(ExportError::Stopped);
        }
        progress(Stage::Files(nth, files.len()));
        let Some(file) = file? else { continue };
        let path = from_display(&file.line.path);
        if file.line.missing || !is_there(reader, &path)? {
            sidecars.absent += 1;
            continue;
        }
        let Some(text) = text_of(&file.line, &tags) else { continue };
        write(&target(&path, place), &text, &mut sidecars)?;
    }
    Ok(sidecars)
}

fn is_there(reader: &Reader, path: &[u8]) -> Result<bool, ReadError> {
    let is_known = reader.present_at(path)?.is_some();
    Ok(is_known && paths::from_bytes(path).symlink_metadata().is_ok_and(|metadata| metadata.is_file()))
}

fn target(path: &[u8], place: Where<'_>) -> PathBuf {
    let path = paths::from_bytes(path);
    let mut name = OsString::from(path.file_name().unwrap_or_default());
    name.push(".xmp");
    match place {
        Where::Beside => path.with_file_name(name),
        Where::Below(top) => {
            let folders = path.parent().into_iter().flat_map(Path::components);
            let folders = folders.filter_map(|folder| match folder {
                Component::Normal(name) => Some(name),
                _ => None,
            });
            top.join(folders.collect::<PathBuf>()).join(name)
        }
    }
}

fn write(target: &Path, text: &str, sidecars: &mut Sidecars) -> Result<(), ExportError> {
    let existing = match fs::symlink_metadata(target) {
        Err(_) => Existing::Keep,
        Ok(metadata) if !metadata.is_file() || metadata.len() > BYTES_MAX => {
            sidecars.foreign += 1;
            return Ok(());
        }
        Ok(_) => {
            let mut there = Vec::new();
            let read = File::open(target).and_then(|file| file.take(BYTES_MAX).read_to_end(&mut there));
            read.map_err(PathError::doing("read", target))?;
            let there = String::from_utf8_lossy(&there);
            if there == text {
                sidecars.same += 1;
                return Ok(());
            }
            if !there.contains(OURS) {
                sidecars.foreign += 1;
                return Ok(());
            }
            Existing::Replace
        }
    };
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder).map_err(PathError::doing("create", folder))?;
    }
    whole(target, existing, &mut |out| {
        out.write_all(text.as_bytes()).map_err(|error| PathError::doing("write", target)(error).into())
    })?;
    sidecars.written += 1;
    Ok(())
}

/// What an XMP file says of a picture; `None` when there is nothing that XMP has words for.
fn text_of(file: &FileLine, tags: &Tags) -> Option<String> {
    let mut on: Vec<u32> = file.tags.iter().chain(&file.ruled).copied().collect();
    on.sort_unstable();
    let on: Vec<_> = on.iter().filter_map(|number| tags.line(*number)).collect();
    let likes = on.iter().any(|tag| tag.name == LIKE);
    let label = on.iter().find_map(|tag| label_of(&tag.color));
    let subjects: Vec<&str> = on.iter().map(|tag| tag.name.as_str()).filter(|name| *name != LIKE).collect();
    let description = file.text.as_deref().filter(|text| !text.is_empty());
    if !likes && subjects.is_empty() && description.is_none() {
        return None;
    }
    let mut text = format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\" {OURS}>\n \
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n  \
         <rdf:Description rdf:about=\"\"\n    xmlns:dc=\"http://purl.org/dc/elements/1.1/\"\n    \
         xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\""
    );
    if likes {
        text.push_str("\n   xmp:Rating=\"5\"");
    }
    if let Some(label) = label {
        text.push_str(&format!("\n   xmp:Label=\"{label}\""));
    }
    text.push_str(">\n");
    if let Some(description) = description {
        text.push_str(&format!(
            "   <dc:description>\n    <rdf:Alt>\n     <rdf:li xml:lang=\"x-default\">{}</rdf:li>\n    \
             </rdf:Alt>\n   </dc:description>\n",
            escaped(description)
        ));
    }
    if !subjects.is_empty() {
        text.push_str("   <dc:subject>\n    <rdf:Bag>\n");
        for subject in subjects {
            text.push_str(&format!("     <rdf:li>{}</rdf:li>\n", escaped(subject)));
        }
        text.push_str("    </rdf:Bag>\n   </dc:subject>\n");
    }
    text.push_str("  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"w\"?>\n");
    Some(text)
}

/// A text as XML has it. What XML 1.0 has no place for, control characters, becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\r' => escaped.push_str("&#13;"),
            '\n' | '\t' => escaped.push(letter),
            '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            letter if letter.is_control() && letter < '\u{80}' => {
                escaped.push(char::REPLACEMENT_CHARACTER);
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// The nearest of the five labels by hue; `None` for greys, and for what is no colour.
fn label_of(color: &str) -> Option<&'static str> {
    let color = color.trim().to_lowercase();
    let named = match color.as_str() {
        "red" => Some("Red"),
        "yellow" | "gold" | "orange" => Some("Yellow"),
        "green" | "lime" => Some("Green"),
        "blue" | "cyan" => Some("Blue"),
        "purple" | "magenta" | "violet" => Some("Purple"),
        _ => None,
    };
    if named.is_some() {
        return named;
    }
    let digits =
        color.strip_prefix('#').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    let part = |at: usize, n: usize| u8::from_str_radix(digits.get(at..at + n)?, 16).ok();
    let [red, green, blue] = match digits.len() {
        3 | 4 => [part(0, 1)? * 17, part(1, 1)? * 17, part(2, 1)? * 17],
        6 | 8 => [part(0, 2)?, part(2, 2)?, part(4, 2)?],
        _ => return None,
    }
    .map(f64::from);
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    let span = most - least;
    if span < 32.0 {
        return None;
    }
    let hue = if most == red {
        60.0 * ((green - blue) / span).rem_euclid(6.0)
    } else if most == green {
        60.0 * ((blue - red) / span + 2.0)
    } else {
        60.0 * ((red - green) / span + 4.0)
    };
    Some(match hue {
        hue if !(20.0..330.0).contains(&hue) => "Red",
        hue if hue < 70.0 => "Yellow",
        hue if hue < 165.0 => "Green",
        hue if hue < 255.0 => "Blue",
        _ => "Purple",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_the_nearest_label() {
        for (color, label) in [
            ("#f00", Some("Red")),
            ("#ff1040", Some("Red")),
            ("#FFA500", Some("Yellow")),
            ("#00ff00ff", Some("Green")),
            ("#1890ff", Some("Blue")),
            ("#800080", Some("Purple")),
            (" Gold ", Some("Yellow")),
            ("#808080", None),
            ("#12", None),
            ("#ggg", None),
            ("", None),
            ("rgb(1,2,3)", None),
        ] {
            assert_eq!(label_of(color), label, "{color}");
        }
    }

    #[test]
    fn nothing_of_a_person_becomes_markup() {
        assert_eq!(
            escaped("<a b=\"&\">\u{1b}\r\n猫\u{ffff}"),
            "&lt;a b=\"&amp;\"&gt;\u{fffd}&#13;\n猫\u{fffd}"
        );
    }
}
