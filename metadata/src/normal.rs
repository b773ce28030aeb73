//! Single values as writers spell them to the form a recipe keeps (catalogue, section 6).

use crate::json;
use crate::limits::LORAS_MAX;
use lumidex_schema::recipe::Lora;
use std::cell::OnceCell;

/// A prompt or another text: line ends unified, no NUL, ends trimmed.
pub(super) fn text(value: &str) -> String {
    let is_odd = |letter: char| matches!(letter, '\r' | '\0' | '\u{2028}' | '\u{2029}');
    if !value.contains(is_odd) {
        return value.trim().to_owned();
    }
    let unified = value.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    unified.replace('\0', "").trim().to_owned()
}

/// Whether a text is JSON, or the beginning of JSON. Prompts begin with brackets and braces too.
pub(super) fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    let is_blank = |rest: &str| rest.chars().all(|letter| letter.is_whitespace() || letter == '\0');
    let inside = |open: char| text.strip_prefix(open).map(str::trim_start);
    if let Some(inside) = inside('{') {
        let is_key = |rest: &str| match rest.split_once('"') {
            None => true,
            Some((_, behind)) => is_blank(behind) || behind.trim_start().starts_with(':'),
        };
        return inside.strip_prefix('"').is_some_and(is_key) || json::len(text).is_some();
    }
    inside('[').is_some_and(|inside| {
        json::len(text).is_some_and(|len| inside.starts_with(['{', '"', '[']) || is_blank(&text[len..]))
    })
}

/// A sampler or scheduler as stored; `None` when it says nothing.
pub(super) fn word(value: &str) -> Option<String> {
    let value = text(value);
    (!value.is_empty() && !["None", "Automatic"].contains(&value.as_str())).then_some(value)
}

/// A finite number; a decimal comma is read as a point.
pub(super) fn number(value: &str) -> Option<f64> {
    let value = value.trim();
    if !value.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.')) {
        return None;
    }
    let number = value.parse::<f64>().or_else(|_| value.replacen(',', ".", 1).parse());
    number.ok().filter(|number| number.is_finite())
}

/// A whole number that may be written with a zero fraction.
pub(super) fn count(value: &str) -> Option<u32> {
    let value = value.trim();
    value
        .split_once('.')
        .filter(|(_, zeros)| zeros.bytes().all(|digit| digit == b'0'))
        .map_or(value, |(whole, _)| whole)
        .parse()
        .ok()
}

/// A seed as decimal digits: decimal, `0x…`, or with a zero fraction. Negative means random.
pub(super) fn seed(value: &str) -> Option<String> {
    const DIGITS_MAX: usize = 64;
    let value = value.trim();
    if let Some(hex) = value.strip_prefix("0x").or_else(|| value.strip_prefix("0X")) {
        return u128::from_str_radix(hex, 16).ok().map(|seed| seed.to_string());
    }
    let whole = match value.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|digit| digit == b'0') => whole,
        Some(_) => return None,
        None => value,
    };
    let is_seed =
        !whole.is_empty() && whole.len() <= DIGITS_MAX && whole.bytes().all(|digit| digit.is_ascii_digit());
    is_seed.then(|| whole.to_owned())
}

/// `WxH`, `W x H`, `W×H`, `W * H`, `(W, H)`, `[W, H]`; `None` when zero or absurd.
pub(super) fn size(value: &str) -> Option<(u32, u32)> {
    let value = value.trim().trim_start_matches(['(', '[']).trim_end_matches([')', ']']);
    let (width, height) = value.split_once(['x', 'X', '×', '*', ','])?;
    let side = |text: &str| text.trim().parse::<u32>().ok().filter(|side| (1..=65_535).contains(side));
    Some((side(width)?, side(height)?))
}

/// A model's name without folder and known extension; resource ids stay whole.
pub(super) fn model(value: &str) -> Option<String> {
    let is_none = |name: &str| {
        ["", "None", "none", "null", "Default (model)", "@none", "Automatic", "(Use Base)"].contains(&name)
    };
    let value = value.trim();
    let name = stem(value);
    (!is_none(value) && !is_none(name)).then(|| text(name)).filter(|name| !name.is_empty())
}

/// The last component of a path without a model file's extension.
pub(super) fn stem(path: &str) -> &str {
    const EXTENSIONS: [&str; 7] = [".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".sft"];
    if path.starts_with("urn:") {
        return path;
    }
    let mut name = path.rsplit(['/', '\\']).next().unwrap_or(path).trim();
    // Some have two.
    while let Some(at) = EXTENSIONS.iter().find_map(|extension| {
        let at = name.len().checked_sub(extension.len())?;
        name.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(extension)).then_some(at)
    }) {
        name = name[..at].trim();
    }
    name
}

