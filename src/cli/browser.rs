//! Opens a page in the person's browser.

use std::process::{Command, Stdio};

/// Asks the desktop to open a page.
///
/// # Errors
/// When its program for that cannot be started.
pub fn open_in_browser(url: &str) -> std::io::Result<()> {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let mut command = Command::new(program);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = command.spawn();
    started.map(drop).map_err(|error| {
        std::io::Error::new(error.kind(), format!("no browser could be started with `{program}`: {error}"))
    })
}
