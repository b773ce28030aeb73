//! Projections against a toy, over random histories with crashes, sweeps, backups and restores: after
//! any of them a projection that may continue equals one that was filled from nothing.

use lumidex::ledger::paid::Paid;
use lumidex::ledger::{Elsewhere, Ledger, Observation, Seen, SharedText, Sweepable};
use lumidex::projection::Projection;
use lumidex::projection::follower::catch_up;
use lumidex::projection::tags::TagsProjection;
use lumidex::projection::text::TextProjection;
use lumidex::projection::vectors::VectorsProjection;
use lumidex::sys::Stop;
use lumidex_schema::checkpoint::StartEmpty;
use lumidex_schema::id::{ImageId, PromptId, RootId, Seq, TagId, TextId, Timestamp};
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Fingerprint, PathType, Presence, Sighting};
use lumidex_schema::tag::TagKind;
use lumidex_schema::{format, layout};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Clone, Debug)]
enum Op {
    /// A file arrives or is altered: name, date, text.
    See(u8, u8, u8),
    /// A file goes missing.
    Miss(u8),
    /// A tag is put on, or taken off.
    Toggle(u8, u8),
    /// The root is removed and added again.
    Readd,
    /// A file goes missing and is swept before anybody followed that.
    Lose(u8),
    /// What is missing is swept; as far as projections have followed, or whatever they have.
    Sweep(bool),
    /// Projections catch up and become durable.
    Follow,
    /// Everything is closed and opened again.
    Restart,
    /// The ledger's file is copied.
    Backup,
    /// The copy takes the ledger's place; projections stay.
    Restore,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (0u8..12, 0u8..4, 0u8..4).prop_map(|(name, date, text)| Op::See(name, date, text)),
        4 => (0u8..12).prop_map(Op::Miss),
        4 => (0u8..12, 0u8..2).prop_map(|(name, tag)| Op::Toggle(name, tag)),
        1 => Just(Op::Readd),
        4 => (0u8..12).prop_map(Op::Lose),
        3 => any::<bool>().prop_map(Op::Sweep),
        4 => Just(Op::Follow),
        2 => Just(Op::Restart),
        2 => Just(Op::Backup),
        2 => Just(Op::Restore),
    ]
}

struct World {
    dir: PathBuf,
    ledger: Option<Ledger>,
    has_backup: bool,
}

impl World {
    fn ledger(&mut self) -> &Ledger {
        let path = self.dir.join(layout::LEDGER);
        self.ledger.get_or_insert_with(|| {
            let ledger = Ledger::open(&path).unwrap();
            ledger.add_extra_path(b"/r", &[PathType::Scanned]).unwrap();
            ledger
        })
    }

    fn root(&mut self) -> RootId {
        self.ledger().reader().unwrap().roots().unwrap()[0].0
    }

    fn id_of(&mut self, name: u8) -> Option<ImageId> {
        let path = format!("/r/f/{name}.png");
        Some(self.ledger().reader().unwrap().present_at(path.as_bytes()).unwrap()?.0)
    }

    fn step(&mut self, op: &Op) {
        match *op {
            Op::See(name, date, text) => {
                let seen = seen(self.root(), name, date, text);
                self.ledger().observe(vec![seen]).unwrap();
            }
            Op::Miss(name) => {
                if let Some(image) = self.id_of(name) {
                    let reader = self.ledger().reader().unwrap();
                    let file = reader.sighted(image, &reader.image(image).unwrap().unwrap()).unwrap();
                    drop(reader);
                    self.ledger()
                        .observe(vec![Observation::Missing { file, copies: Vec::new(), at: Timestamp(1) }])
                        .unwrap();
                }
            }
            Op::Toggle(name, tag) => {
                if let Some(image) = self.id_of(name) {
                    let (_, tag) = self.ledger().make_tag(&format!("tag {tag}")).unwrap();
                    self.ledger().toggle_tag(tag, image).unwrap();
                }
            }
            Op::Readd => {
                self.ledger().remove_extra_path(b"/r", &[]).unwrap();
                self.ledger().add_extra_path(b"/r", &[PathType::Scanned]).unwrap();
            }
            Op::Lose(name) => {
                self.step(&Op::Miss(name));
                self.sweep(false);
            }
            Op::Sweep(is_careful) => self.sweep(is_careful),
            Op::Follow => {
                let dir = self.dir.clone();
                follow(self.ledger(), &dir);
            }
            Op::Restart => self.ledger = None,
            Op::Backup => {
                self.ledger = None;
                self.has_backup =
                    std::fs::copy(self.dir.join(layout::LEDGER), self.dir.join("backup")).is_ok();
            }
            Op::Restore => {
                if self.has_backup {
                    self.ledger = None;
                    std::fs::copy(self.dir.join("backup"), self.dir.join(layout::LEDGER)).unwrap();
                }
            }
        }
    }

