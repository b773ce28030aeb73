//! Opens a page in the person's browser.

use std::process::{Command, Stdio};

/// Asks the desktop to open a page; says so when it cannot.
pub fn open_in_browser(url: &str) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let started = Command::new(program)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = started {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "no browser could be started with `{program}`"
        );
    }
}
