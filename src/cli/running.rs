//! Which function does which command.

use super::asking::Asking;
use super::command::Command;
use super::moving::Transfer;
use super::talk::{Ended, Manner, Outcome, Talk};
use super::{
    alike, cluster, doctor, folders, moving, opening, organize, review, search, show, status, tags, undoing,
};

impl Command {
    /// How it is told and of which library, for those that ask one; `None` for the others.
    #[must_use]
    pub fn asking(&self) -> Option<&Asking> {
        match self {
            Self::Serve(_)
            | Self::Config { .. }
            | Self::Inspect { .. }
            | Self::Completions { .. }
            | Self::Man { .. } => None,
            Self::Search(args) => Some(&args.asking),
            Self::Show(args) => Some(&args.asking),
            Self::Similar(args) => Some(&args.asking),
            Self::Cluster(args) => Some(&args.asking),
            Self::Organize(args) => Some(&args.asking),
            Self::Move(args) | Self::Copy(args) => Some(&args.asking),
            Self::Status(asking)
            | Self::Stats(asking)
            | Self::Tags { asking, .. }
            | Self::Text { asking, .. }
            | Self::Rename { asking, .. }
            | Self::Flatten { asking, .. }
            | Self::Trash { asking, .. }
            | Self::Undo { asking, .. }
            | Self::Operations { asking, .. }
            | Self::Roots { asking, .. }
            | Self::Update { asking, .. }
            | Self::Health { asking, .. }
            | Self::Review { asking, .. }
            | Self::Doctor { asking, .. }
            | Self::Open { asking, .. } => Some(asking),
        }
    }

    /// Whether it asks servers only, and never the data folder itself.
    #[must_use]
    pub fn wants_server(&self) -> bool {
        matches!(self, Self::Health { .. } | Self::Open { path: None, .. })
    }

    /// Asks a library and tells its answer.
    ///
    /// # Errors
    /// [`super::talk::Halt`] when it was not done.
    pub fn run(&self, talk: &mut Talk<'_>) -> Outcome {
        talk.manner = Manner { command: self.name(), ..talk.manner };
        match self {
            Self::Search(args) => search::search(args, talk),
            Self::Show(args) => show::show(args, talk),
            Self::Similar(args) => alike::similar(args, talk),
            Self::Cluster(args) => cluster::cluster(args, talk),
            Self::Tags { action, .. } => tags::tags(action.as_ref(), talk),
            Self::Text { action, .. } => show::correct(action, talk),
            Self::Move(args) => moving::transfer(Transfer::Move, args, talk),
            Self::Copy(args) => moving::transfer(Transfer::Copy, args, talk),
            Self::Rename { path, name, .. } => moving::rename(path, name, talk),
            Self::Flatten { folder, caution, .. } => moving::flatten(folder, *caution, talk),
            Self::Organize(args) => organize::organize(args, talk),
            Self::Trash { action, .. } => moving::trash(action, talk),
            Self::Undo { list: true, .. } => undoing::history(talk),
            Self::Undo { list: false, numbers, .. } => undoing::undo(numbers, talk),
            Self::Operations { action, .. } => undoing::operations(*action, talk),
            Self::Roots { action, .. } => folders::roots(action.as_ref(), talk),
            Self::Update { rebuild, .. } => folders::update(*rebuild, talk),
            Self::Status(_) => status::status(talk),
            Self::Health { ready, .. } => status::health(talk, *ready),
            Self::Stats(_) => status::stats(talk),
            Self::Review { action, .. } => review::review(action.as_ref(), talk),
            Self::Doctor { reparse: true, .. } => doctor::reparse(talk),
            Self::Doctor { reparse: false, report: None, examples, .. } => doctor::doctor(*examples, talk),
            Self::Doctor { reparse: false, report: Some(file), .. } => doctor::write_report(file, talk),
            Self::Open { path, folder, .. } => opening::open(path.as_deref(), *folder, talk),
            Self::Serve(_)
            | Self::Config { .. }
            | Self::Inspect { .. }
            | Self::Completions { .. }
            | Self::Man { .. } => Ok(Ended::Done),
        }
    }

    /// What answers call it.
    fn name(&self) -> &'static str {
        match self {
            Self::Serve(_) => "serve",
            Self::Search(_) => "search",
            Self::Show(_) => "show",
            Self::Similar(_) => "similar",
            Self::Cluster(_) => "cluster",
            Self::Tags { .. } => "tags",
            Self::Text { .. } => "text",
            Self::Move(_) => "move",
            Self::Copy(_) => "copy",
            Self::Rename { .. } => "rename",
            Self::Flatten { .. } => "flatten",
            Self::Organize(_) => "organize",
            Self::Trash { .. } => "trash",
            Self::Undo { .. } => "undo",
            Self::Operations { .. } => "operations",
            Self::Roots { .. } => "roots",
            Self::Update { .. } => "update",
            Self::Status(_) => "status",
            Self::Health { .. } => "health",
            Self::Stats(_) => "stats",
            Self::Review { .. } => "review",
            Self::Doctor { .. } => "doctor",
            Self::Open { .. } => "open",
            Self::Config { .. } => "config",
            Self::Inspect { .. } => "inspect",
            Self::Completions { .. } => "completions",
            Self::Man { .. } => "man",
        }
    }
}
