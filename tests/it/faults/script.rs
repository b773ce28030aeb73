//! A fixed history of observations and decisions, and what the ledger holds after each step.

use lumidex::ledger::{Elsewhere, Ledger, Observation, Relocation, Seen, SharedText, Taken};
use lumidex::projection::tags::TagsReader;
use lumidex::projection::text::{TextReader, WordField};
use lumidex_schema::id::{FolderId, ImageId, Seq, TagId, TextId, Timestamp};
use lumidex_schema::media::MediaKind;
use lumidex_schema::operation::{OperationKind, OperationState, Step, StepState};
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Action, Decision, Fingerprint, PathType, Sighting};
use lumidex_schema::tag::TagKind;
use std::fmt::Write;
use std::sync::Arc;

/// Adds the root and the tags that the steps speak of.
pub fn prepare(ledger: &Ledger) {
    (0..N_PREPARED).for_each(|nth| prepare_one(ledger, nth));
}

/// How many decisions [`prepare`] is.
pub const N_PREPARED: usize = 3;

/// One of them.
pub fn prepare_one(ledger: &Ledger, nth: usize) {
    match nth {
        0 => drop(ledger.add_extra_path(b"/r", &[PathType::Scanned]).unwrap()),
        1 => drop(ledger.make_tag("even").unwrap()),
        _ => drop(ledger.make_tag("third").unwrap()),
    }
}

/// Does step `nth`: each is one transaction, and each changes what [`dump`] says.
pub fn step(ledger: &Ledger, nth: usize) -> Result<Seq, Box<dyn std::error::Error>> {
    let reader = ledger.reader()?;
    let image = |name: usize| {
        let path = format!("/r/f{}/{name}.png", name % 3);
        Ok::<_, lumidex::ledger::ReadError>(reader.image_at(path.as_bytes())?.unwrap().0)
    };
    let tags = reader.custom_tags()?;
    let tag = |name: &str| tags.iter().find(|(_, tag)| tag.name == name).map(|(id, _)| *id).unwrap();
    let seq = match nth % 8 {
        0 => {
            let root = reader.roots()?[0].0;
            let seen = (0..3).map(|at| seen(root, nth + at, nth)).collect();
            drop(reader);
            return Ok(ledger.observe(seen)?);
        }
        1 => ledger.put_tag(tag("even"), vec![image(nth - 1)?, image(nth)?])?,
        2 => ledger.toggle_tag(tag("third"), image(nth - 2)?)?.0,
        3 => ledger.put_setting(&format!("setting {}", nth % 4), &format!("{{\"nth\":{nth}}}"))?,
        5 => {
            let moved = move_of(image(nth - 4)?, nth - 4);
            ledger.begin_operation(OperationKind::Move, 1, vec![moved], true)?
        }
        6 => {
            let (operation, _) = reader.unfinished_operations()?.pop().unwrap();
            let Step { image, from, to, .. } = reader.steps(operation, 0, 1)?.pop().unwrap();
            let sighting = Sighting { size: nth as u64, modified: Timestamp(7), ..Sighting::default() };
            let relocation = Relocation::File { image: image.unwrap(), from, to, sighting };
            ledger.take_steps(
                operation,
                Taken {
                    steps: vec![(StepState::Done, Some(sighting))],
                    relocations: vec![relocation],
                    end: Some(OperationState::Done),
                    ..Taken::default()
                },
            )?
        }
        7 => {
            let decisions = reader.decisions(10)?;
            let is_setting = |decision: &Decision| matches!(decision.action, Action::Setting { .. });
            let setting = decisions.iter().find(|(_, decision)| is_setting(decision)).unwrap().0;
            ledger.undo(setting)?
        }
        _ => {
            let image = reader.image(image(nth - 2)?)?.unwrap();
            let name = image.name.clone();
            let known = reader.known_in(image.folder)?.into_iter().find(|known| known.name == name);
            let file = known.unwrap().sighted();
            let missing = Observation::Missing { file, copies: Vec::new(), at: Timestamp(nth as i64) };
            drop(reader);
            return Ok(ledger.observe(vec![missing])?);
        }
    };
    Ok(seq)
}

fn move_of(image: ImageId, name: usize) -> Step {
    Step {
        item: 0,
        act: lumidex_schema::operation::Act::MoveFile,
        from: format!("/r/f{}/{name}.png", name % 3).into_bytes(),
        to: format!("/r/moved/{name}.png").into_bytes(),
        image: Some(image),
        before: None,
        after: None,
        state: StepState::Pending,
    }
}

