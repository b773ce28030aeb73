//! Simple case folding: what makes search case-insensitive in every language.
//!
//! Source: `CaseFolding.txt` of the Unicode Character Database, statuses C and S, code point to
//! code point (`ß` is not `ss`), as `(?i)` of the `regex` crate does. No other normalisation.

/// The folded form of one code point.
#[must_use]
pub fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    unicode_case_mapping::case_folded(c).and_then(|code| char::from_u32(code.get())).unwrap_or(c)
}

/// Appends the folded form of `text` to `out`. Byte lengths may differ from the original.
pub fn fold_into(text: &str, out: &mut String) {
    out.reserve(text.len());
    if text.is_ascii() {
        let start = out.len();
        out.push_str(text);
        out[start..].make_ascii_lowercase();
    } else {
        out.extend(text.chars().map(fold_char));
    }
}

/// The folded form of `text`.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::new();
    fold_into(text, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_code_point_to_code_point() {
        assert_eq!(fold("GROẞE Straße ΣΑΣ Ä"), "große straße σασ ä");
        assert_eq!(fold("K"), "k", "the Kelvin sign folds to an ASCII letter");
        assert_eq!(fold("猫 ねこ"), "猫 ねこ");
    }
}
