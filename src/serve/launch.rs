//! Opens a file or folder with the program the desktop has for it: never through a shell, never
//! a program found by a relative path, never an argument that could be an option.

use super::problem::Problem;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where desktops keep the program that opens things.
const OPENERS: [&str; 4] =
    ["/usr/bin/xdg-open", "/usr/local/bin/xdg-open", "/run/current-system/sw/bin/xdg-open", "/usr/bin/open"];

/// Opens an absolute path, and does not wait.
///
/// # Errors
/// 500 when no such program is there or it cannot be started.
pub(crate) fn open(opener: Option<&Path>, path: &Path) -> Result<(), Problem> {
    let found = opener
        .map(Path::to_owned)
        .or_else(|| OPENERS.iter().map(PathBuf::from).find(|known| known.is_file()));
    let Some(opener) = found else {
        return Err(Problem::internal("opening it", &"no program like xdg-open is installed"));
    };
    if !path.is_absolute() {
        return Err(Problem::bad("only absolute paths are opened"));
    }
    start(Command::new(opener).arg(path))
}

/// Shows an absolute path of a folder, and does not wait.
///
/// # Errors
/// As [`open`].
pub(crate) fn show(opener: Option<&Path>, folder: &Path) -> Result<(), Problem> {
    // There some folders are programs, which opening would start.
    if cfg!(target_os = "macos") && opener.is_none() {
        return start(Command::new("/usr/bin/open").arg("-R").arg(folder));
    }
    open(opener, folder)
}

fn start(command: &mut Command) -> Result<(), Problem> {
    let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = started.map_err(|error| Problem::internal("opening it", &error))?;
    // Somebody has to learn that it ended, or it stays in the process table.
    let reaper = std::thread::Builder::new().name("serve-launch".to_owned());
    let waited = reaper.spawn(move || child.wait().is_ok());
    waited.map(drop).map_err(|error| Problem::internal("opening it", &error))
}
