//! When what is due, with a clock that the tests turn.

use proptest::prelude::*;

use super::*;

const ROOT: RootId = RootId(1);

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn folder(path: &str) -> RelPath {
    RelPath::from_bytes(path.as_bytes())
}

/// What is taken at a moment, as text: `*` before a name that was rewritten.
fn taken(dirty: &mut Dirty, at: u64) -> Vec<String> {
    dirty.take(ms(at), 1_000).iter().map(shown).collect()
}

fn shown(due: &Due) -> String {
    match due {
        Due::Name { folder, name, is_rewritten, .. } => {
            let mark = if *is_rewritten { "*" } else { "" };
            format!("{mark}{}", folder.join(name).as_bytes().escape_ascii())
        }
        Due::Tree { folder, .. } => format!("{}/", folder.as_bytes().escape_ascii()),
    }
}

#[test]
fn a_finished_file_is_due_at_once_and_a_growing_one_when_it_is_quiet() {
    let mut dirty = Dirty::default();
    dirty.mark(ROOT, &folder("f"), b"a.png", Change::Written, ms(0));
    dirty.mark(ROOT, &folder("f"), b"b.png", Change::Written, ms(0));
    dirty.mark(ROOT, &folder("f"), b"a.png", Change::Finished, ms(10));
    assert_eq!(taken(&mut dirty, 12), [""; 0]);
    assert_eq!(taken(&mut dirty, 13), ["f/a.png"]);
    dirty.mark(ROOT, &folder("f"), b"b.png", Change::Written, ms(150));
    assert_eq!(taken(&mut dirty, 349), [""; 0], "it grew meanwhile");
    assert_eq!(taken(&mut dirty, 350), ["f/b.png"]);
    assert_eq!(taken(&mut dirty, 10_000), [""; 0]);
    assert_eq!(dirty.next(), None, "and everything is forgotten");
}

#[test]
fn setting_times_does_not_delay_what_is_finished() {
    let mut dirty = Dirty::default();
    dirty.mark(ROOT, &folder(""), b"a.png", Change::Finished, ms(0));
    dirty.mark(ROOT, &folder(""), b"a.png", Change::Touched, ms(1));
    assert_eq!(taken(&mut dirty, 3), ["a.png"]);
    dirty.mark(ROOT, &folder(""), b"a.png", Change::Touched, ms(4));
    assert_eq!(taken(&mut dirty, 403), [""; 0]);
    assert_eq!(taken(&mut dirty, 404), ["a.png"], "its content was not written again");
}

#[test]
fn what_is_gone_waits_for_its_other_half_and_goes_with_it() {
    let mut dirty = Dirty::default();
    dirty.mark(ROOT, &folder("a"), b"x.png", Change::Gone, ms(0));
    assert_eq!(dirty.next(), Some(limits::HOLD));
    dirty.mark(RootId(2), &folder("b"), b"y.png", Change::Finished, ms(20));
    assert_eq!(taken(&mut dirty, 23), ["b/y.png", "a/x.png"]);
    dirty.mark(ROOT, &folder("a"), b"z.png", Change::Gone, ms(30));
    assert_eq!(taken(&mut dirty, 69), [""; 0]);
    assert_eq!(taken(&mut dirty, 70), ["a/z.png"]);
    // Removed and made again is not gone.
    dirty.mark(ROOT, &folder("a"), b"w.png", Change::Gone, ms(100));
    dirty.mark(ROOT, &folder("a"), b"w.png", Change::Finished, ms(101));
    assert_eq!(taken(&mut dirty, 104), ["a/w.png"]);
}

#[test]
fn who_is_finished_over_and_over_has_to_settle() {
    let mut dirty = Dirty::default();
    let mut now = 0;
    let mut waits = Vec::new();
    for _ in 0..9 {
        dirty.mark(ROOT, &folder(""), b"a.png", Change::Finished, ms(now));
        let due = dirty.next().unwrap_or_default();
        waits.push((due - ms(now)).as_millis());
        now = u64::try_from(due.as_millis()).unwrap_or(0);
        assert_eq!(taken(&mut dirty, now).len(), 1);
    }
    assert_eq!(waits, [3, 3, 3, 200, 400, 800, 1600, 2000, 2000]);
}

