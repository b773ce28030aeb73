//! The n-th change of the disk fails while prompts are followed and editions are made, for every n: what is
//! asked again succeeds, and what is on the disk then is what an undisturbed run leaves.

use super::shim::{ENOSPC, Fault, Shim, folder};
use lumidex::ledger::paid::Paid;
use lumidex::ledger::{Elsewhere, Ledger, Observation, Seen, SharedText};
use lumidex::projection::follower::catch_up;
use lumidex::projection::vectors::{BUILTIN, VectorsProjection, VectorsReader};
use lumidex::sys::Stop;
use lumidex_schema::id::PromptId;
use lumidex_schema::layout;
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Fingerprint, PathType, Sighting};
use lumidex_topics::Unwatched;
use std::path::Path;
use std::sync::Arc;

/// Texts seen, and whether the built-in model is to be ready for them.
const SCRIPT: [(std::ops::Range<u32>, bool); 4] =
    [(0..24, true), (24..30, false), (30..40, true), (40..44, true)];

fn see(ledger: &Ledger, texts: std::ops::Range<u32>) {
    let root = ledger.reader().unwrap().roots().unwrap()[0].0;
    let seen = |nth: u32| {
        let text = format!("thing {}, colour {}, number {nth}\nSteps: 20, Size: 8x8", nth % 3, nth % 5);
        Observation::Seen(Box::new(Seen {
            root,
            folder: RelPath::from_bytes(&b"f"[..]),
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
    };
    ledger.observe(texts.map(seen).collect()).unwrap();
}

type Answer = Result<(), Box<dyn std::error::Error>>;

fn act(projection: &mut VectorsProjection, vectors: &VectorsReader, ledger: &Ledger, ready: bool) -> Answer {
    catch_up(projection, ledger, &Stop::never(), &mut |_, _| {})?;
    if ready {
        vectors.ready_builtin(&mut Unwatched)?;
    }
    Ok(())
}

/// What the built-in model has, and what its folder holds.
fn shown(vectors: &VectorsReader, dir: &Path) -> String {
    let space = vectors.space(BUILTIN).unwrap();
    let all: Vec<_> = (0..vectors.n_prompts()).map(|prompt| space.vector(PromptId(prompt))).collect();
    let home = dir.join(layout::VECTORS).join(BUILTIN);
    let entries = std::fs::read_dir(home).map_or(0, |entries| entries.count());
    format!("{} prompts, {} vectors, {entries} entries, {:?}", vectors.n_prompts(), space.n(), all)
}

/// The script with the `nth` change failing; what it leaves, and whether there were as many changes.
fn run(nth: Option<u64>, lasts: bool) -> (String, bool) {
    let (shim, dir) = (Shim::default(), folder());
    let ledger = Ledger::open(&dir.path().join(layout::LEDGER)).unwrap();
    ledger.add_extra_path(b"/r", &[PathType::Scanned]).unwrap();
    let paid = || Paid::at(&dir.path().join(layout::PAID));
    let place = dir.path().join(layout::VECTORS);
    let mut projection = VectorsProjection::open_on(shim.storage(), &place);
    let vectors = projection.reader(ledger.clone(), paid());
    if let Some(nth) = nth {
        shim.fail_at(nth, Fault { code: ENOSPC, lasts });
    }
    let mut was_hit = false;
    for (texts, ready) in SCRIPT {
        see(&ledger, texts);
        let case = format!("change {nth:?}, lasts {lasts}");
        if let Err(error) = act(&mut projection, &vectors, &ledger, ready) {
            was_hit |= shim.lift();
            assert!(was_hit, "{case}: {error:?}");
            act(&mut projection, &vectors, &ledger, ready)
                .unwrap_or_else(|again| panic!("{case}, lifted: {again:?}"));
        }
    }
    was_hit |= shim.lift();
    // Once more, so that what could not be tidied up is.
    act(&mut projection, &vectors, &ledger, true).unwrap();
    drop((projection, vectors));
    let mut projection = VectorsProjection::open(&place);
    let vectors = projection.reader(ledger.clone(), paid());
    act(&mut projection, &vectors, &ledger, true).unwrap();
    (shown(&vectors, dir.path()), was_hit)
}

#[test]
fn a_full_disk_costs_no_vector() {
    let (expected, _) = run(None, false);
    assert!(expected.starts_with("44 prompts, 44 vectors, 2 entries"), "{expected}");
    let mut nth = 0;
    loop {
        let (left, was_hit) = run(Some(nth), nth % 2 == 1);
        assert_eq!(left, expected, "change {nth}");
        if !was_hit {
            break;
        }
        nth += 1;
    }
    assert!(nth > 20, "only {nth} changes");
}
