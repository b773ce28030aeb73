//! Bytes to text, by the ladders of real writers. Never fails; knows nothing of containers.

/// Text of a PNG chunk or an EXIF string: UTF-8, otherwise windows-1252. No NUL, no byte-order
/// mark, line ends as `\n`.
pub(super) fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => match encoded_twice(text) {
            Some(once) => clean(&once),
            None => clean(text),
        },
        Err(_) => clean(&utf_8_or_1252(bytes)),
    }
}

/// Text of an EXIF `UserComment`: eight bytes of character code, then the text. `little` is the
/// byte order of the block, the last thing that decides the order of UTF-16.
pub(super) fn user_comment(bytes: &[u8], little: bool) -> String {
    let text = match bytes.split_at_checked(8) {
        Some((b"UNICODE\0", rest)) => utf_16_or_8(rest, little),
        Some((b"JIS\0\0\0\0\0", rest)) if rest.contains(&0x1b) => iso_2022_jp(rest),
        Some((b"ASCII\0\0\0" | b"JIS\0\0\0\0\0", rest)) => utf_8_or_1252(rest),
        Some((b"\0\0\0\0\0\0\0\0", rest)) => uncoded(rest, little),
        _ => uncoded(bytes, little),
    };
    clean(up_to_nul(&text)).trim().to_owned()
}

/// Text that no character code stands before.
fn uncoded(bytes: &[u8], little: bool) -> String {
    if looks_like_utf_16(bytes) { utf_16_or_8(bytes, little) } else { utf_8_or_1252(bytes) }
}

/// A text ends at its first NUL, unless what follows is longer and can be read.
fn up_to_nul(text: &str) -> &str {
    let text = text.trim_matches('\0');
    let Some((head, tail)) = text.split_once('\0') else { return text };
    let is_readable = |letter: char| !letter.is_control() || matches!(letter, '\0' | '\n' | '\r' | '\t');
    let is_longer = tail.trim_matches(['\0', ' ']).len() > head.len();
    if is_longer && tail.chars().all(is_readable) { text } else { head }
}

/// UTF-8 that was taken for latin-1 and put into UTF-8 again: certain where all its letters are bytes
/// that make UTF-8.
fn encoded_twice(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let bytes: Option<Vec<u8>> = text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
    String::from_utf8(bytes?).ok()
}

fn utf_8_or_1252(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| windows_1252(*byte)).collect(),
    }
}

/// Text of a file: UTF-16 with a byte-order mark, otherwise UTF-8. `None` for anything else.
pub(super) fn file(bytes: &[u8]) -> Option<String> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => Some(clean(&utf_16(rest, true))),
        [0xfe, 0xff, rest @ ..] => Some(clean(&utf_16(rest, false))),
        _ => std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).map(clean),
    }
}

/// UTF-16 in little-endian order up to its NUL, as the `XP…` tags have it.
pub(super) fn xp(bytes: &[u8]) -> String {
    clean(&utf_16(bytes, true))
}

/// UTF-16 without a byte-order mark, in a known order.
pub(super) fn utf_16_text(bytes: &[u8], little: bool) -> String {
    clean(&utf_16(bytes, little))
}

/// What this code cannot mean becomes U+FFFD. Without an escape sequence it is plain ASCII, and then
/// some writers put UTF-8 there.
fn iso_2022_jp(bytes: &[u8]) -> String {
    encoding_rs::ISO_2022_JP.decode_without_bom_handling(bytes).0.into_owned()
}

