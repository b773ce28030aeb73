//! Where in an infotext the prompts end and the settings begin.

use crate::infotext::settings;
use memchr::memmem;

/// An infotext taken apart; every part is a slice of it.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    /// Ends trimmed.
    pub(super) positive: &'a str,
    /// Ends trimmed.
    pub(super) negative: &'a str,
    /// From the settings line to the end; `None` when there is no settings line.
    pub(super) settings: Option<&'a str>,
    /// Unexpanded prompts that stand before the settings line, with their keys.
    pub(super) templates: Vec<(&'a str, &'a str)>,
    /// The JSON that some gallery tools put behind everything, and where its line starts.
    pub(super) trailer: Option<(&'a str, usize)>,
}

const NEGATIVE: &str = "Negative prompt:";
const TRAILER: &str = "extraJsonMetaInfo:";
pub(super) const TEMPLATES: [&str; 2] = ["Template:", "Negative Template:"];

/// Takes a text apart. Line ends must be `\n`.
pub(super) fn split(text: &str) -> Parts<'_> {
    let trailer =
        last_line(text, |line| line.starts_with(TRAILER)).map(|at| (&text[at + TRAILER.len()..], at));
    let body = trailer.map_or(text, |(_, at)| &text[..at]);
    let (before, settings, jammed) = match find_settings(body) {
        Some(Found { at, jammed }) => (&body[..at], Some(body[at..].trim()), jammed),
        None => (body, None, false),
    };
    let (before, templates) = if settings.is_some() { cut_templates(before) } else { (before, Vec::new()) };
    let (positive, negative) = split_negative(before, jammed);
    let positive = positive.trim();
    let positive = match positive.get(..11) {
        Some(label) if label.eq_ignore_ascii_case("parameters:") => positive[11..].trim_start(),
        _ => positive,
    };
    Parts { positive, negative: negative.trim(), settings, templates, trailer }
}

/// What stands before the settings, whatever it is.
pub(crate) fn before_settings(text: &str) -> &str {
    &text[..find_settings(text).map_or(text.len(), |found| found.at)]
}

struct Found {
    at: usize,
    /// The settings do not start a line.
    jammed: bool,
}

/// Looks from the end, because a prompt may hold anything that a settings line may.
fn find_settings(text: &str) -> Option<Found> {
    let line = |at| Some(Found { at, jammed: false });
    if let Some(at) = last_line(text, is_steps_line) {
        return line(at);
    }
    let trimmed = text.trim_end();
    let at = memchr::memrchr(b'\n', trimmed.as_bytes()).map_or(0, |at| at + 1);
    let last = &trimmed[at..];
    let jammed = || jammed_steps(text).map(|at| Found { at, jammed: true });
    if last.starts_with("Source Identifier: ") {
        return line(at);
    }
    if settings::is_settings_line(last) {
        // A prompt with a colon, and the settings behind it in the same line.
        let starts = settings::starts_known(last) && !last.starts_with("Steps:");
        let behind = jammed().filter(|found| found.at > at && !starts);
        return behind.or(line(at));
    }
    jammed()
}

/// The last `Steps:` and number that stand behind a prompt in its line.
fn jammed_steps(text: &str) -> Option<usize> {
    memmem::rfind_iter(text.as_bytes(), b"Steps:").find(|at| {
        let after = text[at + 6..].trim_start_matches(' ');
        let behind = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
        behind.len() < after.len() && behind.starts_with(',') && text[..*at].ends_with([' ', '.', ',', '\n'])
    })
}

/// `Steps:`, a whole number, and then a comma or the end.
pub(super) fn is_steps_line(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("Steps:") else { return false };
    let rest = rest.trim_start();
    let after = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let after_blanks = after.trim_start();
    after.len() < rest.len() && (after_blanks.is_empty() || after_blanks.starts_with(','))
}

/// Where the last line with a property starts.
fn last_line(text: &str, has: impl Fn(&str) -> bool) -> Option<usize> {
    let mut end = text.len();
    loop {
        let at = memchr::memrchr(b'\n', &text.as_bytes()[..end]).map_or(0, |at| at + 1);
        if has(&text[at..end]) {
            return Some(at);
        }
        end = at.checked_sub(1)?;
    }
}

/// Where the first line starts that begins with one of `starts`.
fn first_line(text: &str, starts: &[&str]) -> Option<usize> {
    let is_start = |at: usize| starts.iter().any(|start| text[at..].starts_with(start));
    if is_start(0) {
        return Some(0);
    }
    memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1).find(|at| is_start(*at))
}

fn cut_templates(before: &str) -> (&str, Vec<(&str, &str)>) {
    let Some(at) = first_line(before, &TEMPLATES) else { return (before, Vec::new()) };
    // Prompts behind templates would be lost by cutting; then the templates stay prompt text.
    if first_line(&before[at..], &[NEGATIVE]).is_some() {
        return (before, Vec::new());
    }
    (&before[..at], template_lines(&before[at..]))
}

/// The templates of a text that begins with one: key and value.
pub(super) fn template_lines(mut text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    while let Some(start) = TEMPLATES.iter().find(|start| text.starts_with(**start)) {
        let value = &text[start.len()..];
        let end = memchr::memchr_iter(b'\n', value.as_bytes())
            .find(|at| TEMPLATES.iter().any(|start| value[at + 1..].starts_with(start)))
            .unwrap_or(value.len());
        found.push((&start[..start.len() - 1], value[..end].trim()));
        text = value.get(end + 1..).unwrap_or_default();
    }
    found
}

fn split_negative(before: &str, jammed: bool) -> (&str, &str) {
    if let Some(at) = first_line(before, &[NEGATIVE]) {
        return (&before[..at], &before[at + NEGATIVE.len()..]);
    }
    let in_line = |at: &usize| before[..*at].ends_with([' ', '.', ',']);
    match memmem::rfind(before.as_bytes(), NEGATIVE.as_bytes()).filter(in_line) {
        Some(at) if jammed => (&before[..at], &before[at + NEGATIVE.len()..]),
        _ => (before, ""),
    }
}
