//! Text nodes that put texts together, replace parts of them, or change their letters.

use crate::comfyui::graph::{Graph, Input, NodeAt};
use crate::comfyui::scalar;
use crate::comfyui::strings::{Said, Strings, said, unsure};
use crate::comfyui::text::Side;
use crate::json::Value;
use crate::limits::GENERATION_TEXT_BYTES_MAX;

/// All texts of a node that puts texts together, in the order of their names.
pub(super) fn joined(strings: &mut Strings<'_, '_>, at: NodeAt, side: Side, depth: u32) -> Option<Said> {
    let graph = strings.graph;
    if graph.text(at, "action") == Some("replace") {
        return replaced(strings, at, side, depth);
    }
    let mut parts = Vec::new();
    let inputs: Vec<_> = graph.inputs(at).filter(|(name, _)| is_part(name)).collect();
    // Nodes of the core keep the delimiter of an empty part.
    let keeps_blank = ["StringConcatenate", "JoinStrings"].contains(&graph.class(at));
    for (name, input) in inputs {
        match (strings.of(input, side, depth + 1), input) {
            (Some(said), _) => parts.push((name, said)),
            (None, Input::Literal(Value::Text(text))) if keeps_blank && text.trim().is_empty() => {
                parts.push((name, Said { text: text.as_ref().into(), is_sure: true }));
            }
            _ => {}
        }
    }
    parts.sort_by(|(left, _), (right, _)| place(left).cmp(&place(right)));
    if parts.iter().all(|(_, said)| said.text.trim().is_empty()) {
        return None;
    }
    let delimiter = delimiter(strings, at, side, depth);
    let is_trimmed = graph.text(at, "clean_whitespace") == Some("true");
    let texts = parts.iter().map(|(_, said)| if is_trimmed { said.text.trim() } else { &*said.text });
    let len = texts.clone().map(|text| text.len() + delimiter.len()).sum::<usize>();
    if len > GENERATION_TEXT_BYTES_MAX || !graph.spend(1 + len / 1024) {
        return None;
    }
    let is_sure = parts.iter().all(|(_, said)| said.is_sure);
    let text = texts.collect::<Vec<_>>().join(&delimiter);
    if graph.text(at, "tidy_tags") == Some("yes") {
        said(&tidy(&text), is_sure)
    } else {
        said(&text, is_sure)
    }
}

/// Whether an input of that name is one of the texts.
fn is_part(name: &str) -> bool {
    const OTHERS: [&str; 10] = [
        "delimiter",
        "separator",
        "clean",
        "linebreak",
        "action",
        "tidy",
        "mode",
        "count",
        "newline",
        "return_list",
    ];
    !OTHERS.iter().any(|word| name.contains(word))
}

/// Names in the order people count: `text_2` before `text_10`.
fn place(name: &str) -> (&str, u64) {
    let start = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    (start, name[start.len()..].parse().unwrap_or(0))
}

fn delimiter(strings: &mut Strings<'_, '_>, at: NodeAt, side: Side, depth: u32) -> String {
    let graph = strings.graph;
    let is_true = |value: &Value<'_>| value.scalar().is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let breaks = match graph.input(at, "linebreak_addition") {
        Some(Input::Literal(value)) => Some(is_true(value)),
        _ => None,
    };
    if breaks == Some(true) {
        return "\n".to_owned();
    }
    for name in ["delimiter", "separator", "concat_delimiter", "join_with"] {
        match graph.input(at, name) {
            Some(Input::Literal(value)) => {
                if let Some(text) = value.text() {
                    return text.replace("\\n", "\n").replace("\\t", "\t");
                }
            }
            Some(input) => {
                if let Some(said) = strings.of(input, side, depth + 1) {
                    return said.text.replace("\\n", "\n");
                }
            }
            None => {}
        }
    }
    let is_glued = breaks.is_some()
        || graph.has(at, "tidy_tags") && graph.text(at, "tidy_tags") != Some("yes")
        || graph.class(at).starts_with("JW");
    if is_glued { String::new() } else { ", ".to_owned() }
}

/// One blank between words, one comma between tags.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut blanks = String::new();
    for letter in text.chars() {
        if letter.is_whitespace() {
            blanks.push(letter);
            continue;
        }
        match blanks.chars().count() {
            0 => {}
            1 if letter != ',' || blanks != " " => tidied.push_str(&blanks),
            1 => {}
            _ if letter == ',' => {}
            _ => tidied.push(' '),
        }
        blanks.clear();
        if !(letter == ',' && tidied.ends_with(',')) {
            tidied.push(letter);
        }
    }
    tidied
}