    /// What a person did is there as before, and a careful one makes no projection start empty.
    fn sweep(&mut self, is_careful: bool) {
        let before = self.judged();
        let followed = match is_careful {
            true => before.into_iter().map(|judged| judged.unwrap_or_default()).min().unwrap(),
            false => Seq(u64::MAX),
        };
        let which = Sweepable { before: Timestamp(2), followed, max: usize::MAX };
        let (tagged, last) = (self.tagged(), self.ledger().reader().unwrap().last_image().unwrap());
        self.ledger().sweep(which, &Stop::never()).unwrap();
        assert_eq!(self.tagged(), tagged);
        assert_eq!(self.ledger().reader().unwrap().last_image().unwrap(), last);
        if is_careful {
            assert_eq!(self.judged(), before);
        }
    }

    /// Custom tags by image.
    fn tagged(&mut self) -> BTreeMap<u32, Vec<TagId>> {
        let reader = self.ledger().reader().unwrap();
        let tags = |id: u32| (id, reader.custom_tag_ids_of(ImageId(id)).unwrap());
        (1..=reader.last_image().unwrap().0).map(tags).filter(|(_, tags)| !tags.is_empty()).collect()
    }

    /// From where each projection may continue.
    fn judged(&mut self) -> [Result<Seq, StartEmpty>; 3] {
        let [tags, text, vectors] =
            [layout::TAGS, layout::TEXT, layout::VECTORS].map(|name| self.dir.join(name));
        let found = [
            TagsProjection::open(&tags).checkpoint(),
            TextProjection::open(&text).checkpoint(),
            VectorsProjection::open(&vectors).checkpoint(),
        ];
        let formats = [format::TAGS.current, format::TEXT.current, format::VECTORS.current];
        let reader = self.ledger().reader().unwrap();
        [0, 1, 2].map(|at| {
            found[at].and_then(|known| known.judge(formats[at], reader.history(known.seen).unwrap()))
        })
    }
}

fn seen(root: RootId, name: u8, date: u8, text: u8) -> Observation {
    let tags = vec![(TagKind::Pos, format!("word {text}"))];
    Observation::Seen(Box::new(Seen {
        root,
        folder: RelPath::from_bytes(&b"f"[..]),
        name: format!("{name}.png").into_bytes(),
        sighting: Sighting {
            size: u64::from(text),
            modified: Timestamp(i64::from(date)),
            ..Sighting::default()
        },
        media: MediaKind::Image,
        fingerprint: Fingerprint([1; 16]),
        pixel_width: 1 + u32::from(text % 2),
        pixel_height: 1,
        text: Some(Arc::new(SharedText::new(format!("text {}\nSteps: {text}, Size: 8x8", text / 2), tags))),
        holes: vec![u64::from(name)],
        rule_tags: Vec::new(),
        complaints: 0,
        note: lumidex_schema::note::Note::default(),
        elsewhere: Elsewhere::default(),
    }))
}

/// What projections show: live images in order, tags by name with their images, texts with their prompts.
type Shown = (Vec<u32>, BTreeMap<String, Vec<u32>>, u64, Vec<(Option<String>, Option<PromptId>)>);

