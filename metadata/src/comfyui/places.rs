//! Where the graphs of a file stand (catalogue 5.5.1), and which of them speaks: one that was run
//! before one of the editor.

use crate::claim::Claim;
use crate::comfyui::graph::Graph;
use crate::comfyui::{put, recipe, ui};
use crate::complaint::Complaint;
use crate::json::{self, Value};
use crate::sheet::Sheet;
use crate::slots::{Place, Slot};
use lumidex_schema::recipe::Recipe;
use memchr::memmem;

/// How often a graph may be wrapped in a text or in a map before it is given up.
const WRAPPINGS_MAX: usize = 3;

/// Which form of graph is sought.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// What was run.
    Run,
    /// What the editor keeps.
    Editor,
}

impl Form {
    /// What slots and members that hold it are called.
    const fn name(self) -> &'static str {
        match self {
            Self::Run => "prompt",
            Self::Editor => "workflow",
        }
    }

    /// Whether a text may hold a graph of the form, as a text within a text too.
    fn may_be_in(self, text: &str) -> bool {
        match self {
            Self::Run => has(text, "class_type"),
            Self::Editor => has(text, "nodes") && has(text, "type"),
        }
    }
}

/// The recipe of the graph of a file.
pub(crate) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    let run = of_form(sheet, Form::Run);
    let is_silent = run.as_ref().is_none_or(|claim| claim.recipe.positive.is_empty());
    // What a text node showed is kept by the editor alone.
    let editor = if is_silent { of_form(sheet, Form::Editor) } else { None };
    let mut claim = match (run, editor) {
        (Some(mut run), Some(editor)) => {
            run.recipe.positive = editor.recipe.positive;
            if run.recipe.negative.is_empty() {
                run.recipe.negative = editor.recipe.negative;
            }
            run
        }
        (run, editor) => run.or(editor)?,
    };
    let version = sheet.slots().iter().find_map(|slot| version(&slot.text));
    put(&mut claim.recipe, "Version", version);
    Some(claim)
}

/// The recipe of a graph in a text, wrapped or not. `name` is the file's.
#[cfg(test)]
pub(super) fn parse(text: &str, name: &str) -> Option<Recipe> {
    let value = json::parse(text.trim_start())?;
    of_value(&value, Form::Run, WRAPPINGS_MAX, text, name)
        .or_else(|| of_value(&value, Form::Editor, WRAPPINGS_MAX, text, name))
}

/// Whether a text is a graph of either form, which is never shown as generation text.
pub(crate) fn is_graph(text: &str) -> bool {
    let start = text.trim_start();
    start.starts_with('{') && (has(start, RUN) || EDITOR.iter().all(|word| has(start, word)))
}

/// Whether a text is a graph of the editor alone.
pub(crate) fn is_editor_graph(text: &str) -> bool {
    let start = text.trim_start();
    start.starts_with('{') && EDITOR.iter().all(|word| has(start, word)) && !has(start, RUN)
}

/// What stands in each form of graph.
const RUN: &str = "\"class_type\"";
const EDITOR: [&str; 2] = ["\"nodes\"", "\"links\""];

fn has(text: &str, word: &str) -> bool {
    memmem::find(text.as_bytes(), word.as_bytes()).is_some()
}

/// The first graph of a form, those in slots of its name before others.
fn of_form(sheet: &Sheet<'_>, form: Form) -> Option<Claim> {
    let mut slots: Vec<_> =
        sheet.slots().iter().filter_map(|slot| Some((slot, graph_text(slot, form)?))).collect();
    slots.sort_by_key(|(slot, _)| !is_named(&slot.place, form));
    let mut broken = None;
    let claim = slots.into_iter().find_map(|(slot, text)| {
        let name = sheet.name();
        // Behind a label it is not what the sheet reads.
        let own = || if sheet.is_broken_json(slot, text) { None } else { json::parse(text) };
        let own = if sheet.whole_json(&slot.text).is_none() { own() } else { None };
        let value = sheet.whole_json(&slot.text).or(own.as_ref());
        let recipe = value.and_then(|value| of_value(value, form, WRAPPINGS_MAX, text, name));
        // An editor's graph may hold words of the other form, in a prompt for one.
        let is_whole = || match form {
            Form::Editor => value.is_some(),
            Form::Run => value.is_some_and(|value| value.get("nodes").and_then(Value::list).is_some()),
        };
        if recipe.is_some() || !is_graph(text) || is_whole() {
            return Some(Claim::rendered(recipe?, slot.place.label()));
        }
        broken = broken.take().or(Some(slot.place.name()));
        if sheet.keyword("parameters").is_some() {
            return None;
        }
        // Where nothing else speaks, what stands before the cut still tells something.
        let recipe = of_value(&before_the_cut(text)?, form, 1, text, name);
        Some(Claim::rendered(recipe?, slot.place.label()))
    });
    if let Some(what) = broken {
        sheet.complain(Complaint::BrokenGraph { what });
    }
    claim
}

