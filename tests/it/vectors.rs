//! Prompts and their vectors as they follow the ledger: new texts, edits, restarts, damage, models that are
//! paid for.

use crate::support::watched::until;
use lumidex::ledger::paid::Paid;
use lumidex::ledger::{Elsewhere, Ledger, Observation, Seen, SharedText, Worded};
use lumidex::projection::Projection;
use lumidex::projection::follower::catch_up;
use lumidex::projection::tags::TagsProjection;
use lumidex::projection::vectors::{BUILTIN, Scope, VectorsKeeper, VectorsProjection, VectorsReader};
use lumidex::sys::Stop;
use lumidex_schema::id::{ImageId, PromptId, RootId, TextId, Timestamp};
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Fingerprint, PathType, Sighting};
use lumidex_schema::{layout, text};
use lumidex_topics::Unwatched;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

struct World {
    dir: PathBuf,
    ledger: Ledger,
    root: RootId,
    paid: Paid,
    tags: TagsProjection,
    vectors: VectorsProjection,
}

impl World {
    fn open(dir: &Path) -> Self {
        let ledger = Ledger::open(&dir.join(layout::LEDGER)).unwrap();
        ledger.add_extra_path(b"/r", &[PathType::Scanned]).unwrap();
        let root = ledger.reader().unwrap().roots().unwrap()[0].0;
        let paid = Paid::at(&dir.join(layout::PAID));
        let tags = TagsProjection::open(&dir.join(layout::TAGS));
        let vectors = VectorsProjection::open(&dir.join(layout::VECTORS));
        let mut world = Self { dir: dir.to_owned(), ledger, root, paid, tags, vectors };
        world.follow();
        world
    }

    fn reopened(self) -> Self {
        let dir = self.dir.clone();
        drop(self);
        Self::open(&dir)
    }

    fn follow(&mut self) {
        catch_up(&mut self.tags, &self.ledger, &Stop::never(), &mut |_, _| {}).unwrap();
        catch_up(&mut self.vectors, &self.ledger, &Stop::never(), &mut |_, _| {}).unwrap();
    }

    fn reader(&self) -> VectorsReader {
        self.vectors.reader(self.ledger.clone(), self.paid.clone())
    }

    /// Files arrive, by name and generation text.
    fn see(&mut self, files: &[(u32, String)]) {
        let seen = |(name, whole): &(u32, String)| {
            let split = text::split(whole);
            Observation::Seen(Box::new(Seen {
                root: self.root,
                folder: RelPath::from_bytes(&b"f"[..]),
                name: format!("{name}.png").into_bytes(),
                sighting: Sighting { size: 1, modified: Timestamp(i64::from(*name)), ..Sighting::default() },
                media: MediaKind::Image,
                fingerprint: Fingerprint([1; 16]),
                pixel_width: 8,
                pixel_height: 8,
                text: (!whole.is_empty()).then(|| Arc::new(SharedText::new(split.template, Vec::new()))),
                holes: split.holes,
                rule_tags: Vec::new(),
                complaints: 0,
                note: lumidex_schema::note::Note::default(),
                elsewhere: Elsewhere::default(),
            }))
        };
        self.ledger.observe(files.iter().map(seen).collect()).unwrap();
        self.follow();
    }

    fn image(&self, name: u32) -> ImageId {
        let path = format!("/r/f/{name}.png");
        self.ledger.reader().unwrap().present_at(path.as_bytes()).unwrap().unwrap().0
    }

    fn scope(&self) -> Scope {
        let tags = self.tags.reader();
        let state = tags.read();
        let scope = self.reader().scope(&state, &state.live);
        assert_eq!(*self.reader().whole_scope(&state), scope);
        scope
    }

    /// The words of every prompt, by id.
    fn words(&self) -> Vec<String> {
        let (vectors, reader) = (self.reader(), self.ledger.reader().unwrap());
        (0..vectors.n_prompts()).map(|id| vectors.prompt(&reader, PromptId(id)).unwrap().unwrap()).collect()
    }

    fn home(&self) -> PathBuf {
        self.dir.join(layout::VECTORS).join(BUILTIN)
    }
}

fn generated(prompt: &str, seed: u32, steps: u32) -> String {
    format!("{prompt}\nNegative prompt: blurry\nSteps: {steps}, Sampler: Euler a, Seed: {seed}, Size: 64x64")
}

