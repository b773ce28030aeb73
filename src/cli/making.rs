//! What is told while small pictures are made for a whole library: a bar on a terminal, and in the end one
//! line.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal::grouped;
use crate::projection::thumbs::Built;

/// The bar of one making; nothing is shown where standard error is no terminal.
#[derive(Debug)]
pub struct MakingBar {
    bar: ProgressBar,
    what: &'static str,
}

impl MakingBar {
    /// For these, such as `thumbnails`.
    #[must_use]
    pub fn of(what: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {wide_bar} {pos}/{len} {msg}, {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what);
        Self { bar, what }
    }

    /// So far it is.
    pub fn show(&self, built: Built, all: u64) {
        self.bar.set_length(all);
        self.bar.set_position(built.made + built.present + built.failed);
    }

    /// What became of it, in one line.
    #[must_use]
    pub fn finish(self, built: Built) -> String {
        self.bar.finish_and_clear();
        told(self.what, built)
    }
}

fn told(what: &str, Built { made, present, failed }: Built) -> String {
    let mut text = format!("{} {what} made, {} were there", grouped(made), grouped(present));
    if failed > 0 {
        text.push_str(&format!(", {} files cannot be shown", grouped(failed)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_could_not_be_made() {
        let built = Built { made: 1_200, present: 3, failed: 0 };
        assert_eq!(told("covers", built), "1,200 covers made, 3 were there");
        assert!(told("covers", Built { failed: 2, ..built }).ends_with(", 2 files cannot be shown"));
    }
}
