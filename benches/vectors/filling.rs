//! A ledger with one image for each of some prompts, told as a walk tells it.

use lumidex::ledger::{Elsewhere, Ledger, Observation, Seen, SharedText};
use lumidex_schema::id::RootId;
use lumidex_schema::layout;
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Fingerprint, PathType, Sighting};
use std::path::Path;
use std::sync::Arc;

/// Folder of the images.
pub(super) const ROOT: &[u8] = b"/r";

pub(super) fn filled(folder: &Path, prompts: impl Iterator<Item = String>) -> Ledger {
    let ledger = Ledger::open(&folder.join(layout::LEDGER)).unwrap();
    ledger.add_extra_path(ROOT, &[PathType::Scanned]).unwrap();
    let root = ledger.reader().unwrap().roots().unwrap()[0].0;
    let mut batch = Vec::new();
    for (nth, prompt) in (0..).zip(prompts) {
        batch.push(seen(root, nth, &prompt));
        if batch.len() == 8_192 {
            ledger.observe(std::mem::take(&mut batch)).unwrap();
        }
    }
    ledger.observe(batch).unwrap();
    ledger
}

fn seen(root: RootId, nth: u32, prompt: &str) -> Observation {
    let text = format!("{prompt}\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, Size: 512x512");
    Observation::Seen(Box::new(Seen {
        root,
        folder: RelPath::from_bytes(format!("f{}", nth / 1_000)),
        name: format!("{nth}.png").into_bytes(),
        sighting: Sighting::default(),
        media: MediaKind::Image,
        fingerprint: Fingerprint::default(),
        pixel_width: 8,
        pixel_height: 8,
        text: Some(Arc::new(SharedText::new(text, Vec::new()))),
        holes: Vec::new(),
        rule_tags: Vec::new(),
        complaints: 0,
        note: lumidex_schema::note::Note::default(),
        elsewhere: Elsewhere::default(),
    }))
}