const THEMES: [[&str; 6]; 4] = [
    ["red fox", "snow", "winter forest", "fur", "wildlife photo", "cold light"],
    ["neon city", "rain", "cyberpunk street", "night", "hologram signs", "wet asphalt"],
    ["sailing ship", "storm at sea", "waves", "oil painting", "dramatic clouds", "foam"],
    ["portrait of a wizard", "long beard", "staff", "fantasy art", "glowing runes", "robe"],
];

/// A prompt of a theme: each has words of its own, and no two are the same.
fn themed(nth: u32) -> String {
    let theme = THEMES[nth as usize % THEMES.len()];
    let word = |step: u32| theme[(nth / 4 * step + step) as usize % theme.len()];
    format!("{}, {}, {}, detail {}", word(1), word(2), word(5), nth / 4)
}

#[test]
fn images_share_prompts_whatever_else_their_texts_say() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::open(dir.path());
    world.see(&[
        (1, generated("a red fox, snow", 7, 20)),
        (2, generated("a red fox, snow", 8, 20)),
        (3, generated("a red fox, snow", 8, 30)),
        (4, generated("a neon city", 9, 20)),
        (5, "my holiday by the sea".to_owned()),
        (6, String::new()),
    ]);
    let [fox, city] = [0, 1].map(PromptId);
    let words = world.words();
    assert!(words.len() == 2 && words[0].contains("red fox") && words[1].contains("neon city"), "{words:?}");
    let expected: BTreeMap<PromptId, Vec<ImageId>> =
        [(fox, [1, 2, 3].map(|name| world.image(name)).to_vec()), (city, vec![world.image(4)])].into();
    let shown = |scope: &Scope| {
        scope.iter().map(|(prompt, images)| (prompt, images.to_vec())).collect::<BTreeMap<_, _>>()
    };
    let scope = world.scope();
    assert_eq!(shown(&scope), expected);
    assert_eq!((scope.n_images(), scope.n_without()), (4, 2));
    assert_eq!((scope.images_of(city), scope.images_of(PromptId(9))), (&[world.image(4)][..], &[][..]));
    assert_eq!(scope.to_bitmap().iter().collect::<Vec<_>>(), [0, 1]);
    let vectors = world.reader();
    assert_eq!(vectors.text_of(fox), Some(TextId(1)));
    assert_eq!(vectors.find(&vectors.hash_of(city).unwrap()), Some(city));
    assert_eq!((vectors.hash_of(PromptId(2)), vectors.prompt_of(TextId(99))), (None, None));

    // What a person writes is what the image says; what the file says comes back.
    let split = text::split(&generated("a neon city", 1, 99));
    let worded = Worded {
        shared: Arc::new(SharedText::new(split.template, Vec::new())),
        holes: split.holes,
        rule_tags: Vec::new(),
    };
    world.ledger.edit_text(world.image(1), Some(worded)).unwrap();
    world.follow();
    assert_eq!(world.scope().images_of(city), [world.image(1), world.image(4)]);
    world.ledger.edit_text(world.image(1), None).unwrap();
    world.follow();
    assert_eq!(shown(&world.scope()), expected);
    // An image that is gone is in no scope; its prompt keeps its number.
    let reader = world.ledger.reader().unwrap();
    let file = reader.sighted(world.image(4), &reader.image(world.image(4)).unwrap().unwrap()).unwrap();
    drop(reader);
    world.ledger.observe(vec![Observation::Missing { file, copies: Vec::new(), at: Timestamp(1) }]).unwrap();
    world.follow();
    assert_eq!(world.scope().prompts(), [fox]);
    assert_eq!(world.words(), words);
}

#[test]
fn prompts_have_the_same_numbers_after_a_restart_and_after_a_rebuild() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::open(dir.path());
    let files = |range: std::ops::Range<u32>| -> Vec<_> {
        range.map(|n| (n, generated(&themed(n * 31 % 47), n, 20 + n % 3))).collect()
    };
    world.see(&files(0..60));
    world = world.reopened();
    // Over a boundary of what is stored together.
    world.see(&files(60..2_300));
    let (words, scope) = (world.words(), world.scope());
    assert_eq!(words.len(), 47);
    world = world.reopened();
    assert_eq!((&world.words(), &world.scope()), (&words, &scope));
    assert!(world.vectors.checkpoint().is_ok());
    world.vectors.start_empty().unwrap();
    assert_eq!(world.reader().n_prompts(), 0);
    world.follow();
    assert_eq!((&world.words(), &world.scope()), (&words, &scope));
    let prompts = dir.path().join(layout::VECTORS).join("prompts.redb");
    let damage: [&dyn Fn(); 3] = [
        &|| std::fs::remove_file(&prompts).unwrap(),
        &|| std::fs::write(&prompts, "rubbish").unwrap(),
        &|| std::fs::remove_dir_all(dir.path().join(layout::VECTORS)).unwrap(),
    ];
    for (nth, damage) in damage.iter().enumerate() {
        drop(world);
        damage();
        world = World::open(dir.path());
        assert_eq!((&world.words(), &world.scope()), (&words, &scope), "damage {nth}");
    }
}

