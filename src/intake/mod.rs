//! From the file system to observations: what is there is walked, compared with what the ledger
//! knows, read where it differs, and told to the ledger. Knows nothing of projections or HTTP.

mod above;
mod alone;
pub mod beside;
mod budget;
mod claims;
mod crew;
mod doctor;
mod hung;
mod interpreter;
mod listing;
mod logs;
mod patience;
mod pipeline;
pub mod progress;
pub mod readers;
pub mod reconcile;
pub mod rules;
mod runs;
mod standing;
mod survey;
pub mod walk;
mod watch;
mod way;
mod worded;
mod worker;

pub use alone::Alone;
pub use doctor::{Checkup, Group, checkup};
pub use pipeline::PipelineError;
pub use progress::{Progress, ProgressSnapshot};
pub use standing::{RootStanding, Standing};
pub use survey::SurveyError;
pub use walk::{FolderPart, Seen, WalkedRoot, walk};
pub use watch::WatchSettings;
pub use worded::{RuleError, Ruled, put_rules_to_all, worded};
pub use worker::{
    Intake, IntakeError, IntakeSettings, InterpreterFactory, MakeInterpreter, RunError, RunSummary,
};