#[test]
fn a_rewrite_is_told_from_a_first_look() {
    let mut dirty = Dirty::default();
    dirty.mark(ROOT, &folder(""), b"a.png", Change::Finished, ms(0));
    assert_eq!(taken(&mut dirty, 3), ["a.png"]);
    dirty.mark(ROOT, &folder(""), b"a.png", Change::Finished, ms(4));
    assert_eq!(taken(&mut dirty, 7), ["*a.png"]);
    // Long after, size and time tell.
    assert_eq!(taken(&mut dirty, 4_000), [""; 0]);
    dirty.mark(ROOT, &folder(""), b"a.png", Change::Finished, ms(4_000));
    assert_eq!(taken(&mut dirty, 4_003), ["a.png"]);
}

#[test]
fn unfinished_and_hidden_names_are_nothing_and_rules_concern_the_folder() {
    let mut dirty = Dirty::default();
    for name in [&b"a.png.tmp"[..], b".hidden.png", b"b.part", b"@eaDir"] {
        dirty.mark(ROOT, &folder("f"), name, Change::Finished, ms(0));
    }
    assert_eq!(dirty.next(), None);
    dirty.mark(ROOT, &folder("f"), b"a.png", Change::Finished, ms(0));
    dirty.mark(ROOT, &folder("f/g"), b"b.png", Change::Finished, ms(0));
    dirty.mark(ROOT, &folder("fg"), b"c.png", Change::Finished, ms(0));
    dirty.mark(ROOT, &folder("f"), IGNORE_FILE, Change::Finished, ms(0));
    assert_eq!(taken(&mut dirty, 3), ["fg/c.png"], "what is below goes with its folder");
    assert_eq!(taken(&mut dirty, 40), ["f/"]);
}

#[test]
fn a_burst_becomes_a_folder_and_many_folders_their_root() {
    let mut dirty = Dirty::default();
    for n in 0..=limits::FILES_PER_FOLDER_MAX {
        dirty.mark(ROOT, &folder("f"), format!("{n}.png").as_bytes(), Change::Finished, ms(0));
    }
    dirty.mark(ROOT, &folder("g"), b"a.png", Change::Finished, ms(0));
    assert_eq!(taken(&mut dirty, 3), ["g/a.png"]);
    dirty.mark(ROOT, &folder("f"), b"late.png", Change::Finished, ms(100));
    assert_eq!(taken(&mut dirty, 200), ["f/"], "which holds the late one as well");
    assert_eq!(taken(&mut dirty, 10_000), [""; 0]);

    for n in 0..=limits::FOLDERS_PER_ROOT_MAX {
        dirty.mark_tree(ROOT, &folder(&n.to_string()), ms(20_000));
    }
    dirty.mark(ROOT, &folder("g"), b"a.png", Change::Finished, ms(20_000));
    assert_eq!(taken(&mut dirty, 20_003), ["/"]);
    assert_eq!(dirty.next(), None);
}

#[test]
fn names_in_all_are_bounded() {
    let mut dirty = Dirty::default();
    for n in 0..limits::FILES_MAX + 5 {
        let place = folder(&(n / 4_000).to_string());
        dirty.mark(ROOT, &place, format!("{n}.png").as_bytes(), Change::Finished, ms(0));
    }
    assert!(dirty.entries.len() <= limits::FILES_MAX);
    let last = folder(&(limits::FILES_MAX / 4_000).to_string());
    assert!(dirty.is_tree_waiting(ROOT, &last));
}