/// A text with literal finds replaced; what cannot be applied is left as it is.
pub(super) fn replaced(strings: &mut Strings<'_, '_>, at: NodeAt, side: Side, depth: u32) -> Option<Said> {
    const SOURCES: [&str; 7] = ["text", "string", "text_a", "input", "prompt", "input_text", "value"];
    const PAIRS: [(&str, &str); 8] = [
        ("find", "replace"),
        ("find1", "replace1"),
        ("find2", "replace2"),
        ("find3", "replace3"),
        ("old", "new"),
        ("text_b", "text_c"),
        ("search", "replace"),
        ("pattern", "replacement"),
    ];
    let graph = strings.graph;
    let from = SOURCES.iter().find_map(|name| strings.at(at, name, side, depth))?;
    let mut text = from.text.to_string();
    let mut is_applied = !graph.is_kind(at, &["regex", "dictionary"]);
    for (find, replace) in PAIRS {
        let Some(find) = graph.input(at, find) else { continue };
        let find = match find {
            Input::Literal(value) => value.text().map(str::to_owned),
            link => strings.of(link, side, depth + 1).map(|said| said.text.to_string()),
        };
        let with = match graph.input(at, replace) {
            Some(Input::Literal(value)) => value.text().map(str::to_owned),
            Some(link) => strings.of(link, side, depth + 1).map(|said| said.text.to_string()),
            None => None,
        };
        let (Some(find), Some(with)) = (find, with) else {
            is_applied = false;
            continue;
        };
        if find.is_empty() || !is_applied {
            continue;
        }
        let n_found = text.matches(find.as_str()).count();
        let len = text.len() + n_found * with.len();
        if len > GENERATION_TEXT_BYTES_MAX || !graph.spend(1 + len / 1024) {
            return None;
        }
        text = text.replace(find.as_str(), &with);
    }
    if is_applied { said(&text, from.is_sure) } else { Some(unsure(from)) }
}

/// A pattern with `{name}` for the node's other texts; `{{` and `}}` are braces. What is not known, or is set
/// in another way than plainly, gives nothing.
pub(super) fn formatted(strings: &mut Strings<'_, '_>, at: NodeAt, side: Side, depth: u32) -> Option<Said> {
    let pattern = strings.at(at, "f_string", side, depth)?;
    let mut is_sure = pattern.is_sure;
    let mut text = String::with_capacity(pattern.text.len());
    let mut rest: &str = &pattern.text;
    while let Some(brace) = rest.find(['{', '}']) {
        text.push_str(&rest[..brace]);
        let tail = &rest[brace..];
        if let Some(after) = tail.strip_prefix("{{").or_else(|| tail.strip_prefix("}}")) {
            text.push_str(&tail[..1]);
            rest = after;
            continue;
        }
        let (name, after) = tail.strip_prefix('{')?.split_once('}')?;
        let value = match strings.at(at, name, side, depth) {
            Some(said) => said,
            None => said(&scalar::first(strings.graph, at, &[name])?, false)?,
        };
        if text.len() + value.text.len() > GENERATION_TEXT_BYTES_MAX || !strings.graph.spend(1) {
            return None;
        }
        is_sure &= value.is_sure;
        text.push_str(&value.text);
        rest = after;
    }
    text.push_str(rest);
    said(&text, is_sure)
}

/// A text trimmed, or in other letters.
pub(super) fn reshaped(graph: &Graph<'_>, at: NodeAt, from: &Said) -> Option<Said> {
    let mode = graph.text(at, "mode").unwrap_or("").to_ascii_lowercase();
    let is_trim = graph.is_kind(at, &["trim"]);
    let text = match mode.as_str() {
        "both" if is_trim => from.text.trim().to_owned(),
        "left" if is_trim => from.text.trim_start().to_owned(),
        "right" if is_trim => from.text.trim_end().to_owned(),
        "uppercase" => from.text.to_uppercase(),
        "lowercase" => from.text.to_lowercase(),
        _ => return Some(unsure(from.clone())),
    };
    said(&text, from.is_sure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_people_count() {
        let mut names = vec!["text_10", "text_2", "string_1", "text_a", "b", "a"];
        names.sort_by(|left, right| place(left).cmp(&place(right)));
        assert_eq!(names, ["a", "b", "string_1", "text_2", "text_10", "text_a"]);
    }

    #[test]
    fn tags_are_tidied() {
        assert_eq!(tidy("a ,  b,, c\nd  e"), "a, b, c\nd e");
    }
}
