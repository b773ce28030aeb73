//! The graphs of ComfyUI that a file holds, verbatim: the one that was run and the one that the editor shows.
//! Knows where savers put them and what wraps them; of what the nodes mean it knows nothing.

use crate::json::{self, Value};
use crate::read;
use crate::slots::{Place, Slot, Slots, Wanted};
use crate::source::{ReadAt, Window};
use std::io;

/// Texts in texts that are unwrapped.
const WRAPPERS_MAX: usize = 3;

/// The graphs of one file, each one complete JSON object exactly as it stands in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workflow {
    /// What was run: an object of nodes by their number, each with a `class_type`.
    pub api: Option<String>,
    /// What the editor shows: an object with a list of `nodes` and its `links`.
    pub ui: Option<String>,
}

/// The graphs of a file of any format, wherever savers of ComfyUI put them; none for other files. Of several
/// graphs of a kind the first that is complete is given.
///
/// # Errors
/// Only what the source fails with.
pub fn workflow_of(source: &dyn ReadAt) -> io::Result<Workflow> {
    let mut window = Window::open(source)?;
    let mut slots = Slots::new(Wanted::Recipe);
    read::scan(&mut window, b"", &mut slots)?;
    let mut workflow = Workflow::default();
    // What is named after a graph says more than what only looks like one.
    let (named, others): (Vec<&Slot>, Vec<&Slot>) = slots.all().iter().partition(|slot| is_named(slot));
    for slot in named.into_iter().chain(others) {
        let is_foreign =
            matches!(&slot.place, Place::Keyword(name) if name.to_lowercase().starts_with("invokeai"));
        if !is_foreign {
            workflow.take(&slot.text, WRAPPERS_MAX);
        }
    }
    Ok(workflow)
}

fn is_named(slot: &Slot) -> bool {
    let name = match &slot.place {
        Place::Keyword(name) => name,
        Place::Xmp(name) => name.rsplit(':').next().unwrap_or_default(),
        _ => return label(&slot.text).is_some(),
    };
    ["prompt", "workflow"].iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// What stands behind a label, as in the tags of cameras.
fn label(text: &str) -> Option<&str> {
    ["prompt:", "workflow:"].iter().find_map(|label| {
        let start = text.get(..label.len())?;
        start.eq_ignore_ascii_case(label).then(|| text[label.len()..].trim_start())
    })
}

impl Workflow {
    fn take(&mut self, text: &str, n_wrappers: usize) {
        let text = text.trim_start_matches(['\u{feff}', ' ', '\n', '\t']);
        let text = label(text).unwrap_or(text);
        if !text.starts_with(['{', '"']) || self.api.is_some() && self.ui.is_some() {
            return;
        }
        let Some((value, len)) = json::prefix(text) else { return };
        let text = &text[..len];
        if is_run(&value) {
            self.api.get_or_insert_with(|| text.to_owned());
        } else if is_shown(&value) {
            self.ui.get_or_insert_with(|| text.to_owned());
        } else if n_wrappers > 0 {
            match value {
                Value::Text(inner) => self.take(&inner, n_wrappers - 1),
                _ => ["prompt", "workflow"].iter().for_each(|key| {
                    if let Some(member) = member(text, key) {
                        self.take(member, n_wrappers - 1);
                    }
                }),
            }
        }
    }
}

fn is_run(value: &Value<'_>) -> bool {
    let mut nodes = value.map().unwrap_or_default().iter();
    nodes.any(|(_, node)| node.get("class_type").is_some_and(|kind| kind.text().is_some()))
}

fn is_shown(value: &Value<'_>) -> bool {
    value.get("nodes").is_some_and(|nodes| nodes.list().is_some()) && value.get("links").is_some()
}

/// A member of an object as it stands in its text; the last of repeated ones.
fn member<'a>(text: &'a str, wanted: &str) -> Option<&'a str> {
    let mut rest = text.trim_start().strip_prefix('{')?;
    let mut found = None;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r', ',']);
        let Some((Value::Text(key), len)) = json::prefix(rest) else { return found };
        rest = rest[len..].trim_start().strip_prefix(':')?;
        let len = json::len(rest)?;
        if key == wanted {
            found = Some(rest[..len].trim_start());
        }
        rest = &rest[len..];
    }
}
