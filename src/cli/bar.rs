//! The progress bar of a walk on standard error; nothing when that is no terminal.

use std::io::IsTerminal;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::intake::{Progress, ProgressSnapshot};
use crate::sys::Stop;

/// How often the bar is drawn again.
const REDRAW_EVERY: Duration = Duration::from_millis(100);
/// A run that reads nothing and ends sooner than this shows no bar: most updates are like that.
const SHOWN_AFTER: Duration = Duration::from_millis(500);

/// Shows every run on standard error until `stop`; `None` when standard error is no terminal, or no
/// thread can be had.
pub fn show_progress(progress: Arc<Progress>, stop: Stop) -> Option<JoinHandle<()>> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    std::thread::Builder::new().name("cli-bar".to_owned()).spawn(move || follow(&progress, &stop)).ok()
}

fn follow(progress: &Progress, stop: &Stop) {
    let mut bar: Option<ProgressBar> = None;
    while !stop.wait_for(REDRAW_EVERY) {
        let now = progress.snapshot();
        if now.is_walking && (now.to_read > 0 || now.elapsed > SHOWN_AFTER) {
            draw(bar.get_or_insert_with(begin), &now);
        } else if !now.is_walking
            && let Some(bar) = bar.take()
        {
            bar.finish_and_clear();
        }
    }
    if let Some(bar) = bar.take() {
        bar.finish_and_clear();
    }
}

fn begin() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {wide_bar} {pos}/{len} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn draw(bar: &ProgressBar, now: &ProgressSnapshot) {
    bar.set_length(now.to_read);
    bar.set_position(now.read);
    bar.set_message(message(now));
    bar.tick();
}

fn message(now: &ProgressSnapshot) -> String {
    let mut text = format!("read of {} seen", now.files);
    if now.read > 0 {
        text.push_str(&format!(", {:.0}/s", now.rate()));
    }
    if now.to_read > now.read
        && let Some(remaining) = now.remaining()
    {
        text.push_str(&format!(", {} s left", remaining.as_secs().max(1)));
    }
    if now.unreadable > 0 {
        text.push_str(&format!(", {} unreadable", now.unreadable));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_how_fast_and_how_long() {
        let now = ProgressSnapshot {
            files: 900,
            to_read: 300,
            read: 100,
            unreadable: 2,
            elapsed: Duration::from_secs(10),
            ..ProgressSnapshot::default()
        };
        assert_eq!(message(&now), "read of 900 seen, 10/s, 20 s left, 2 unreadable");
        assert_eq!(message(&ProgressSnapshot::default()), "read of 0 seen");
    }
}