/// A hash in lower case without the name of its kind; `None` for what is none.
pub(super) fn hash(value: &str) -> Option<String> {
    let value = value.trim().to_ascii_lowercase();
    let value = value.rsplit(':').next().unwrap_or(&value).trim();
    let hash = value.strip_prefix("0x").unwrap_or(value);
    let is_hash = (1..=128).contains(&hash.len())
        && hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_hash && hash != "none").then(|| hash.to_owned())
}

/// Adds an adapter, unless it is there under any case of letters. `name` may be a path.
pub(super) fn add_lora(loras: &mut Vec<Lora>, name: &str, weight: f64) {
    put_lora(loras, name, weight, None, None);
}

/// Adds an adapter; of one that is there under any case of letters, what is not known yet.
pub(super) fn put_lora(
    loras: &mut Vec<Lora>,
    name: &str,
    weight: f64,
    clip_weight: Option<f64>,
    hash: Option<String>,
) {
    // In lists of names and weights this is what stands between the two.
    let name = text(&stem(name.trim()).replace(": ", " "));
    if name.is_empty() || name == "None" {
        return;
    }
    let same = SameLora::as_this(&name);
    if let Some(known) = loras.iter_mut().find(|known| same.is(&known.name)) {
        known.clip_weight = known.clip_weight.or(clip_weight);
        known.hash = known.hash.take().or(hash);
    } else if loras.len() < LORAS_MAX {
        loras.push(Lora { name, weight, clip_weight, hash });
    }
}

/// Whether two names, the second perhaps a path, mean the same adapter.
pub(super) fn is_same_lora(known: &str, name: &str) -> bool {
    SameLora::as_this(name).is(known)
}

/// The name of an adapter, perhaps a path, made ready to be compared with many.
pub(super) struct SameLora<'a> {
    stem: &'a str,
    /// Only wanted for letters beyond ASCII.
    lower: OnceCell<String>,
}

impl<'a> SameLora<'a> {
    pub(super) fn as_this(name: &'a str) -> Self {
        Self { stem: stem(name.trim()), lower: OnceCell::new() }
    }

    /// Whether a known name means it, in any case of letters.
    pub(super) fn is(&self, known: &str) -> bool {
        known.eq_ignore_ascii_case(self.stem)
            || !known.is_ascii()
                && known.to_lowercase() == *self.lower.get_or_init(|| self.stem.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_json_is_told_from_prompts() {
        for text in [
            "{}",
            " {\"a\": 1}",
            "{\"a\" : \"cut",
            "{\"cut",
            "{\n \"a\"",
            "[1, 2]\0",
            "[{\"a\": 1}] x",
            "[\"a\"]",
        ] {
            assert!(is_json(text), "{text}");
        }
        for text in [
            "",
            "{a|b}",
            "{\"red\"|\"blue\"} cat",
            "[a:b:0.5]",
            "[1girl]",
            "[1], cat",
            "\"so\": x",
            "{2$$a|b}",
        ] {
            assert!(!is_json(text), "{text}");
        }
    }

    #[test]
    fn sizes_are_sane_or_absent() {
        for text in ["1024x768", "1024 x 768", "1024×768", "(1024, 768)", "[1024,768]", "1024 * 768"] {
            assert_eq!(size(text), Some((1024, 768)), "{text}");
        }
        for text in ["0x0", "99999999x1", "x", "", "1024", "-1x5"] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn seeds_are_exact_whatever_their_size() {
        assert_eq!(seed("18446744073709551615").as_deref(), Some("18446744073709551615"));
        assert_eq!(seed("0xABCDEF").as_deref(), Some("11259375"));
        assert_eq!(seed("12.0").as_deref(), Some("12"));
        for text in ["-1", "1e400", "", "1.5", &"9".repeat(400)] {
            assert_eq!(seed(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_finite_or_absent() {
        assert_eq!(number("7,5"), Some(7.5));
        assert_eq!(number("1e400"), None);
        assert_eq!(number("nan"), None);
        assert_eq!(number("1.0.0"), None);
    }

    #[test]
    fn names_lose_folder_and_extension() {
        assert_eq!(model("SDXL\\foo.bar.safetensors").as_deref(), Some("foo.bar"));
        assert_eq!(model("a/b.CKPT").as_deref(), Some("b"));
        assert_eq!(
            model("urn:air:sdxl:checkpoint:civitai:1@2").as_deref(),
            Some("urn:air:sdxl:checkpoint:civitai:1@2")
        );
        assert_eq!(model("None"), None);
        assert_eq!(hash("0xABCD").as_deref(), Some("abcd"));
    }

    #[test]
    fn adapters_are_merged_by_name_in_any_case() {
        let mut loras = Vec::new();
        for (name, weight) in
            [("dir/Soft.safetensors", 0.5), ("soft", 1.0), ("ÄRT", 1.0), ("ärt", 1.0), ("None", 1.0)]
        {
            add_lora(&mut loras, name, weight);
        }
        assert_eq!(loras.iter().map(|lora| lora.name.as_str()).collect::<Vec<_>>(), ["Soft", "ÄRT"]);
    }
}