fn follow(ledger: &Ledger, dir: &Path) -> Shown {
    let mut tags = TagsProjection::open(&dir.join(layout::TAGS));
    let mut text = TextProjection::open(&dir.join(layout::TEXT));
    catch_up(&mut tags, ledger, &Stop::never(), &mut |_, _| {}).unwrap();
    catch_up(&mut text, ledger, &Stop::never(), &mut |_, _| {}).unwrap();
    let mut vectors = VectorsProjection::open(&dir.join(layout::VECTORS));
    catch_up(&mut vectors, ledger, &Stop::never(), &mut |_, _| {}).unwrap();
    let (tags, text) = (tags.reader(), text.reader().snapshot());
    let prompts = vectors.reader(ledger.clone(), Paid::at(&dir.join(layout::PAID)));
    let state = tags.read();
    let named = state.tags().map(|(id, entry)| {
        let images: Vec<u32> = state.posting(id).to_bitmap().iter().collect();
        (format!("{:?} {} {}", entry.kind, entry.name, id), images)
    });
    let named = named.filter(|(_, images)| !images.is_empty()).collect();
    let known = ledger.reader().unwrap();
    let last = (1..).take_while(|id| known.text(TextId(*id)).unwrap().is_some()).count() as u32;
    let shown = |id| (text.folded(id).map(str::to_owned), prompts.prompt_of(id));
    let texts = (1..=last).map(|id| shown(TextId(id))).collect();
    (state.order.ids().to_vec(), named, state.total_bytes, texts)
}

/// The same from the ledger alone.
fn truth(ledger: &Ledger) -> (Vec<u32>, BTreeMap<TagId, Vec<u32>>) {
    let reader = ledger.reader().unwrap();
    let mut live = Vec::new();
    let mut custom: BTreeMap<TagId, Vec<u32>> = BTreeMap::new();
    for id in 1..=reader.last_image().unwrap().0 {
        let Some(image) = reader.image(ImageId(id)).unwrap() else { continue };
        if image.presence == Presence::Present {
            live.push((image.sighting.modified, id));
            for tag in reader.custom_tag_ids_of(ImageId(id)).unwrap() {
                custom.entry(tag).or_default().push(id);
            }
        }
    }
    live.sort_unstable();
    (live.into_iter().map(|(_, id)| id).collect(), custom)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_projection_that_may_continue_equals_one_filled_from_nothing(ops in vec(op(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let mut world = World { dir: dir.path().to_owned(), ledger: None, has_backup: false };
        for op in &ops {
            world.step(op);
        }
        let followed = follow(world.ledger(), dir.path());
        let fresh = tempfile::tempdir().unwrap();
        let refilled = follow(world.ledger(), fresh.path());
        prop_assert_eq!(&followed, &refilled);
        let (live, custom) = truth(world.ledger());
        prop_assert_eq!(&followed.0, &live);
        for (tag, images) in custom {
            let shown = followed.1.iter().find(|(name, _)| name.ends_with(&format!(" {tag}"))).map(|(_, shown)| shown);
            prop_assert_eq!(shown, Some(&images));
        }
    }
}

#[test]
fn deleting_or_damaging_what_is_derived_costs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World { dir: dir.path().to_owned(), ledger: None, has_backup: false };
    (0..12).for_each(|name| world.step(&Op::See(name, name % 3, name % 4)));
    world.step(&Op::Toggle(3, 0));
    let expected = follow(world.ledger(), dir.path());
    let tags = dir.path().join(layout::TAGS);
    let len = std::fs::metadata(&tags).unwrap().len();
    let vectors = dir.path().join(layout::VECTORS);
    let damage: [&dyn Fn(); 6] = [
        &|| std::fs::remove_file(&tags).unwrap(),
        &|| std::fs::write(&tags, "rubbish").unwrap(),
        &|| std::fs::File::options().write(true).open(&tags).unwrap().set_len(len / 2).unwrap(),
        &|| std::fs::remove_dir_all(dir.path().join(layout::TEXT)).unwrap(),
        &|| std::fs::remove_dir_all(&vectors).unwrap(),
        &|| std::fs::write(vectors.join("prompts.redb"), "rubbish").unwrap(),
    ];
    for (nth, damage) in damage.iter().enumerate() {
        damage();
        assert_eq!(follow(world.ledger(), dir.path()), expected, "damage {nth}");
    }
}
