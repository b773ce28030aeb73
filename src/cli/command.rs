//! What may be typed: every command and flag, with the words of its help. Help pages, completions and man pages are
//! made from this; what commands do stands elsewhere.

use super::alike::SimilarArgs;
use super::asking::Asking;
use super::cluster::ClusterArgs;
use super::config::ConfigAction;
use super::folders::RootsAction;
use super::moving::{Caution, TransferArgs, TrashAction};
use super::organize::OrganizeArgs;
use super::review::ReviewAction;
use super::search::SearchArgs;
use super::show::{ShowArgs, TextAction};
use super::tags::TagsAction;
use super::undoing::OperationsAction;
use crate::settings::Flags;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// The words that are commands; a folder called so is named as in `./serve`.
pub const COMMANDS: [&str; 27] = [
    "serve",
    "search",
    "show",
    "similar",
    "cluster",
    "tags",
    "text",
    "move",
    "copy",
    "rename",
    "flatten",
    "organize",
    "trash",
    "undo",
    "operations",
    "roots",
    "update",
    "status",
    "health",
    "stats",
    "review",
    "doctor",
    "open",
    "config",
    "inspect",
    "completions",
    "man",
];

const EXAMPLES: &str = "\
Examples:
  lumidex ~/Pictures                    index this folder and serve it on http://127.0.0.1:8000
  lumidex                               serve the folders given before
  lumidex --open ~/ComfyUI/output       and open the page in a browser
  lumidex --host 0.0.0.0 ~/Pictures     for other machines; needs LUMIDEX_SECRET_KEY
  lumidex search red fox                the newest pictures that say so
  lumidex show a.png                    all that is known of a picture
  lumidex search -0 fox --all | lumidex tags add foxes - -0
                                        one tag for all of them
  lumidex undo                          take back what was done last; --list shows what can be
  lumidex status                        what the library is doing, and what to look after
  lumidex help search                   everything about one command";

/// Examples of a command, which stand first in its help.
macro_rules! examples {
    ($($line:literal),+) => { concat!("Examples:", $("\n  ", $line),+) };
}

const LEARN_MORE: &str = "\
Flags win over environment variables (LUMIDEX_PORT for --port), those over a .env file, that over
the configuration file, that over defaults; `lumidex config show` says which did. Secrets are no
flags: LUMIDEX_SECRET_KEY, `secret-key` in the file, or a file of its own by --secret-file. So is
the AI service, if there is one: OPENAI_BASE_URL, OPENAI_API_KEY, AI_MODEL, EMBEDDING_MODEL.";

const ANSWERERS: &str = "\
A running server is asked; when none runs, the data folder itself.
Exit status: 0 done, 1 failed, 2 not understood, 3 done in part, 4 there is no such thing,
130 interrupted.";

