//! Organizing: images into folders by topic, or by what they say of themselves.
//!
//! A job finds out what it would do (a *preview*), waits for a person to change and confirm that, and is then
//! carried out as one operation on files, which never overwrites and is undone in one step. Knows nothing of
//! HTTP, of how topics are found, or of how files are moved.

mod ask;
mod carrying;
mod desk;
mod destination;
mod finding;
mod images;
mod job;
mod mapping;
mod names;
mod outcome;
mod template;
#[cfg(test)]
mod tests;

pub use ask::{FolderNaming, NOISE_NAME, NoiseMode, OrganizeAsk};
pub use desk::{ConfirmError, FindTopics, Moving, Organize, Parts, Settle, StartError};
pub use job::{Choice, Cluster, Mapping, Mistake, OrganizeJob, Outcome, Preview, Status};
pub use mapping::{Arrangement, Group, NOISE, arrange, by_template, by_topic, chosen};
pub use names::{Spellings, folded, sanitised};
pub use template::{BadTemplate, Facts, Template};