/// What of a slot may be a graph of a form.
fn graph_text(slot: &Slot, form: Form) -> Option<&str> {
    if matches!(slot.place, Place::Named(_) | Place::Credential(_)) {
        return None;
    }
    let text = slot.text.trim_start_matches([' ', '\n', '\t', '\r', '\u{feff}']);
    let name = form.name();
    let label = text.get(..name.len()).filter(|label| label.eq_ignore_ascii_case(name));
    let text = match label.and_then(|label| text[label.len()..].trim_start().strip_prefix(':')) {
        Some(rest) => rest.trim_start(),
        None => text,
    };
    (text.starts_with(['{', '"']) && form.may_be_in(text)).then_some(text)
}

fn is_named(place: &Place, form: Form) -> bool {
    match place {
        Place::Keyword(name) => name.eq_ignore_ascii_case(form.name()),
        Place::Xmp(name) => {
            name.rsplit(':').next().is_some_and(|name| name.eq_ignore_ascii_case(form.name()))
        }
        _ => false,
    }
}

fn of_value(value: &Value<'_>, form: Form, wrappings: usize, raw: &str, name: &str) -> Option<Recipe> {
    if wrappings == 0 {
        return None;
    }
    if let Value::Text(text) = value {
        let start = text.trim_start();
        if !start.starts_with(['{', '"']) || !form.may_be_in(start) {
            return None;
        }
        return of_value(&json::parse(start)?, form, wrappings - 1, raw, name);
    }
    let graph = match form {
        Form::Run => Graph::of(value),
        Form::Editor => ui::graph(value),
    };
    if let Some(graph) = graph {
        let recipe = recipe(&graph, raw, name);
        let says_nothing = recipe.positive.is_empty() && recipe.model.is_none() && recipe.steps.is_none();
        return Some(recipe).filter(|_| form == Form::Run || !says_nothing);
    }
    let inner = value.get(form.name()).or_else(|| {
        let extra = value.get("extra_data").unwrap_or(value);
        extra.get("extra_pnginfo").filter(|_| form == Form::Editor)?.get("workflow")
    });
    of_value(inner?, form, wrappings - 1, raw, name)
}

/// The whole members of an object that ends too soon.
fn before_the_cut(text: &str) -> Option<Value<'_>> {
    const MEMBERS_MAX: usize = 10_000;
    let mut rest = text.strip_prefix('{')?;
    let mut members = Vec::new();
    while members.len() < MEMBERS_MAX {
        let Some((Value::Text(key), len)) = json::prefix(rest) else { break };
        let Some(after) = rest[len..].trim_start().strip_prefix(':') else { break };
        let Some((value, len)) = json::prefix(after) else { break };
        members.push((key, value));
        let Some(next) = after[len..].trim_start().strip_prefix(',') else { break };
        rest = next;
    }
    (!members.is_empty()).then_some(Value::Map(members))
}

/// The program's version, as the editor notes it beside its own nodes.
fn version(text: &str) -> Option<String> {
    const NEAR: usize = 96;
    let at = memmem::find(text.as_bytes(), b"\"comfy-core\"")?;
    let start = text.floor_char_boundary(at.saturating_sub(NEAR));
    let end = text.floor_char_boundary((at + NEAR).min(text.len()));
    let of = |near: &str| {
        let (_, rest) = near.split_once("\"ver\"")?;
        let version =
            rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?.split('"').next()?;
        let is_version = version.starts_with(|digit: char| digit.is_ascii_digit()) && version.contains('.');
        is_version.then(|| version.to_owned())
    };
    of(&text[at..end]).or_else(|| of(&text[start..at]))
}
