//! From the metadata of a file to what the ledger stores of it: shared text, holes, tags.

use super::readers::{Facts, Interpret, MediaFile};
use super::worker::{InterpreterFactory, MakeInterpreter};
use crate::ledger::{ReadError, Reader, SharedText};
use crate::metadata::rules::Rules;
use crate::metadata::{self, Container, ReadAt};
use lumidex_schema::media::MediaKind;
use lumidex_schema::recipe::Recipe;
use lumidex_schema::text;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

/// Setting that holds a person's rules.
const RULES_SETTING: &str = "auto_tag_rules";

/// Texts a reader thread remembers: images of a batch stand together, so a few would do.
const TEXTS_KEPT_MAX: usize = 1_024;

impl ReadAt for MediaFile {
    fn len(&self) -> u64 {
        Self::len(self)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        Self::read_at(self, offset, buf)
    }
}

/// Reads metadata; remembers the texts it met last, with their tags.
struct MetadataInterpreter {
    rules: Arc<Rules>,
    texts: HashMap<Box<str>, Arc<SharedText>>,
}

/// Interpreters by the rules that hold when a run begins.
pub(super) fn by_metadata() -> Box<MakeInterpreter> {
    Box::new(|reader: &Reader| {
        let rules = Arc::new(rules(reader)?);
        let factory = move || {
            let rules = Arc::clone(&rules);
            Box::new(MetadataInterpreter { rules, texts: HashMap::new() }) as Box<dyn Interpret>
        };
        Ok(Arc::new(factory) as Arc<InterpreterFactory>)
    })
}

/// A client may store anything under the name; what is no list of rules gives no rules.
fn rules(reader: &Reader) -> Result<Rules, ReadError> {
    let Some(json) = reader.setting(RULES_SETTING)? else { return Ok(Rules::default()) };
    Ok(Rules::parse(&json).unwrap_or_else(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, "tag rules are not applied");
        Rules::default()
    }))
}

impl Interpret for MetadataInterpreter {
    fn interpret(
        &mut self,
        file: &MediaFile,
        name: &[u8],
        media: MediaKind,
        sidecar: Option<&[u8]>,
    ) -> io::Result<Option<Facts>> {
        let reading = metadata::read(file, name, sidecar)?;
        // Contract 15.1: a film must look like one; pictures and sound are taken by extension.
        if media == MediaKind::Video && reading.container != Container::Video {
            return Ok(None);
        }
        let rule_tags = match &reading.recipe {
            Some(recipe) if !self.rules.is_empty() => self.rules.tags_for(recipe),
            _ => Vec::new(),
        };
        let split = text::split(&reading.generation_text);
        let text = (!split.template.is_empty()).then(|| self.shared(split.template, reading.recipe.as_ref()));
        Ok(Some(Facts {
            fingerprint: reading.fingerprint,
            pixel_width: reading.pixel_width,
            pixel_height: reading.pixel_height,
            text,
            holes: split.holes,
            rule_tags,
            complaints: u16::try_from(reading.complaints.len()).unwrap_or(u16::MAX),
        }))
    }
}

impl MetadataInterpreter {
    fn shared(&mut self, template: String, recipe: Option<&Recipe>) -> Arc<SharedText> {
        if let Some(known) = self.texts.get(template.as_str()) {
            return Arc::clone(known);
        }
        let tags = recipe.map(metadata::auto_tags).unwrap_or_default();
        let shared = Arc::new(SharedText::new(template, tags));
        if self.texts.len() >= TEXTS_KEPT_MAX {
            self.texts.clear();
        }
        self.texts.insert(shared.template().into(), Arc::clone(&shared));
        shared
    }
}
