//! The command line: what may be typed, and what is shown on a terminal. Does none of the work.

pub mod asking;
mod bar;
mod browser;
pub mod doctor;
mod first_run;
pub mod inspect;
mod making;
pub mod organize;
pub mod remote;
mod terminal;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::settings::Flags;
use asking::{Asking, ReviewAction, RootsAction, TrashAction};
use organize::OrganizeArgs;

pub use bar::show_progress;
pub use browser::open_in_browser;
pub use first_run::{generator_folders, nothing_to_serve};
pub use making::MakingBar;

/// The words that are commands; a folder called so is named as in `./serve`.
pub const COMMANDS: [&str; 9] =
    ["serve", "inspect", "status", "roots", "review", "undo", "trash", "organize", "doctor"];

const EXAMPLES: &str = "\
Examples:
  lumidex ~/Pictures                    index this folder and serve it on http://127.0.0.1:8000
  lumidex                               serve the folders given before
  lumidex --open ~/ComfyUI/output       and open the page in a browser
  lumidex --host 0.0.0.0 ~/Pictures     for other machines; needs LUMIDEX_SECRET_KEY
  lumidex inspect --json a.png b.webp   what these files say about how they were made
  lumidex status                        what the library is doing, and what to look after
  lumidex review                        questions about pictures that moved or were replaced
  lumidex doctor                        how well the recipes of the library can be read
  lumidex organize ~/Pictures --into ~/Sorted --dry-run
                                        folders by topic: what would go where
  lumidex undo                          take back what was done last; --list shows what can be

The secret key is read from the environment or a .env file only: LUMIDEX_SECRET_KEY or IIB_SECRET_KEY.
So is the AI service, if there is one: OPENAI_BASE_URL, OPENAI_API_KEY, AI_MODEL, EMBEDDING_MODEL.";

const ANSWERERS: &str = "\
A running server is asked; when none runs, the data folder itself.
Exit status: 0 done, 1 failed, 2 not understood, 4 there is no such thing.";

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq, Parser)]
#[command(
    name = "lumidex",
    version,
    about = "Instant search over huge libraries of AI-generated images",
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true
)]
pub struct Args {
    /// The command; serving when there is none.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Folders and flags of serving without a command.
    #[command(flatten)]
    pub flags: Flags,
}

/// See [`COMMANDS`].
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Index, watch and serve folders (the default)
    #[command(after_help = EXAMPLES)]
    Serve(Box<Flags>),
    /// Show what files say about how they were made
    Inspect {
        /// One JSON object per line
        #[arg(long)]
        json: bool,
        /// Files to read
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Show what the library is doing, and what to look after
    #[command(after_help = ANSWERERS)]
    Status(Asking),
    /// Show the folders, and how changes in them become known
    #[command(after_help = ANSWERERS)]
    Roots {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// What to do; the folders are shown when there is nothing to do.
        #[command(subcommand)]
        action: Option<RootsAction>,
    },
    /// Show questions about pictures that moved or were replaced, and answer them
    #[command(after_help = ANSWERERS)]
    Review {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// What to do; the list is shown when there is nothing to do.
        #[command(subcommand)]
        action: Option<ReviewAction>,
    },
    /// Take back what was done: files moved, copied, renamed or deleted, tags, settings
    #[command(after_help = ANSWERERS)]
    Undo {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// Show what was done, newest first, and take nothing back
        #[arg(long, conflicts_with = "number")]
        list: bool,
        /// The number of what is to be taken back [default: what was done last]
        number: Option<u64>,
    },
    /// Look after deleted files
    #[command(after_help = ANSWERERS)]
    Trash {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// What to do
        #[command(subcommand)]
        action: TrashAction,
    },
    /// Move pictures into folders by topic, or by what they say of themselves; asks before it does
    #[command(after_help = ANSWERERS)]
    Organize(Box<OrganizeArgs>),
    /// Show which programs made the pictures, and which files say nothing and why
    #[command(after_help = ANSWERERS)]
    Doctor {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// Read every file again; nothing a person did is touched
        #[arg(long, conflicts_with = "report")]
        reparse: bool,
        /// Write a sample of the files for a bug report: how their texts are built, without any prompt
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        /// Paths to show for each group of files
        #[arg(long, value_name = "N", default_value_t = 3)]
        examples: usize,
    },
}

impl Args {
    /// The command, with the default filled in.
    #[must_use]
    pub fn into_command(self) -> Command {
        self.command.unwrap_or(Command::Serve(Box::new(self.flags)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::CommandFactory;

    use super::*;

    fn flags(line: &str) -> Flags {
        match Args::try_parse_from(line.split(' ')).unwrap().into_command() {
            Command::Serve(flags) => *flags,
            other => panic!("`{line}` serves: {other:?}"),
        }
    }

    fn paths(items: &[&str]) -> Vec<PathBuf> {
        items.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn the_definition_is_sound_and_names_every_command() {
        Args::command().debug_assert();
        let names: Vec<_> =
            Args::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        assert_eq!(names, COMMANDS);
        assert!(Args::command().render_long_help().to_string().contains("Examples:"));
    }

    #[test]
    fn serving_needs_no_command() {
        assert_eq!(flags("lumidex a b --port 1").folders, paths(&["a", "b"]));
        assert_eq!(flags("lumidex a --port 1"), flags("lumidex serve a --port 1"));
        assert_eq!(flags("lumidex ./serve").folders, paths(&["./serve"]));
        assert_eq!(flags("lumidex serve inspect").folders, paths(&["inspect"]));
    }

    #[test]
    fn both_spellings_of_the_original_flags_are_accepted() {
        let typed = flags("lumidex --allow_cors --enable_shutdown --extra_paths a b --base x --export_fe_fn");
        assert_eq!(
            typed,
            flags("lumidex --allow-cors --enable-shutdown --extra-paths a b --base x --export-fe-fn")
        );
        assert_eq!((typed.allow_cors, typed.extra_paths), (Some(Vec::new()), paths(&["a", "b"])));
        let typed =
            flags("lumidex --sd_webui_config c --sd_webui_path_relative_to_config --update_image_index");
        assert_eq!(typed.sd_webui_config, Some("c".into()));
        assert!(typed.sd_webui_path_relative_to_config && typed.update_image_index);
        let typed =
            flags("lumidex --generate_image_cache --generate_image_cache_size 256x256 --gen_cache_verbose");
        assert_eq!(typed.generate_image_cache_size.as_deref(), Some("256x256"));
        assert!(flags("lumidex --generate_video_cover --sd_webui_dir d").generate_video_cover);
    }

    #[test]
    fn a_misspelt_flag_is_answered_with_the_right_one() {
        let error = Args::try_parse_from(["lumidex", "--prot", "1"]).unwrap_err().to_string();
        assert!(error.contains("--port"), "{error}");
        assert!(Args::try_parse_from(["lumidex", "inspect"]).is_err());
    }
}