/// How many of the ten nearest prompts are of the same theme, of all that may be.
fn of_one_theme(world: &World) -> f64 {
    let (space, words) = (world.reader().space(BUILTIN).unwrap(), world.words());
    let theme = |prompt: PromptId| {
        THEMES.iter().position(|theme| theme.iter().any(|word| words[prompt.index()].contains(word))).unwrap()
    };
    let (mut same, mut all) = (0, 0);
    for prompt in (0..words.len() as u32).map(PromptId) {
        for (near, _) in space.candidates(prompt, 10) {
            same += u32::from(theme(near) == theme(prompt));
            all += 1;
        }
    }
    f64::from(same) / f64::from(all)
}

#[test]
fn the_built_in_model_learns_keeps_what_it_learned_and_takes_in_what_comes() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::open(dir.path());
    // Before there is anything, everything is empty.
    assert_eq!(world.reader().space(BUILTIN).unwrap().n(), 0);
    assert_eq!(world.reader().embed_query("fox").unwrap(), None);
    world.reader().ready_builtin(&mut Unwatched).unwrap();
    world.see(&(0..400).map(|n| (n, generated(&themed(n), n, 20))).collect::<Vec<_>>());
    let stopped = world.reader().ready_builtin(&mut |_: f32| false);
    assert!(stopped.is_err() && world.reader().space(BUILTIN).unwrap().n() == 0);
    let mut told = Vec::new();
    world
        .reader()
        .ready_builtin(&mut |done: f32| {
            told.push(done);
            true
        })
        .unwrap();
    assert!(told.is_sorted() && told.iter().all(|done| (0.0..=1.0).contains(done)), "{told:?}");
    assert_eq!(world.reader().space(BUILTIN).unwrap().n(), 400);
    assert!(of_one_theme(&world) > 0.9, "{}", of_one_theme(&world));
    let query = world.reader().embed_query("red fox in the snow").unwrap().unwrap();
    let found = world.reader().space(BUILTIN).unwrap().search(&query, None, 5, 0.0);
    assert!(
        found.iter().all(|(prompt, _)| world.words()[prompt.index()].contains("fox")
            || THEMES[0].iter().any(|word| world.words()[prompt.index()].contains(word))),
        "{found:?}"
    );

    // What comes is there at once, without learning anew.
    let edition = || std::fs::read_to_string(world.home().join("current")).unwrap();
    let before = edition();
    let vectors = world.reader();
    let first = vectors.space(BUILTIN).unwrap().vector(PromptId(1)).unwrap();
    assert_eq!(edition(), before);
    world.see(&(400..500).map(|n| (n, generated(&themed(n), n, 20))).collect::<Vec<_>>());
    let space = vectors.space(BUILTIN).unwrap();
    assert_eq!((space.n(), space.n_tail()), (500, 100));
    let tail = space.vector(PromptId(450)).unwrap();
    // And it is the same after a restart.
    drop((space, vectors));
    world = world.reopened();
    let space = world.reader().space(BUILTIN).unwrap();
    assert_eq!((space.n(), space.n_tail()), (500, 100));
    assert_eq!((space.vector(PromptId(1)), space.vector(PromptId(450))), (Some(first), Some(tail)));
    world.reader().ready_builtin(&mut Unwatched).unwrap();
    assert_eq!(std::fs::read_to_string(world.home().join("current")).unwrap(), before);
    // When the library has grown enough it learns anew, and the former edition goes.
    world.see(&(500..700).map(|n| (n, generated(&themed(n), n, 20))).collect::<Vec<_>>());
    world.reader().ready_builtin(&mut Unwatched).unwrap();
    let space = world.reader().space(BUILTIN).unwrap();
    assert_eq!((space.n(), space.n_tail()), (700, 0));
    assert_eq!(std::fs::read_dir(world.home()).unwrap().count(), 2, "a pointer and an edition");
}

