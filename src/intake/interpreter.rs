//! The metadata room's findings in the ledger's words: texts are split into what images of a batch
//! share and what is an image's own, and the tags of what is shared are found once.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use lumidex_schema::media::MediaKind;
use lumidex_schema::text::split;

use super::readers::{Facts, Interpret};
use super::worker::InterpreterFactory;
use crate::ledger::{ReadError, Reader, SharedText};
use crate::metadata::rules::Rules;
use crate::metadata::{self, Beside, Hidden, Options, ReadAt, Reading};

/// The setting that holds a person's rules.
const RULES_SETTING: &str = "auto_tag_rules";
/// Bytes of shared texts a thread remembers: those of the folders it reads at the moment.
const MET_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Makes interpreters that apply the rules of this moment. Rules that cannot be read are none.
pub(super) fn make(reader: &Reader, hidden: Hidden) -> Result<Arc<InterpreterFactory>, ReadError> {
    let rules = Arc::new(rules_of(reader)?);
    Ok(Arc::new(move || {
        let options = Options { hidden };
        Box::new(Interpreter { rules: Arc::clone(&rules), options, met: HashMap::new(), met_bytes: 0 })
    }))
}

/// The rules of this moment; none where the setting cannot be read as such.
pub(super) fn rules_of(reader: &Reader) -> Result<Rules, ReadError> {
    let json = reader.setting(RULES_SETTING)?.unwrap_or_default();
    // A client stores a list as JSON, or as a JSON text that holds the list.
    let json = serde_json::from_str::<String>(&json).unwrap_or(json);
    Ok(Rules::parse(&json).unwrap_or_else(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, "the rules for tags are not applied");
        Rules::default()
    }))
}

struct Interpreter {
    rules: Arc<Rules>,
    options: Options,
    /// Shared texts by the digest of their template.
    met: HashMap<blake3::Hash, Arc<SharedText>>,
    met_bytes: usize,
}

impl Interpret for Interpreter {
    fn interpret(
        &mut self,
        file: &dyn ReadAt,
        name: &[u8],
        media: MediaKind,
        beside: &[Beside<'_>],
    ) -> io::Result<Option<Facts>> {
        let reading = metadata::read_with(file, name, beside, &self.options)?;
        // Many things are called `.ts` or `.mkv`; pictures and sound are taken by their names.
        if media == MediaKind::Video && reading.container.media() != Some(MediaKind::Video) {
            return Ok(None);
        }
        let rule_tags = match &reading.recipe {
            Some(recipe) if !self.rules.is_empty() => self.rules.tags_for(recipe),
            _ => Vec::new(),
        };
        let mut facts = Facts {
            fingerprint: reading.fingerprint,
            pixel_width: reading.pixel_width,
            pixel_height: reading.pixel_height,
            text: None,
            holes: Vec::new(),
            rule_tags,
            complaints: u16::try_from(reading.complaints.len()).unwrap_or(u16::MAX),
            note: reading.note(),
        };
        if !reading.generation_text.is_empty() {
            let text = split(&reading.generation_text);
            facts.holes = text.holes;
            facts.text = Some(self.shared(text.template, &reading));
        }
        Ok(Some(facts))
    }
}

impl Interpreter {
    /// What follows from a text does not depend on the values of its holes, so it is found once for
    /// all images that share it.
    fn shared(&mut self, template: String, reading: &Reading) -> Arc<SharedText> {
        let mut hasher = blake3::Hasher::new();
        // The same text may be a recipe in one file and a caption in another.
        hasher.update(&[u8::from(reading.recipe.is_some())]);
        hasher.update(template.as_bytes());
        let digest = hasher.finalize();
        if let Some(shared) = self.met.get(&digest) {
            return Arc::clone(shared);
        }
        let tags = reading.recipe.as_ref().map(metadata::auto_tags).unwrap_or_default();
        let n_bytes = template.len();
        let shared = Arc::new(SharedText::new(template, tags));
        if self.met_bytes + n_bytes > MET_BYTES_MAX {
            self.met.clear();
            self.met_bytes = 0;
        }
        self.met_bytes += n_bytes;
        self.met.insert(digest, Arc::clone(&shared));
        shared
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use lumidex_schema::tag::TagKind;

    use super::*;
    use crate::ledger::Ledger;
    use crate::metadata::Bytes;

    const INFOTEXT: &str = "a cat, rain\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: SEED, Size: 64x64, Model: m";

    fn interpreter(rules: &str) -> Box<dyn Interpret> {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.redb")).unwrap();
        if !rules.is_empty() {
            ledger.put_setting(RULES_SETTING, rules).unwrap();
        }
        make(&ledger.reader().unwrap(), Hidden::default()).unwrap()()
    }

    fn facts(interpreter: &mut dyn Interpret, name: &str, sidecar: &str) -> Option<Facts> {
        let media = MediaKind::of_name(name.as_bytes()).unwrap();
        let beside = Beside { name: b".txt", bytes: sidecar.as_bytes() };
        interpreter.interpret(&Bytes(b"no picture"), name.as_bytes(), media, &[beside]).unwrap()
    }

    #[test]
    fn images_of_a_batch_share_a_text_and_keep_their_own_seed() {
        let mut interpreter = interpreter("");
        let one = facts(&mut *interpreter, "a.png", &INFOTEXT.replace("SEED", "1")).unwrap();
        let two = facts(&mut *interpreter, "b.png", &INFOTEXT.replace("SEED", "22")).unwrap();
        assert!(Arc::ptr_eq(one.text.as_ref().unwrap(), two.text.as_ref().unwrap()));
        assert_eq!((one.holes, two.holes), (vec![1], vec![22]));
        let tags = one.text.unwrap().tags().to_vec();
        assert!(
            tags.contains(&(TagKind::Pos, "cat".into())) || tags.contains(&(TagKind::Pos, "a cat".into()))
        );
        assert!(tags.contains(&(TagKind::Sampler, "Euler a".into())));
    }

    #[test]
    fn rules_are_applied_however_they_are_stored() {
        let rules =
            r#"[{"tag":"wet","filters":[{"field":"pos_prompt","operator":"contains","value":"rain"}]}]"#;
        let as_text = serde_json::to_string(rules).unwrap();
        for stored in [rules, &as_text] {
            let mut interpreter = interpreter(stored);
            let facts = facts(&mut *interpreter, "a.png", &INFOTEXT.replace("SEED", "1")).unwrap();
            assert_eq!(facts.rule_tags, ["wet"], "{stored}");
        }
        let mut interpreter = interpreter("17");
        assert!(facts(&mut *interpreter, "a.png", INFOTEXT).unwrap().rule_tags.is_empty());
    }

    #[test]
    fn only_films_must_be_what_their_name_says() {
        let mut interpreter = interpreter("");
        assert!(facts(&mut *interpreter, "main.ts", "").is_none());
        assert!(facts(&mut *interpreter, "a.png", "").is_some());
        assert!(facts(&mut *interpreter, "a.mp3", "").is_some());
        let film = [&0x18_u32.to_be_bytes()[..], b"ftypisom", &[0; 12]].concat();
        let read = interpreter.interpret(&Bytes(&film), b"a.mp4", MediaKind::Video, &[]).unwrap();
        assert!(read.is_some());
    }
}