#[test]
fn a_root_that_is_forgotten_leaves_nothing() {
    let mut dirty = Dirty::default();
    dirty.mark(ROOT, &folder("f"), b"a.png", Change::Gone, ms(0));
    dirty.mark(RootId(2), &folder("f"), b"a.png", Change::Gone, ms(0));
    dirty.mark_tree(ROOT, &folder("g"), ms(0));
    dirty.forget(ROOT);
    let left = dirty.take(ms(100), 10);
    assert!(matches!(left.as_slice(), [Due::Name { root: RootId(2), .. }]), "{left:?}");
    assert!(dirty.n_waiting.is_empty() && dirty.gone.is_empty());
}

/// The toy: a list of names, looked through from one end to the other.
#[derive(Default)]
struct Toy {
    names: Vec<ToyName>,
}

struct ToyName {
    name: String,
    due: Option<u64>,
    is_gone: bool,
    is_written: bool,
    looks: Vec<u64>,
}

impl Toy {
    fn mark(&mut self, name: &str, change: Change, now: u64) {
        if !self.names.iter().any(|known| known.name == name) {
            let name = name.to_owned();
            let fresh = ToyName { name, due: None, is_gone: false, is_written: false, looks: Vec::new() };
            self.names.push(fresh);
        }
        let known = self.names.iter_mut().find(|known| known.name == name).expect("it is there by now");
        if known.due.is_none() {
            known.is_written = false;
            // Forgotten when nothing happened for a while after the last look.
            if known.looks.last().is_some_and(|last| last + 3_000 <= now) {
                known.looks.clear();
            }
        }
        let n_looks = known.looks.len() as u32;
        let settle = |n: u32| (200 * 2_u64.pow(n.min(8))).min(2_000);
        match change {
            Change::Finished => {
                let wait = if n_looks < 3 { 3 } else { settle(n_looks - 3) };
                (known.due, known.is_gone, known.is_written) = (Some(now + wait), false, true);
            }
            Change::Written => {
                (known.due, known.is_gone, known.is_written) = (Some(now + settle(n_looks)), false, true);
            }
            Change::Touched => {
                if known.due.is_none() {
                    (known.due, known.is_gone) = (Some(now + settle(n_looks)), false);
                }
            }
            Change::Gone => (known.due, known.is_gone, known.is_written) = (Some(now + 40), true, true),
        }
    }

    fn take(&mut self, now: u64) -> Vec<String> {
        let any = self.names.iter().any(|known| known.due.is_some_and(|due| due <= now));
        let mut taken = Vec::new();
        for known in &mut self.names {
            let Some(due) = known.due else { continue };
            if due <= now || (any && known.is_gone) {
                let is_rewritten = !known.looks.is_empty() && known.is_written;
                taken.push(format!("{}{}", if is_rewritten { "*" } else { "" }, known.name));
                known.due = None;
                known.looks.push(now);
            }
        }
        taken.sort();
        taken
    }
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => Just(Change::Finished),
        3 => Just(Change::Written),
        1 => Just(Change::Touched),
        2 => Just(Change::Gone),
    ]
}

proptest! {
    #[test]
    fn it_does_what_the_toy_does(
        steps in prop::collection::vec((0_usize..4, change(), prop_oneof![0_u64..5, 0_u64..500, 0_u64..5_000]), 1..60),
    ) {
        const NAMES: [&str; 4] = ["a.png", "b.jpg", "c.mp4", "d.txt"];
        let (mut dirty, mut toy, mut now) = (Dirty::default(), Toy::default(), 0);
        for (name, change, wait) in steps {
            now += wait;
            let mut real = taken(&mut dirty, now);
            real.sort();
            prop_assert_eq!(real, toy.take(now));
            // Nothing is due before it says so.
            prop_assert!(dirty.next().is_none_or(|next| next > ms(now)));
            dirty.mark(ROOT, &RelPath::root(), NAMES[name].as_bytes(), change, ms(now));
            toy.mark(NAMES[name], change, now);
        }
        let mut real = taken(&mut dirty, now + 2_000);
        real.sort();
        prop_assert_eq!(real, toy.take(now + 2_000));
    }
}