#[test]
fn a_damaged_edition_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::open(dir.path());
    world.see(&(0..300).map(|n| (n, generated(&themed(n), n, 20))).collect::<Vec<_>>());
    world.reader().ready_builtin(&mut Unwatched).unwrap();
    let expected = world.reader().space(BUILTIN).unwrap().vector(PromptId(7)).unwrap();
    let edition = world.home().join(std::fs::read_to_string(world.home().join("current")).unwrap());
    let names: Vec<_> =
        std::fs::read_dir(&edition).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.len() >= 4, "{names:?}");
    for name in names {
        let edition = world.home().join(std::fs::read_to_string(world.home().join("current")).unwrap());
        let path = edition.join(&name);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        std::fs::write(&path, bytes).unwrap();
        world = world.reopened();
        assert_eq!(world.reader().space(BUILTIN).unwrap().n(), 0, "{name:?}");
        world.reader().ready_builtin(&mut Unwatched).unwrap();
        let space = world.reader().space(BUILTIN).unwrap();
        assert_eq!((space.n(), space.vector(PromptId(7))), (300, Some(expected.clone())), "{name:?}");
    }
}

#[test]
fn vectors_that_were_paid_for_are_found_and_never_asked_for_again() {
    const MODEL: &str = "text-embedding/3 \u{e9}../";
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::open(dir.path());
    world.see(&(0..40).map(|n| (n, generated(&themed(n), n, 20))).collect::<Vec<_>>());
    let vector = |prompt: u32| vec![1.0, f32::from(u8::try_from(prompt).unwrap()) * 0.1, 2.0];
    let buy = |world: &World, prompts: std::ops::Range<u32>| {
        let hash = |prompt: u32| world.reader().hash_of(PromptId(prompt)).unwrap();
        let bought: Vec<_> = prompts.map(|prompt| (hash(prompt), vector(prompt))).collect();
        world.paid.put_vectors(MODEL, &bought).unwrap();
    };
    buy(&world, 0..20);
    let vectors = world.reader();
    assert_eq!(vectors.space(MODEL).unwrap().n(), 20);
    buy(&world, 20..30);
    assert_eq!(vectors.space(MODEL).unwrap().n(), 20, "until they are included");
    vectors.include(MODEL, &[PromptId(25), PromptId(24), PromptId(39), PromptId(4_000)]).unwrap();
    let space = vectors.space(MODEL).unwrap();
    assert_eq!((space.n(), space.dim(), space.contains(PromptId(26))), (22, 3, false));
    let found = space.search(&vector(25), None, 1, 0.5);
    assert!(found[0].0 == PromptId(25) && found[0].1 > 0.999, "{found:?}");
    // One of another length, or none at all, is left out.
    let odd = [
        (vectors.hash_of(PromptId(30)).unwrap(), vec![1.0; 4]),
        (vectors.hash_of(PromptId(31)).unwrap(), vec![f32::NAN; 3]),
    ];
    world.paid.put_vectors(MODEL, &odd).unwrap();
    vectors.include(MODEL, &[PromptId(30), PromptId(31)]).unwrap();
    let space = vectors.space(MODEL).unwrap();
    assert!(
        !space.contains(PromptId(30))
            && space.search(&vector(1), None, 100, -1.0).iter().all(|(_, score)| score.is_finite())
    );
    drop((vectors, space));
    world = world.reopened();
    let space = world.reader().space(MODEL).unwrap();
    assert_eq!(space.n(), 31, "everything that was paid for, and one that says nothing");
    // They survive what is derived.
    world.vectors.start_empty().unwrap();
    world.follow();
    assert_eq!(world.reader().space(MODEL).unwrap().n(), 31);
}

#[test]
fn left_alone_it_learns_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::open(dir.path());
    world.see(&(0..300).map(|n| (n, generated(&themed(n), n, 20))).collect::<Vec<_>>());
    let keeper = VectorsKeeper::start(world.reader()).unwrap();
    let current = world.home().join("current");
    let edition = || std::fs::read_to_string(&current).unwrap_or_default();
    assert_eq!(edition(), "", "not before it is quiet");
    world.vectors.rest();
    until("the model learns", || edition() == "edition-00000001", edition);
    drop(keeper);
    assert_eq!(world.reader().space(BUILTIN).unwrap().n(), 300);
}
