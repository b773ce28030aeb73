//! The real server under mixed load, killed at random moments and started again: every edit and every
//! operation on files that was acknowledged is there, every other one is there wholly or not at all, tags
//! are on the files they were put on wherever those went, and the indexes equal rebuilt ones.
//!
//! A *world* is a library with its data folder; it lives through some cycles and is thrown away. All
//! that is random in it follows from its seed, but for the interleaving of threads and the moment of
//! the kill. Two worlds are run by default; `tests/README.md` says how to run many.

mod check;
mod clerk;
mod files;
mod load;
mod picture;
mod state;
mod thousands;
mod totals;

use super::live::Program;
use crate::support::record::Record;
use check::Check;
use clerk::Clerk;
use files::Files;
use load::{Mover, Searcher, Tagger};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use totals::{COLUMNS, Totals};

/// Cycles of one world: long enough for edits to pile up, short enough to lose little of a long run.
const CYCLES_OF_A_WORLD: u32 = 25;
/// Cycles when nobody asks for more.
const CYCLES_DEFAULT: u64 = 50;
/// Files a world begins with.
const FILES: u32 = 200;
/// How long a server lives under load, in milliseconds.
const LIFE_MS: std::ops::Range<u64> = 50..400;
/// One life in so many is long enough for the indexes to be made durable, which they are together
/// after three seconds, and ends about then.
const LONG_LIVES: u8 = 10;
const LONG_LIFE_MS: std::ops::Range<u64> = 2_400..3_600;
/// How long it lives when it is killed again before anything was asked: in recovery, or soon after.
const SHORT_LIFE_MS: std::ops::Range<u64> = 0..60;
/// Every so many cycles the indexes are compared with rebuilt ones.
const REBUILD_EVERY: u32 = 5;

#[test]
fn acknowledged_edits_outlive_kills() {
    let asked = std::env::var("LUMIDEX_CRASH_CYCLES").ok().map(|cycles| cycles.parse().unwrap());
    let mut record = Record::open("crash", COLUMNS);
    let cycles = asked.unwrap_or(CYCLES_DEFAULT);
    let mut totals = Totals::from(record.totals());
    for seed in 1.. {
        if totals.cycles >= cycles {
            break;
        }
        if !record.has(seed) {
            let began = Instant::now();
            let of_world = world(seed);
            record.add(seed, of_world.numbers(), began.elapsed());
            totals += of_world;
        }
    }
    println!("{totals}");
    assert!(totals.cycles >= cycles && totals.acknowledged > totals.cycles, "{totals}");
    assert!(totals.file_changes > 0 && totals.rebuilds > 0, "{totals}");
    // How much gets done before each kill is the machine's affair.
    assert!(totals.operations > 0 && totals.undone > 0, "{totals}");
}

/// One library through its cycles.
fn world(seed: u64) -> Totals {
    let dir = tempfile::tempdir().unwrap();
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut world = World {
        data: dir.path().join("data"),
        files: Files::new(dir.path(), FILES),
        taggers: [0, 1].map(|nth| Tagger::new(nth, rng.fork())),
        mover: Mover::new(rng.fork()),
        searcher: Searcher::new(rng.fork()),
        clerk: Clerk::new(rng.fork()),
        ids: BTreeMap::new(),
        rng,
        totals: Totals::default(),
    };
    for cycle in 0..CYCLES_OF_A_WORLD {
        let _place = Place { seed, cycle };
        let program = world.started();
        world.check(&program, cycle % REBUILD_EVERY == REBUILD_EVERY - 1);
        world.live_and_die(program);
    }
    let _place = Place { seed, cycle: CYCLES_OF_A_WORLD };
    let program = world.started();
    world.check(&program, true);
    world.totals()
}

struct World {
    data: PathBuf,
    files: Files,
    taggers: [Tagger; 2],
    mover: Mover,
    searcher: Searcher,
    clerk: Clerk,
    /// Ids of images, by the keys of their pictures.
    ids: BTreeMap<u32, u64>,
    rng: fastrand::Rng,
    totals: Totals,
}

impl World {
    /// A server that listens. Now and then one was killed before it while it recovered.
    fn started(&mut self) -> Program {
        if self.rng.u8(..4) == 0 {
            let program = Program::start(&self.data, &[self.files.root()]);
            std::thread::sleep(Duration::from_millis(self.rng.u64(SHORT_LIFE_MS)));
            program.kill();
        }
        Program::start(&self.data, &[self.files.root()])
    }

    fn check(&mut self, program: &Program, with_rebuild: bool) {
        if self.rng.bool() {
            // What was begun with files is gone on with beside a walk, or before one.
            program.reference("/db/update_image_data", &json!({}));
        }
        self.totals += Check::operations(program, &mut self.clerk, &self.files);
        let check = Check::begin(program, &self.files);
        for tagger in &mut self.taggers {
            self.totals += check.edits(tagger);
        }
        check.files(&mut self.ids, &mut self.rng);
        if with_rebuild {
            check.rebuilt(&self.data, &mut self.rng);
            self.totals.rebuilds += 1;
        }
    }

    /// Everyone works until the server is killed, wherever it is by then.
    fn live_and_die(&mut self, mut program: Program) {
        let is_long = self.rng.u8(..LONG_LIVES) == 0;
        let life = Duration::from_millis(self.rng.u64(if is_long { LONG_LIFE_MS } else { LIFE_MS }));
        let Self { files, taggers: [first, second], mover, searcher, clerk, .. } = self;
        std::thread::scope(|scope| {
            for tagger in [first, second] {
                scope.spawn(|| tagger.run(&program, files));
            }
            scope.spawn(|| mover.run(&program, files));
            scope.spawn(|| searcher.run(&program, files));
            scope.spawn(|| clerk.run(&program, files));
            std::thread::sleep(life);
            kill_process(Pid::from_child(&program.child), Signal::KILL).unwrap();
        });
        let status = program.child.wait().unwrap();
        assert_eq!(status.signal(), Some(Signal::KILL.as_raw()), "it did not end by itself: {status}");
        self.totals.cycles += 1;
    }

    fn totals(self) -> Totals {
        let mut totals = self.totals;
        for tagger in &self.taggers {
            totals.acknowledged += tagger.acknowledged;
            totals.refused += tagger.refused;
        }
        totals.file_changes += self.mover.changes;
        totals.searches += self.searcher.searches;
        totals.operations += self.clerk.done;
        totals.undone += self.clerk.undone;
        totals.operations_refused += self.clerk.refused;
        totals
    }
}

/// Says where a failure happened.
struct Place {
    seed: u64,
    cycle: u32,
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("in cycle {} of the world with seed {}", self.cycle, self.seed);
        }
    }
}