fn clean(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let bytes = text.as_bytes();
    if memchr::memchr2(b'\r', b'\0', bytes).is_none() {
        return text.to_owned();
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr2(b'\r', b'\0', rest.as_bytes()) {
        cleaned.push_str(&rest[..at]);
        if rest.as_bytes()[at] == b'\r' {
            cleaned.push('\n');
            rest = rest[at + 1..].strip_prefix('\n').unwrap_or(&rest[at + 1..]);
        } else {
            rest = &rest[at + 1..];
        }
    }
    cleaned.push_str(rest);
    cleaned
}

fn utf_16_or_8(bytes: &[u8], little: bool) -> String {
    match bytes {
        [0xff, 0xfe, rest @ ..] => return utf_16(rest, true),
        [0xfe, 0xff, rest @ ..] => return utf_16(rest, false),
        _ => {}
    }
    let (even, odd) = zeros(bytes);
    if even != odd {
        return utf_16(bytes, odd > even);
    }
    if even == 0
        && let Ok(plain) = std::str::from_utf8(bytes)
        && is_mostly_ascii(plain)
    {
        return plain.to_owned();
    }
    // Without a single letter below U+0100 the order shows only in what the letters are.
    let (big, small) = (utf_16(bytes, false), utf_16(bytes, true));
    let (of_big, of_small) = (common_letters(&big), common_letters(&small));
    let take_small = if of_big == of_small { little } else { of_small > of_big };
    if take_small { small } else { big }
}

fn looks_like_utf_16(bytes: &[u8]) -> bool {
    let looked_at = bytes.len().min(1024);
    let (even, odd) = zeros(bytes);
    let most = looked_at / 2 * 9 / 10;
    looked_at >= 8 && even.max(odd) >= most.max(1) && even.min(odd) * 10 <= even.max(odd)
}

/// Zero bytes at even and at odd offsets of the first KiB.
fn zeros(bytes: &[u8]) -> (usize, usize) {
    let bytes = &bytes[..bytes.len().min(1024)];
    bytes
        .chunks_exact(2)
        .fold((0, 0), |(even, odd), pair| (even + usize::from(pair[0] == 0), odd + usize::from(pair[1] == 0)))
}

/// An odd last byte is dropped, an unpaired surrogate becomes U+FFFD.
fn utf_16(bytes: &[u8], little: bool) -> String {
    let units = bytes.chunks_exact(2).map(|pair| {
        let pair = [pair[0], pair[1]];
        if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    });
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn is_mostly_ascii(text: &str) -> bool {
    let printable = text.bytes().filter(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')).count();
    printable * 10 >= text.len() * 9
}

fn common_letters(text: &str) -> usize {
    let is_common = |letter: &char| {
        matches!(letter, ' '..='~' | '\n' | '\u{a0}'..='\u{5ff}' | '\u{3000}'..='\u{30ff}'
            | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff00}'..='\u{ffef}')
    };
    text.chars().take(512).filter(is_common).count()
}

/// Latin-1, with the printable characters of windows-1252 for 0x80 to 0x9F.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str, little: bool) -> Vec<u8> {
        let order = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
        text.encode_utf16().flat_map(order).collect()
    }

    fn coded(code: &[u8; 8], text: &[u8]) -> Vec<u8> {
        [&code[..], text].concat()
    }

    #[test]
    fn chunk_text_is_utf_8_then_windows_1252() {
        assert_eq!(text("ein Bär\0".as_bytes()), "ein Bär");
        assert_eq!(text(b"ein B\xe4r \x93so\x94"), "ein Bär “so”");
        assert_eq!(text(b"\xef\xbb\xbfa\r\nb\rc\0d"), "a\nb\ncd");
    }

    #[test]
    fn the_order_of_utf_16_is_read_from_the_text_not_from_the_block() {
        for little in [false, true] {
            for text in ["a cat", "猫が好き, 1girl", "かわいい猫"] {
                let bytes = coded(b"UNICODE\0", &wide(text, little));
                // Without any ASCII the text decides by its letters as far as it can.
                assert_eq!(user_comment(&bytes, !little), text, "{little}");
                assert_eq!(user_comment(&bytes, little), text, "{little}");
            }
        }
        let marked = coded(b"UNICODE\0", &[&[0xff, 0xfe][..], &wide("a cat", true)].concat());
        assert_eq!(user_comment(&marked, false), "a cat");
    }

    #[test]
    fn d8_odd_ends_of_user_comments_are_survived() {
        assert_eq!(user_comment(b"UNICODE\0", false), "");
        assert_eq!(user_comment(b"UNICODE", false), "UNICODE");
        assert_eq!(user_comment(&coded(b"UNICODE\0", b"\0a\0b\0"), false), "ab");
        assert_eq!(user_comment(&coded(b"UNICODE\0", b"\0a\xd8\0\0b"), false), "a\u{fffd}b");
        assert_eq!(user_comment(&coded(b"UNICODE\0", b"a plain cat, really"), false), "a plain cat, really");
        assert_eq!(user_comment(&coded(b"ASCII\0\0\0", "ein Bär".as_bytes()), false), "ein Bär");
        assert_eq!(user_comment(&wide("no prefix at all", true), false), "no prefix at all");
        assert_eq!(user_comment(b"no prefix", false), "no prefix");
        assert_eq!(user_comment(&vec![0; 4 << 20], false), "");
        assert_eq!(user_comment(&vec![b' '; 4 << 20], false), "");
    }

    #[test]
    fn a_comment_ends_at_its_first_nul_unless_more_follows() {
        assert_eq!(user_comment(&coded(b"ASCII\0\0\0", b"a cat\0\x01\x02\xff\x03"), false), "a cat");
        assert_eq!(user_comment(&coded(b"ASCII\0\0\0", b"a cat\0tail"), false), "a cat");
        assert_eq!(user_comment(&coded(b"ASCII\0\0\0", b"\0\0\0\0a cat\0\0"), false), "a cat");
        assert_eq!(user_comment(&coded(b"ASCII\0\0\0", b"v1\0a cat\0on a mat"), false), "v1a caton a mat");
        assert_eq!(user_comment(&coded(b"UNICODE\0", &wide("a cat\0\0x", true)), false), "a cat");
    }

    #[test]
    fn eight_nuls_are_no_code() {
        assert_eq!(user_comment(&coded(&[0; 8], &wide("a cat, sitting", true)), false), "a cat, sitting");
        assert_eq!(user_comment(&coded(&[0; 8], "ein Bär".as_bytes()), false), "ein Bär");
    }

    #[test]
    fn text_encoded_twice_is_read_as_it_was_meant() {
        let twice: String = "ein Bär, 猫".bytes().map(char::from).collect();
        assert_eq!(text(twice.as_bytes()), "ein Bär, 猫");
        for once in ["Ã", "ä", "é©", "Ã©猫", "naïve Ä£"] {
            assert_eq!(text(once.as_bytes()), once);
        }
    }

    #[test]
    fn japanese_comments_have_a_code_of_their_own() {
        let japanese = coded(b"JIS\0\0\0\0\0", b"\x1b$BG-\x1b(B a cat");
        assert_eq!(user_comment(&japanese, true), "猫 a cat");
        assert_eq!(user_comment(&coded(b"JIS\0\0\0\0\0", "猫".as_bytes()), true), "猫");
        let broken = user_comment(&coded(b"JIS\0\0\0\0\0", b"\x1b$B\xff\x1b\x1b(Bx"), true);
        assert!(broken.contains('\u{fffd}'), "{broken}");
    }

    #[test]
    fn files_are_utf_8_or_marked_utf_16() {
        assert_eq!(file(b"\xef\xbb\xbfcat").as_deref(), Some("cat"));
        assert_eq!(file(&[&[0xfe, 0xff][..], &wide("cat", false)].concat()).as_deref(), Some("cat"));
        assert_eq!(file(b"\x7fELF\0\0"), None);
        assert_eq!(file(b"\xff\xfb\x90"), None);
    }
}
