//! What the figures were measured on.

use std::path::Path;
use std::process::Command;

/// One line on the machine, and what holds `folder`.
pub(crate) fn facts(folder: &Path) -> String {
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory_kb: u64 =
        field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or(0);
    let kernel = said("uname", &["-sr"]);
    let rust = said("rustc", &["--version"]);
    let disk = said("stat", &["--file-system", "--format", "%T", &folder.to_string_lossy()]);
    format!("{cpu}, {cores} cores, {} GiB, {kernel}, {disk}, {rust}", memory_kb / 1024 / 1024)
}

/// How busy the machine is: processes that run or want to, averaged over the last minute. More
/// than the processors there are means that times are too long.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
