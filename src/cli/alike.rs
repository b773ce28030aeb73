//! `lumidex similar`: pictures whose prompts are most like one's. And how everything that is found by meaning is
//! listed, each picture with its score.

use super::asking::{Asking, Request};
use super::listing::Listing;
use super::talk::{Ended, Outcome, Talk};
use clap::Args;
use serde_json::Value;
use std::path::PathBuf;

/// A picture, and how those like it are listed.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct SimilarArgs {
    /// How it is told, and of which library.
    #[command(flatten)]
    pub asking: Asking,
    /// How files are listed.
    #[command(flatten)]
    pub listing: Listing,
    /// The picture
    pub path: PathBuf,
    /// So many at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=500))]
    pub limit: u64,
    /// So many of the same prompt at most
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=500))]
    pub per_prompt: u64,
}

/// Finds and lists pictures like one.
///
/// # Errors
/// [`super::talk::Halt`] when it is not known, or has no prompt.
pub(super) fn similar(args: &SimilarArgs, talk: &mut Talk<'_>) -> Outcome {
    (talk.progress)("reading prompts");
    let (path, limit, per_prompt) =
        (talk.path(&args.path), args.limit.to_string(), args.per_prompt.to_string());
    let parameters = [("path", path.as_str()), ("top_k", &limit), ("per_prompt", &per_prompt)];
    let answer = talk.body(&Request::with("/api/v1/similar", &parameters).unhurried())?;
    list(&answer, args.listing, talk)
}

/// Lists what was found by meaning, the nearest first.
///
/// # Errors
/// When it cannot be written.
pub(super) fn list(answer: &Value, listing: Listing, talk: &mut Talk<'_>) -> Outcome {
    (talk.progress)("");
    for found in answer["results"].as_array().into_iter().flatten() {
        let score = format!("{:.3}", found["score"].as_f64().unwrap_or_default());
        listing.file(found, &score, talk)?;
    }
    Ok(Ended::Done)
}