fn seen(root: lumidex_schema::id::RootId, name: usize, nth: usize) -> Observation {
    let tags = vec![(TagKind::Pos, format!("word {}", nth % 7)), (TagKind::Model, format!("model {nth}"))];
    // Long enough that a commit grows the file now and then.
    let text = format!("text {nth} \0 {}", "of many words ".repeat(60 + nth % 11 * 40));
    Observation::Seen(Box::new(Seen {
        root,
        folder: RelPath::from_bytes(format!("f{}", name % 3)),
        name: format!("{name}.png").into_bytes(),
        sighting: Sighting { size: nth as u64, modified: Timestamp(name as i64), ..Sighting::default() },
        media: MediaKind::Image,
        fingerprint: Fingerprint(
            *blake3::hash(name.to_string().as_bytes()).as_bytes().first_chunk().unwrap(),
        ),
        pixel_width: 8,
        pixel_height: 8,
        text: Some(Arc::new(SharedText::new(text, tags))),
        holes: vec![name as u64],
        rule_tags: Vec::new(),
        complaints: 0,
        note: lumidex_schema::note::Note::default(),
        elsewhere: Elsewhere::default(),
    }))
}

/// Everything a person could miss, as text.
pub fn dump(ledger: &Ledger) -> String {
    let reader = ledger.reader().unwrap();
    let mut out = format!("head {}\n", reader.head().unwrap());
    for id in 1..=reader.last_image().unwrap().0 {
        let Some(image) = reader.image(ImageId(id)).unwrap() else { continue };
        let path = String::from_utf8(reader.path_of(&image).unwrap()).unwrap();
        let tags = reader.custom_tag_ids_of(ImageId(id)).unwrap();
        let text = reader.generation_text(&image).unwrap();
        let digest = blake3::hash(text.as_bytes()).to_hex();
        writeln!(out, "{id} {path} {:?} {} {tags:?} {digest}", image.presence, image.seq).unwrap();
    }
    for id in (1..).map_while(|id| Some(TagId(id)).filter(|id| reader.tag(*id).unwrap().is_some())) {
        let tag = reader.tag(id).unwrap().unwrap();
        writeln!(out, "{id} {:?} {} {}", tag.kind, tag.name, tag.removed).unwrap();
    }
    for id in (1..).map_while(|id| Some(FolderId(id)).filter(|id| reader.folder(*id).unwrap().is_some())) {
        writeln!(out, "{id} {:?}", reader.folder_path(id).unwrap()).unwrap();
    }
    let texts = (1..).take_while(|id| reader.text(TextId(*id)).unwrap().is_some()).count();
    writeln!(out, "{texts} texts, {:?}", reader.settings().unwrap()).unwrap();
    let decided: Vec<_> =
        reader.decisions(10_000).unwrap().into_iter().map(|(seq, what)| (seq, what.action)).collect();
    writeln!(out, "{decided:?} {:?}", reader.extra_paths().unwrap()).unwrap();
    for (number, operation) in reader.operations(None, 1_000).unwrap() {
        writeln!(out, "{number} {:?} {:?}", operation.state, reader.steps(number, 0, 9).unwrap()).unwrap();
    }
    let is_undone = |seq: &Seq| reader.undone_by(*seq).unwrap();
    writeln!(out, "{:?}", decided.iter().map(|(seq, _)| is_undone(seq)).collect::<Vec<_>>()).unwrap();
    for (seq, subject) in reader.feed_after(Seq::ZERO, 1_000_000).unwrap() {
        writeln!(out, "{seq} {subject:?}").unwrap();
    }
    out
}

/// What searches see, as text: live images in order, tags with theirs, texts, folders' words.
pub fn shown(tags: &TagsReader, text: &TextReader) -> String {
    let state = tags.read();
    let mut out = format!("{:?} {}\n", state.order.ids(), state.total_bytes);
    for (id, entry) in state.tags() {
        let images: Vec<u32> = state.posting(id).to_bitmap().iter().collect();
        writeln!(out, "{id} {:?} {} {images:?}", entry.kind, entry.name).unwrap();
    }
    let snapshot = text.snapshot();
    for id in 0..snapshot.len() {
        let folded = snapshot.folded(TextId(id)).map(|folded| blake3::hash(folded.as_bytes()).to_hex());
        writeln!(out, "{id} {folded:?}").unwrap();
    }
    let holds = |id: &TextId| snapshot.folded(*id).is_some_and(|folded| folded.contains("of many words"));
    let found: Vec<TextId> = snapshot.candidates("of many words").unwrap().iter().filter(holds).collect();
    let paths = snapshot.ranked(WordField::Path, "r", 100).unwrap().len();
    let named = snapshot.ranked(WordField::Tag, "even", 100).unwrap().len();
    writeln!(out, "{found:?} {paths} {named}").unwrap();
    out
}
