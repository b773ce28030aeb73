//! `lumidex cluster`: has topics found, waits for them, and lists them.

use super::asking::{Asking, Request};
use super::search::folders_or_all;
use super::talk::{Ended, Halt, Outcome, Talk, counted};
use super::terminal::{grouped, plain, table, text};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// How often it is asked how far a job is.
const ASKED_EVERY: Duration = Duration::from_millis(200);
/// Width of the bar, in characters.
const BAR: usize = 24;

/// Which pictures, and how like each other they must be.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct ClusterArgs {
    /// How it is told, and of which library.
    #[command(flatten)]
    pub asking: Asking,
    /// Folders, and all below them [default: every folder of the library]
    #[arg(value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
    /// How like each other prompts of a topic are, from 0.5 to 0.999
    #[arg(long, value_name = "LIKENESS", default_value_t = 0.9)]
    pub threshold: f64,
    /// Pictures of a topic, at least
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub min_size: u32,
    /// Language of titles, where an AI service makes them
    #[arg(long, value_name = "LANG")]
    pub lang: Option<String>,
    /// Which model embeds prompts; `builtin` does so here
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// Say which pictures each topic has
    #[arg(long)]
    pub pictures: bool,
}

/// Finds and lists topics.
///
/// # Errors
/// [`Halt`] when there are no such folders, or an AI service fails.
pub(super) fn cluster(args: &ClusterArgs, talk: &mut Talk<'_>) -> Outcome {
    let ClusterArgs { asking: _, folders, threshold, min_size, lang, model, pictures } = args;
    let folders = folders_or_all(folders, talk)?;
    let mut body = json!({ "folder_paths": folders, "threshold": threshold, "min_cluster_size": min_size });
    for (key, value) in [("lang", lang), ("model", model)] {
        if let Some(value) = value {
            body[key] = json!(value);
        }
    }
    let started = talk.body(&Request::post("/iib/db/cluster_iib_output_job_start", body))?;
    let id = started["job_id"].as_str().unwrap_or_default().to_owned();
    let job = loop {
        let job = talk.body(&Request::with("/iib/db/cluster_iib_output_job_status", &[("job_id", &id)]))?;
        match job["status"].as_str() {
            Some("queued" | "running") => {
                (talk.progress)(&doing(&job));
                std::thread::sleep(ASKED_EVERY);
            }
            _ => break job,
        }
    };
    (talk.progress)("");
    if job["status"] != "done" {
        let text = job["error"].as_str().unwrap_or("no topics were found").to_owned();
        return Err(Halt::Refused { status: 500, text });
    }
    let result = &job["result"];
    if talk.manner.is_json {
        talk.document(result)?;
        return Ok(Ended::Done);
    }
    let clusters = result["clusters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines = vec![["TOPIC", "PICTURES", "ABOUT"].map(str::to_owned)];
    for cluster in clusters {
        let keywords: Vec<String> = cluster["keywords"].as_array().into_iter().flatten().map(text).collect();
        let size = grouped(cluster["size"].as_u64().unwrap_or_default());
        lines.push([text(&cluster["title"]), size, keywords.join(", ")]);
    }
    if *pictures {
        for (line, cluster) in lines.iter().skip(1).zip(clusters) {
            writeln!(talk.out, "{}", line[0])?;
            for path in cluster["paths"].as_array().into_iter().flatten() {
                writeln!(talk.out, "  {}", text(path))?;
            }
        }
    } else if !clusters.is_empty() {
        table(&lines, talk.out)?;
    }
    let noise = result["noise"].as_array().map_or(0, Vec::len) as u64;
    let topics = counted(clusters.len() as u64, "topic", "topics");
    talk.say(&format!("{topics}; {} of none", counted(noise, "picture", "pictures")));
    Ok(Ended::Done)
}

/// A bar, and what is being done.
fn doing(job: &Value) -> String {
    let counters = &job["counters"];
    let count = |key: &str| counters[key].as_u64().unwrap_or_default();
    let (what, done, all) = match job["stage"].as_str().unwrap_or_default() {
        "embedding" => ("reading prompts", count("embedded_done"), count("to_embed")),
        "titling" => ("naming topics", count("clusters_done"), count("clusters_total")),
        "clustering" => ("finding topics", count("items_done"), count("items_total")),
        stage => return plain(stage),
    };
    let share = if all == 0 { 0.0 } else { done.min(all) as f64 / all as f64 };
    let filled = (share * BAR as f64) as usize;
    let bar = format!("{}{}", "#".repeat(filled), "-".repeat(BAR - filled));
    format!("[{bar}] {what}, {} of {}", grouped(done), grouped(all))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::talk::tests::{Stage, play};
    use super::super::{Args as Typed, Command};
    use super::*;
    use clap::Parser as _;

    fn typed(line: &str) -> ClusterArgs {
        match Typed::try_parse_from(line.split(' ')).unwrap().into_command() {
            Command::Cluster(args) => *args,
            other => panic!("`{line}` clusters: {other:?}"),
        }
    }

    #[test]
    fn topics_are_waited_for_and_listed() {
        let running = json!({ "status": "running", "stage": "embedding", "counters": { "embedded_done": 1, "to_embed": 4 } });
        assert_eq!(doing(&running), format!("[{}{}] reading prompts, 1 of 4", "#".repeat(6), "-".repeat(18)));
        let found =
            json!({ "title": "Fox\u{1b}es", "size": 2, "keywords": ["fox", "red"], "paths": ["/a", "/b"] });
        let done = json!({ "status": "done", "result": { "clusters": [found], "noise": ["/c"] } });
        let answers = [(200, json!({ "job_id": "j" })), (200, running), (200, done)];
        let stage = Stage { answers: &answers, ..Stage::default() };
        let args = typed("lumidex cluster in --threshold 0.8 --lang en");
        let played = play(&stage, |talk| cluster(&args, talk));
        let want =
            json!({ "folder_paths": ["/w/in"], "threshold": 0.8, "min_cluster_size": 2, "lang": "en" });
        assert_eq!(played.asked[0].body, want);
        assert_eq!(played.said, "TOPIC   PICTURES  ABOUT\nFox\u{fffd}es  2         fox, red\n");
        assert_eq!(played.noted, ["1 topic; 1 picture of none"]);
        let args = typed("lumidex cluster in --pictures");
        assert_eq!(play(&stage, |talk| cluster(&args, talk)).said, "Fox\u{fffd}es\n  /a\n  /b\n");
    }

    #[test]
    fn a_job_that_fails_says_why() {
        let answers =
            [(200, json!({ "job_id": "j" })), (200, json!({ "status": "error", "error": "no key" }))];
        let played = play(&Stage { answers: &answers, ..Stage::default() }, |talk| {
            cluster(&typed("lumidex cluster in"), talk)
        });
        assert_eq!(played.outcome.unwrap_err().to_string(), "no key");
    }
}
