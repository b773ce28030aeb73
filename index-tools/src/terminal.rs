//! What every command says to people, and how: remarks and a bar on standard error, the bar only where that is a
//! terminal. Standard output is for what was asked for.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

static IS_QUIET: AtomicBool = AtomicBool::new(false);

/// From now on only errors are said.
pub(crate) fn be_quiet() {
    IS_QUIET.store(true, Ordering::Relaxed);
}

/// Says something that nobody needs but a person who watches.
pub(crate) fn remark(text: &str) {
    if !IS_QUIET.load(Ordering::Relaxed) {
        // Nothing is left to do about a closed terminal.
        let _ = writeln!(stderr(), "{text}");
    }
}

/// A bar of `len` steps, with rate and remaining time.
pub(crate) fn bar(verb: &'static str, len: u64) -> ProgressBar {
    if IS_QUIET.load(Ordering::Relaxed) || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(Some(len), ProgressDrawTarget::stderr());
    bar.set_style(style);
    bar.set_message(verb);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// One bar of several that are shown together.
pub(crate) fn beside(together: &MultiProgress, bar: ProgressBar) -> ProgressBar {
    if bar.is_hidden() { bar } else { together.add(bar) }
}

/// A bar for each of several things that go on at the same time.
#[derive(Default)]
pub(crate) struct Bars {
    together: MultiProgress,
    shown: BTreeMap<&'static str, ProgressBar>,
}

impl Bars {
    /// Shows how far one of them is and where its end is.
    pub(crate) fn show(&mut self, verb: &'static str, done: u64, total: u64) {
        let own = self.shown.entry(verb).or_insert_with(|| beside(&self.together, bar(verb, total)));
        show(own, verb, done, total);
        if done >= total && total > 0 {
            own.finish_and_clear();
            self.shown.remove(verb);
        }
    }

    /// Takes them away.
    pub(crate) fn clear(&mut self) {
        for bar in std::mem::take(&mut self.shown).into_values() {
            bar.finish_and_clear();
        }
    }
}

/// Shows on a bar what is done, how far it is and where the end is.
pub(crate) fn show(bar: &ProgressBar, verb: &'static str, done: u64, total: u64) {
    bar.set_message(verb);
    bar.set_length(total);
    bar.set_position(done);
}
