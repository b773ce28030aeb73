//! A positive prompt to tags (contract 15.7), and the adapters it names.

use crate::limits::{LORAS_MAX, PROMPT_TAGS_MAX, TAG_NAME_BYTES_MAX};
use crate::normal;
use lumidex_schema::recipe::Lora;
use lumidex_schema::tag::is_valid_name;
use std::collections::HashSet;

/// An adapter named in a prompt: `<lora:name:weight>`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Network<'a> {
    pub(super) kind: NetworkKind,
    /// As written, perhaps with a folder.
    pub(super) name: &'a str,
    /// 1 when not said.
    pub(super) weight: f64,
    /// Of the text encoder, when it has one of its own.
    pub(super) clip_weight: Option<f64>,
    /// Where it stands.
    start: usize,
    end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NetworkKind {
    Lora,
    Lyco,
    /// No low-rank adapter; only taken out of the tags.
    Hypernet,
}

/// The adapters a prompt names, in order, at most [`LORAS_MAX`]. What is malformed is text.
pub(super) fn networks(prompt: &str) -> impl Iterator<Item = Network<'_>> {
    all_networks(prompt).filter(|network| network.kind != NetworkKind::Hypernet)
}

fn all_networks(prompt: &str) -> impl Iterator<Item = Network<'_>> {
    memchr::memchr_iter(b'<', prompt.as_bytes()).filter_map(|start| network(prompt, start)).take(LORAS_MAX)
}

fn network(prompt: &str, start: usize) -> Option<Network<'_>> {
    const NETWORK_BYTES_MAX: usize = 512;
    const KINDS: [(&str, NetworkKind); 3] =
        [("<lora:", NetworkKind::Lora), ("<lyco:", NetworkKind::Lyco), ("<hypernet:", NetworkKind::Hypernet)];
    let rest = &prompt[start..];
    let (label, kind) = KINDS.into_iter().find(|(label, _)| rest.starts_with(label))?;
    let inner = &rest[label.len()..];
    let window = &inner.as_bytes()[..inner.len().min(NETWORK_BYTES_MAX)];
    let len = memchr::memchr3(b'>', b'<', b'\n', window).filter(|len| window[*len] == b'>')?;
    let mut parts = inner[..len].split(':');
    let name = parts.next()?.trim();
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|weight| weight.is_finite());
    let (mut weight, mut clip_weight) = (1.0, None);
    for (nth, part) in parts.enumerate() {
        match (nth, part.split_once('=')) {
            (_, Some(("unet", value))) => weight = number(value)?,
            (_, Some(("te", value))) => clip_weight = number(value),
            (_, Some(_)) => {}
            (0, None) => weight = number(part)?,
            (1, None) => clip_weight = number(part),
            _ => {}
        }
    }
    let end = start + label.len() + len + 1;
    (!name.is_empty()).then_some(Network { kind, name, weight, clip_weight, start, end })
}

/// Adds the adapters a prompt names.
pub(super) fn add_loras(loras: &mut Vec<Lora>, prompt: &str) {
    for network in networks(prompt) {
        normal::put_lora(loras, network.name, network.weight, network.clip_weight, None);
    }
}

/// The tags of a prompt; names not yet checked against what a tag may be called.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tags {
    /// Segments, lower case, no repeats, in order.
    pub(super) pos: Vec<String>,
    /// Adapter names, no repeats in any case of letters.
    pub(super) loras: Vec<String>,
    /// The same for the other kind.
    pub(super) lycos: Vec<String>,
}

/// Takes a positive prompt apart. Invalid names are left out.
pub(super) fn tags(prompt: &str) -> Tags {
    let mut tags = Tags::default();
    let mut segments = Segments { tags: &mut tags.pos, seen: HashSet::new(), segment: String::new() };
    let mut at = 0;
    let (mut loras, mut lycos) = (Vec::new(), Vec::new());
    for network in all_networks(prompt) {
        segments.text(&prompt[at..network.start]);
        segments.end();
        at = network.end;
        let names = match network.kind {
            NetworkKind::Lora => &mut loras,
            NetworkKind::Lyco => &mut lycos,
            NetworkKind::Hypernet => continue,
        };
        add_name(names, network.name);
    }
    segments.text(&prompt[at..]);
    segments.end();
    (tags.loras, tags.lycos) = (loras, lycos);
    tags
}

/// Adds the tag of an adapter, unless it is there in another case of letters.
pub(super) fn add_name(names: &mut Vec<String>, name: &str) {
    let name: String = name.chars().filter_map(in_tag).collect();
    let name = name.trim();
    let is_known = |known: &String| {
        known.eq_ignore_ascii_case(name) || !known.is_ascii() && known.to_lowercase() == name.to_lowercase()
    };
    if is_fit(name) && names.len() < PROMPT_TAGS_MAX && !names.iter().any(is_known) {
        names.push(name.to_owned());
    }
}