/// What was typed.
#[derive(Clone, Debug, PartialEq, Parser)]
#[command(
    name = "lumidex",
    version,
    about = "Instant search over huge libraries of AI-generated images",
    before_help = EXAMPLES,
    after_help = LEARN_MORE,
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
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum Command {
    /// Index, watch and serve folders (the default)
    #[command(before_help = EXAMPLES)]
    Serve(Box<Flags>),
    /// Find pictures
    #[command(before_help = examples!(
        "lumidex search red fox                          by words of prompt, path, model ...",
        "lumidex search --tag like --in ~/Pictures       with a tag, in a folder",
        "lumidex search -e 'seed: 12\\d+' --json          by a regular expression, as JSON Lines",
        "lumidex search -m 'a quiet harbour' -n 20       by meaning",
        "lumidex search -0 --all fox | xargs -0 cp -t ~/foxes"
    ), after_help = ANSWERERS)]
    Search(Box<SearchArgs>),
    /// Show all that is known of pictures
    #[command(before_help = examples!(
        "lumidex show a.png",
        "lumidex show --json 17 18              by their ids",
        "lumidex show --workflow a.png > graph.json"
    ), after_help = ANSWERERS)]
    Show(Box<ShowArgs>),
    /// Find pictures whose prompts are most like one's
    #[command(before_help = examples!("lumidex similar a.png -n 20"), after_help = ANSWERERS)]
    Similar(Box<SimilarArgs>),
    /// Find topics: groups of pictures with similar prompts
    #[command(before_help = examples!(
        "lumidex cluster",
        "lumidex cluster ~/Pictures/2024 --threshold 0.85 --pictures"
    ), after_help = ANSWERERS)]
    Cluster(Box<ClusterArgs>),
    /// Show tags, put them on pictures and take them off
    #[command(before_help = examples!(
        "lumidex tags",
        "lumidex tags add foxes a.png b.png",
        "lumidex search -0 --all fox | lumidex tags add foxes - -0",
        "lumidex tags apply                     put your rules to every picture"
    ), after_help = ANSWERERS)]
    Tags {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// What to do; your tags are shown when there is nothing to do.
        #[command(subcommand)]
        action: Option<TagsAction>,
    },
    /// Correct what a picture says of how it was made; its file is not changed
    #[command(before_help = examples!(
        "lumidex text set a.png 'a red fox'",
        "lumidex text revert a.png"
    ), after_help = ANSWERERS)]
    Text {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// What to do
        #[command(subcommand)]
        action: TextAction,
    },
    /// Move files into a folder, with what belongs to them; asks before it does
    #[command(before_help = examples!(
        "lumidex move a.png b.png ~/Sorted",
        "lumidex search -0 --all --tag keep | lumidex move - ~/Keep -0 --yes"
    ), after_help = ANSWERERS)]
    Move(Box<TransferArgs>),
    /// Copy files into a folder, with what belongs to them; asks before it does
    #[command(before_help = examples!("lumidex copy a.png ~/Sorted --dry-run"), after_help = ANSWERERS)]
    Copy(Box<TransferArgs>),
    /// Give a file or folder another name
    #[command(before_help = examples!("lumidex rename a.png fox.png"), after_help = ANSWERERS)]
    Rename {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// The file or folder
        path: PathBuf,
        /// Its name from now on, without a folder
        name: String,
    },
    /// Move the pictures of all folders below one up into it; asks before it does
    #[command(before_help = examples!("lumidex flatten ~/Pictures/2024 --dry-run"), after_help = ANSWERERS)]
    Flatten {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// The folder
        folder: PathBuf,
        /// How it is done.
        #[command(flatten)]
        caution: Caution,
    },
    /// Move pictures into folders by topic, or by what they say of themselves; asks before it does
    #[command(before_help = examples!(
        "lumidex organize ~/Pictures --into ~/Sorted --dry-run",
        "lumidex organize ~/Pictures --template '{model}/{date:%Y-%m}'"
    ), after_help = ANSWERERS)]
    Organize(Box<OrganizeArgs>),
    /// Put files into the trash, and empty it
    #[command(before_help = examples!(
        "lumidex trash put a.png",
        "lumidex undo                           they are back",
        "lumidex trash purge                    nothing of the trash comes back"
    ), after_help = ANSWERERS)]
    Trash {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// What to do
        #[command(subcommand)]
        action: TrashAction,
    },
    /// Take back what was done: files moved, copied, renamed or deleted, tags, settings
    #[command(before_help = examples!(
        "lumidex undo                           what was done last",
        "lumidex undo --list                    everything that was done, with its number",
        "lumidex undo 1234"
    ), after_help = ANSWERERS)]
    Undo {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// Show what was done, newest first, and take nothing back
        #[arg(long, conflicts_with = "numbers")]
        list: bool,
        /// Numbers of what is to be taken back, in this order [default: what was done last]
        #[arg(value_name = "NUMBER")]
        numbers: Vec<u64>,
    },
    /// Show file operations under way, and stop them
    #[command(before_help = examples!("lumidex operations", "lumidex operations stop 1234"), after_help = ANSWERERS)]
    Operations {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// What to do; they are shown when there is nothing to do.
        #[command(subcommand)]
        action: Option<OperationsAction>,
    },
    /// Show the folders of the library, add and remove them
    #[command(before_help = examples!(
        "lumidex roots",
        "lumidex roots add ~/Pictures",
        "lumidex roots accept-empty /mnt/usb    it is really empty: what was there counts as gone"
    ), after_help = ANSWERERS)]
    Roots {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// What to do; the folders are shown when there is nothing to do.
        #[command(subcommand)]
        action: Option<RootsAction>,
    },
    /// Look at every folder again, and wait until searches show what was found
    #[command(before_help = examples!("lumidex update"), after_help = ANSWERERS)]
    Update {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// Read every file again, changed or not
        #[arg(long)]
        rebuild: bool,
    },
    /// Show what the library is doing, and what to look after
    #[command(before_help = examples!("lumidex status", "lumidex status --json"), after_help = ANSWERERS)]
    Status(Asking),
    /// Say by the exit status whether a server answers for the data folder
    #[command(before_help = examples!("lumidex health --quiet && echo it answers"), after_help = ANSWERERS)]
    Health {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// Whether everything it holds is searchable, and everything can be written
        #[arg(long)]
        ready: bool,
    },
    /// Show how many pictures there are, by month, model, sampler and LoRA
    #[command(before_help = examples!("lumidex stats"), after_help = ANSWERERS)]
    Stats(Asking),
    /// Show questions about pictures that moved or were replaced, and answer them
    #[command(before_help = examples!("lumidex review", "lumidex review take 17 8"), after_help = ANSWERERS)]
    Review {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// What to do; the list is shown when there is nothing to do.
        #[command(subcommand)]
        action: Option<ReviewAction>,
    },
    /// Show which programs made the pictures, and which files say nothing and why
    #[command(before_help = examples!("lumidex doctor", "lumidex doctor --report report.json"), after_help = ANSWERERS)]
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
    /// Open a picture in the program for it; the page in a browser when none is named
    #[command(before_help = examples!("lumidex open", "lumidex open a.png", "lumidex open --folder a.png"), after_help = ANSWERERS)]
    Open {
        /// How it is told, and of which library.
        #[command(flatten)]
        asking: Asking,
        /// The picture
        path: Option<PathBuf>,
        /// The folder it lies in, in the desktop's program for folders
        #[arg(long, requires = "path")]
        folder: bool,
    },
    /// Show and check the settings
    #[command(before_help = examples!(
        "lumidex config show                    each setting, its value, and where that comes from",
        "lumidex config check --config /etc/lumidex/config.toml",
        "lumidex config path                    where the file is read from"
    ))]
    Config {
        /// What to do
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Show what files say about how they were made; no library is needed
    #[command(before_help = examples!("lumidex inspect a.png", "lumidex inspect --json *.png"))]
    Inspect {
        /// One JSON object per line: {"schema": 1, "command": "inspect", "data": ...}
        #[arg(long)]
        json: bool,
        /// Files to read
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Print the script by which a shell completes commands and flags
    #[command(before_help = examples!(
        "lumidex completions bash > ~/.local/share/bash-completion/completions/lumidex",
        "lumidex completions zsh > ~/.zfunc/_lumidex",
        "lumidex completions fish > ~/.config/fish/completions/lumidex.fish",
        "lumidex completions powershell >> $PROFILE"
    ))]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the pages of the manual into a folder
    #[command(before_help = examples!("lumidex man ~/.local/share/man/man1"))]
    Man {
        /// The folder
        folder: PathBuf,
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
        assert!(Args::command().render_long_help().to_string().starts_with("Examples:"));
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
