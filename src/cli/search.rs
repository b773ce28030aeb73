//! `lumidex search`: finds pictures and lists them, page by page, as they come.

use super::alike;
use super::asking::{Asking, Request};
use super::input::text_of_input;
use super::listing::{Listing, as_json, date_and_size};
use super::status::standing;
use super::talk::{Ended, Halt, Outcome, Talk};
use super::terminal::grouped;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Files of one page when all are wanted.
const PAGE_FILES: u64 = 1_000;
/// Longest query that is read from standard input, in bytes; the library takes no longer one.
const QUERY_BYTES_MAX: usize = 16 << 10;

/// What is looked for, and how it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct SearchArgs {
    /// How it is told, and of which library.
    #[command(flatten)]
    pub asking: Asking,
    /// How files are listed.
    #[command(flatten)]
    pub listing: Listing,
    /// What to look for, several words as one query; `-` reads it from standard input [default: everything]
    pub query: Vec<String>,
    /// The query is a regular expression
    #[arg(long, short = 'e')]
    pub regex: bool,
    /// Look at paths only, not at what pictures say
    #[arg(long)]
    pub path_only: bool,
    /// Find pictures whose prompts mean something like the query
    #[arg(long, short = 'm', conflicts_with_all = ["regex", "path_only", "tag", "any_tag", "not_tag", "media", "sort", "all"])]
    pub meaning: bool,
    /// In this folder and below; may be given several times
    #[arg(long = "in", value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
    /// With this tag; given several times, with all of them. `model:NAME` names a tag of a kind
    #[arg(long, short, value_name = "TAG")]
    pub tag: Vec<String>,
    /// With at least one of these tags
    #[arg(long, value_name = "TAG")]
    pub any_tag: Vec<String>,
    /// Without this tag
    #[arg(long, value_name = "TAG")]
    pub not_tag: Vec<String>,
    /// Of this kind only
    #[arg(long, value_enum, value_name = "KIND")]
    pub media: Option<Media>,
    /// In which order
    #[arg(long, value_enum, value_name = "ORDER", default_value_t = Sort::Newest)]
    pub sort: Sort,
    /// So many at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: u64,
    /// Every one there is
    #[arg(long, short, conflicts_with = "limit")]
    pub all: bool,
}

/// Kinds of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Media {
    /// Pictures
    Image,
    /// Films
    Video,
    /// Sounds
    Audio,
}

/// Orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// The newest first
    Newest,
    /// Another order each time
    Random,
}

/// Finds and lists.
///
/// # Errors
/// [`Halt`] when the library does not understand the query.
pub(super) fn search(args: &SearchArgs, talk: &mut Talk<'_>) -> Outcome {
    let query = match &args.query[..] {
        [only] if only == "-" => {
            text_of_input(talk, QUERY_BYTES_MAX)?.trim_end_matches(['\r', '\n']).to_owned()
        }
        words => words.join(" "),
    };
    if args.meaning {
        return by_meaning(args, &query, talk);
    }
    let parameters = parameters(args, &query, talk);
    let (mut cursor, mut left, mut partial) = (String::new(), args.limit, Value::Null);
    loop {
        let size = if args.all { PAGE_FILES } else { left.min(PAGE_FILES) }.to_string();
        let mut pairs: Vec<(&str, &str)> =
            parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        pairs.extend([("size", size.as_str()), ("cursor", cursor.as_str())]);
        let page = talk.body(&Request::with("/api/v1/search", &pairs))?;
        let files = page["files"].as_array().map(Vec::as_slice).unwrap_or_default();
        for file in files {
            args.listing.file(&as_json(file), &date_and_size(file), talk)?;
        }
        talk.out.flush()?;
        if partial.is_null() {
            partial = page["partial"].clone();
        }
        left = left.saturating_sub(files.len() as u64);
        let has_next = page["cursor"]["has_next"] == true;
        if !has_next || (!args.all && left == 0) {
            if has_next && talk.manner.is_terminal {
                talk.say(&format!(
                    "there are more: -n N shows N instead of {}, --all all",
                    grouped(args.limit)
                ));
            }
            return Ok(ended(&partial, talk));
        }
        cursor = page["cursor"]["next"].as_str().unwrap_or_default().to_owned();
    }
}

/// While the text index fills, what is not in it yet is not found.
fn ended(partial: &Value, talk: &mut Talk<'_>) -> Ended {
    if partial.is_null() {
        return Ended::Done;
    }
    let count = |key: &str| grouped(partial[key].as_u64().unwrap_or_default());
    talk.complain(&format!("the text index still fills: {} of {} changes", count("done"), count("total")));
    Ended::Partly
}

fn parameters(args: &SearchArgs, query: &str, talk: &Talk<'_>) -> Vec<(&'static str, String)> {
    let mut parameters = vec![(if args.regex { "regex" } else { "q" }, query.to_owned())];
    if args.path_only {
        parameters.push(("path_only", "true".to_owned()));
    }
    parameters.extend(args.folders.iter().map(|folder| ("folder", talk.path(folder))));
    for (name, tags) in [("tag", &args.tag), ("any_tag", &args.any_tag), ("not_tag", &args.not_tag)] {
        parameters.extend(tags.iter().map(|tag| (name, tag.clone())));
    }
    let word = |value: Option<clap::builder::PossibleValue>| value.map(|value| value.get_name().to_owned());
    parameters
        .extend(args.media.and_then(|media| word(media.to_possible_value())).map(|word| ("media", word)));
    parameters.extend(word(args.sort.to_possible_value()).map(|word| ("sort", word)));
    parameters
}

fn by_meaning(args: &SearchArgs, query: &str, talk: &mut Talk<'_>) -> Outcome {
    if query.trim().is_empty() {
        return Err(Halt::Usage("a search by meaning needs a query".to_owned()));
    }
    let folders = folders_or_all(&args.folders, talk)?;
    (talk.progress)("reading prompts");
    let body = json!({ "query": query, "folder_paths": folders, "top_k": args.limit });
    let request = Request::post("/iib/db/search_iib_output_by_prompt", body).unhurried();
    let answer = talk.body(&request)?;
    alike::list(&answer, args.listing, talk)
}

/// These folders, or every one of the library where none is named.
pub(super) fn folders_or_all(named: &[PathBuf], talk: &mut Talk<'_>) -> Result<Vec<String>, Halt> {
    if !named.is_empty() {
        return Ok(named.iter().map(|folder| talk.path(folder)).collect());
    }
    let standing = standing(talk)?;
    let roots = standing["roots"].as_array().into_iter().flatten();
    let paths: Vec<String> = roots.filter_map(|root| root["path"].as_str().map(str::to_owned)).collect();
    if paths.is_empty() {
        let text = "the library has no folders yet; `lumidex roots add FOLDER` adds one".to_owned();
        return Err(Halt::Refused { status: 404, text });
    }
    Ok(paths)
}
