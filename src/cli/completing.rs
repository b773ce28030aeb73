//! `lumidex completions` and `lumidex man`: what shells complete and what manuals say, made from the definitions of the
//! command line.

use super::command::Args;
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use std::io;
use std::path::Path;

/// The script by which a shell completes what is typed.
#[must_use]
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "lumidex", &mut script);
    script
}

/// Writes a page of the manual for each command into a folder, which is made if need be; how many.
///
/// # Errors
/// When the folder cannot be made, or a page cannot be written.
pub fn man_pages(folder: &Path) -> io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let mut all = Args::command().disable_help_subcommand(true);
    all.build();
    write_pages(&all, folder)
}

fn write_pages(command: &Command, folder: &Path) -> io::Result<usize> {
    let page = Man::new(command.clone());
    let mut text = Vec::new();
    page.render(&mut text)?;
    if let Some(examples) = command.get_before_help() {
        text.extend(section(&examples.to_string()).bytes());
    }
    std::fs::write(folder.join(page.get_filename()), text)?;
    let mut n = 1;
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        n += write_pages(inner, folder)?;
    }
    Ok(n)
}

/// Examples as a section of their own, line by line as they are.
fn section(examples: &str) -> String {
    let line =
        |line: &str| format!("\\&{}\n", line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq"));
    let lines: String = examples.lines().skip(1).map(line).collect();
    format!(".SH EXAMPLES\n.nf\n{lines}.fi\n")
}