fn is_fit(name: &str) -> bool {
    name.len() <= TAG_NAME_BYTES_MAX && is_valid_name(name)
}

/// What a letter of a prompt becomes in a tag.
fn in_tag(letter: char) -> Option<char> {
    match letter {
        '-' | '_' => Some(' '),
        '\\' | '/' | '[' | ']' | '(' | ')' | '{' | '}' => None,
        other => Some(other),
    }
}

struct Segments<'a> {
    tags: &'a mut Vec<String>,
    seen: HashSet<String>,
    segment: String,
}

impl Segments<'_> {
    fn text(&mut self, text: &str) {
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                ',' | '，' | '\n' | '\r' => self.end(),
                '>' => {
                    self.segment.push('>');
                    if letters.peek().is_some_and(|next| next.is_whitespace()) {
                        self.end();
                    }
                }
                _ => self.segment.extend(in_tag(letter)),
            }
        }
    }

    fn end(&mut self) {
        let mut segment = std::mem::take(&mut self.segment);
        if segment.contains("BREAK") {
            let mut words = String::new();
            for word in segment.split(char::is_whitespace) {
                if word == "BREAK" {
                    self.tag(&words);
                    self.tag(word);
                    words.clear();
                } else {
                    words.push(' ');
                    words.push_str(word);
                }
            }
            self.tag(&words);
        } else {
            self.tag(&segment);
        }
        segment.clear();
        self.segment = segment;
    }

    fn tag(&mut self, segment: &str) {
        // A weight, or what a malformed adapter leaves.
        let name = segment.split_once(':').map_or(segment, |(before, _)| before).trim();
        if self.tags.len() >= PROMPT_TAGS_MAX || !is_fit(name) {
            return;
        }
        let name = name.to_lowercase();
        if is_fit(&name) && self.seen.insert(name.clone()) {
            self.tags.push(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(prompt: &str, pos: &[&str], loras: &[&str]) {
        let tags = tags(prompt);
        assert_eq!(tags.pos, pos);
        assert_eq!(tags.loras, loras);
    }

    #[test]
    fn segments_lose_weights_and_brackets() {
        check(
            "a, B_c-d, (e:1.3), [f], <lora:Foo-Bar_v2:0.8>, {g|h}, i:j",
            &["a", "b c d", "e", "f", "g|h", "i"],
            &["Foo Bar v2"],
        );
        check("one\ntwo, z，全角", &["one", "two", "z", "全角"], &[]);
        check("cat, Cat, , (), dog", &["cat", "dog"], &[]);
        check("red BREAK blue, x", &["red", "break", "blue", "x"], &[]);
        check("<emb> tail, y", &["<emb>", "tail", "y"], &[]);
    }

    #[test]
    fn words_beside_an_adapter_stay() {
        check("best quality <lora:x:1> night <lora:X:0.5>, <lyco:z:1>", &["best quality", "night"], &["x"]);
        assert_eq!(tags("<lyco:z:1>").lycos, ["z"]);
    }

    #[test]
    fn malformed_adapters_are_text_and_their_number_is_bounded() {
        let names =
            |prompt: &str| networks(prompt).map(|network| network.name.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            names("<lora::1> <lora:a:nan> <lora:b:1.0.0> <lora:c <lora:d/猫:0.5:0.2:lbw=x>"),
            ["d/猫"]
        );
        assert_eq!(names("<lora:a:b:c:d> <lora:e> <lora:f:-1> <lora:g:lbw=1>"), ["e", "f", "g"]);
        let weights =
            |prompt: &str| networks(prompt).map(|one| (one.weight, one.clip_weight)).collect::<Vec<_>>();
        assert_eq!(
            weights("<lora:a:0.5:0.25> <lora:b:0.5:lbw=x> <lora:c:te=0.1:unet=-2>"),
            [(0.5, Some(0.25)), (0.5, None), (-2.0, Some(0.1))]
        );
        assert_eq!(names("<hypernet:h:1>"), Vec::<String>::new());
        assert_eq!(tags("a, <hypernet:h:1>, b").pos, ["a", "b"]);
        assert_eq!(names(&"<lora:a:1>".repeat(50_000)).len(), LORAS_MAX);
        assert_eq!(names(&"<lora:".repeat(50_000)).len(), 0);
    }

    #[test]
    fn tags_are_bounded_in_number_and_length() {
        let many: String = (0..100_000).map(|nth| format!("t{nth},")).collect();
        assert_eq!(tags(&many).pos.len(), PROMPT_TAGS_MAX);
        assert_eq!(tags(&"x".repeat(1 << 20)).pos, Vec::<String>::new());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(prompt in r"(<lora:|<lyco:|:|>|<|,|，|BREAK| |\n|\(|[a-zé猫]{0,3}|1\.5){0,30}") {
            for name in tags(&prompt).pos {
                proptest::prop_assert!(is_valid_name(&name));
            }
        }
    }
}
