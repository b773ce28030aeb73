//! `lumidex organize`: asks a library for a preview, shows it, and has it carried out when a person agrees.
//! Who answers, and how, it does not know.

use super::asking::{Asking, Request};
use super::talk::{Ended, Halt, Outcome, Talk, counted};
use super::terminal::{grouped, plain, table};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

/// How often it is asked how far a job is.
const ASKED_EVERY: Duration = Duration::from_millis(200);
/// Errors that are told one by one.
const ERRORS_TOLD: usize = 20;

/// What is to be organized, and how.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct OrganizeArgs {
    /// How it is told, and of which library.
    #[command(flatten)]
    pub asking: Asking,
    /// The folder whose pictures are organized
    pub folder: PathBuf,
    /// Where folders are made [default: the folder itself]
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,
    /// Pictures in the folders below as well
    #[arg(long, short)]
    pub recursive: bool,
    /// Copy pictures instead of moving them
    #[arg(long)]
    pub copy: bool,
    /// What folders are called
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "template")]
    pub by: Option<Naming>,
    /// Name folders by what each picture says of itself, as in `{model}/{date:%Y-%m}`
    #[arg(long, value_name = "TEMPLATE")]
    pub template: Option<String>,
    /// What becomes of pictures of no topic
    #[arg(long, value_enum, default_value_t = Noise::Unsorted)]
    pub noise: Noise,
    /// Pictures of a topic, at least
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub min_size: u32,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do it without asking
    #[arg(long, short)]
    pub yes: bool,
}

/// What folders are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Naming {
    /// By the title of the topic
    Title,
    /// By its first keywords
    Keywords,
    /// By its id
    Id,
}

/// What becomes of pictures of no topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Noise {
    /// They stay
    Skip,
    /// They go to a folder of their own
    Unsorted,
    /// They stay, and are listed
    Leave,
}

/// Organizes files.
///
/// # Errors
/// [`Halt`] when it is refused or nobody agrees: then nothing was done.
pub fn organize(args: &OrganizeArgs, talk: &mut Talk<'_>) -> Outcome {
    let id = post(talk, "start", started(args, talk))?;
    let id = id["job_id"].as_str().unwrap_or_default().to_owned();
    let is_whole = talk.manner.is_json && args.dry_run;
    let ready = rests(talk, &id, is_whole)?;
    if ready["status"] != "preview_ready" {
        return Err(failed(&ready));
    }
    (talk.progress)("");
    if is_whole {
        talk.document(&ready["preview"])?;
    } else if !talk.manner.is_json {
        show(&ready["preview"], talk.out)?;
    }
    let n = ready["preview"]["total_files"].as_u64().unwrap_or_default();
    if args.dry_run {
        return Ok(Ended::Done);
    }
    if n == 0 {
        return talk.done("there is nothing to do", json!({ "moved_count": 0 }), &[]);
    }
    let did = if args.copy { "Copy" } else { "Move" };
    talk.consent(&format!("{did} {}?", counted(n, "picture", "pictures")), args.yes)?;
    post(talk, "confirm", json!({ "job_id": id }))?;
    let done = rests(talk, &id, false)?;
    (talk.progress)("");
    if done["status"] != "done" {
        return Err(failed(&done));
    }
    tell(args, &done["result"], talk)?;
    let failed = done["result"]["failed_count"].as_u64().unwrap_or_default();
    Ok(if failed == 0 { Ended::Done } else { Ended::Partly })
}

fn started(args: &OrganizeArgs, talk: &Talk<'_>) -> Value {
    let OrganizeArgs {
        asking: _,
        folder,
        into,
        recursive,
        copy,
        by,
        template,
        noise,
        min_size,
        dry_run: _,
        yes: _,
    } = args;
    let path = |path: &PathBuf| talk.path(path);
    let word = |value: &dyn Fn() -> Option<clap::builder::PossibleValue>| {
        value().map(|value| value.get_name().to_owned())
    };
    let naming = match (template, by) {
        (Some(_), _) => Some("template".to_owned()),
        (None, Some(by)) => word(&|| by.to_possible_value()),
        (None, None) => None,
    };
    json!({
        "folder_paths": [path(folder)],
        "dest_folder": into.as_ref().map(path),
        "recursive": recursive,
        "action": if *copy { "copy" } else { "move" },
        "folder_naming": naming,
        "template": template,
        "handle_noise": word(&|| noise.to_possible_value()),
        "min_cluster_size": min_size,
    })
}

fn post(talk: &mut Talk<'_>, what: &str, body: Value) -> Result<Value, Halt> {
    talk.body(&Request::post(format!("/iib/db/organize_files_{what}"), body))
}

/// Asks until the job waits for a person or is over.
fn rests(talk: &mut Talk<'_>, id: &str, is_whole: bool) -> Result<Value, Halt> {
    loop {
        let job = status(talk, id, Some(0))?;
        match job["status"].as_str() {
            Some("queued" | "running" | "moving") => {
                (talk.progress)(&doing(&job["progress"]));
                std::thread::sleep(ASKED_EVERY);
            }
            Some("preview_ready") if is_whole => return status(talk, id, None),
            _ => return Ok(job),
        }
    }
}

fn status(talk: &mut Talk<'_>, id: &str, samples: Option<usize>) -> Result<Value, Halt> {
    let samples = samples.map_or_else(String::new, |samples| format!("&samples={samples}"));
    talk.body(&Request::get(format!("/iib/db/organize_files_status?job_id={id}{samples}")))
}

fn failed(job: &Value) -> Halt {
    Halt::Refused { status: 500, text: job["error"].as_str().unwrap_or("it was not done").to_owned() }
}

fn doing(progress: &Value) -> String {
    let of = |done: &str, all: &str| {
        let count = |key: &str| progress[key].as_u64().unwrap_or_default();
        format!("{} of {}", grouped(count(done)), grouped(count(all)))
    };
    match progress["stage"].as_str().unwrap_or_default() {
        "embedding" => format!("reading prompts, {}", of("embedded_done", "to_embed")),
        "clustering" => "finding topics".to_owned(),
        "titling" => format!("naming topics, {}", of("clusters_done", "clusters_total")),
        "moving" => {
            let to = plain(progress["current_file"].as_str().unwrap_or_default());
            format!("{} {to}", of("moved_done", "moved_total"))
        }
        _ => "looking".to_owned(),
    }
}

fn show(preview: &Value, out: &mut dyn Write) -> io::Result<()> {
    let line = |cluster: &Value| {
        let text = |key: &str| plain(cluster[key].as_str().unwrap_or_default());
        let keywords: Vec<String> = cluster["keywords"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(plain)
            .collect();
        let size = grouped(cluster["size"].as_u64().unwrap_or_default());
        (text("suggested_folder_name"), size, keywords.join(", "))
    };
    let mut lines = vec![["FOLDER".to_owned(), "PICTURES".to_owned(), "ABOUT".to_owned()]];
    for cluster in preview["clusters"].as_array().into_iter().flatten() {
        let (folder, size, about) = line(cluster);
        lines.push([folder, size, about]);
    }
    let (folder, size, _) = line(&preview["noise"]);
    if size != "0" {
        let what = if folder.is_empty() { "(stay where they are)".to_owned() } else { folder };
        lines.push([what, size, "of no topic".to_owned()]);
    }
    writeln!(out, "into {}", plain(preview["dest_folder"].as_str().unwrap_or_default()))?;
    table(&lines, out)?;
    errors(&preview["errors"], out)
}

fn tell(args: &OrganizeArgs, result: &Value, talk: &mut Talk<'_>) -> Outcome {
    let moved = counted(result["moved_count"].as_u64().unwrap_or_default(), "picture", "pictures");
    let made = result["created_folders"].as_array().map_or(0, Vec::len) as u64;
    let did = if args.copy { "copied" } else { "moved" };
    if !talk.manner.is_json {
        errors(&result["errors"], talk.out)?;
    }
    let deeds: Vec<u64> = result["operation"].as_u64().into_iter().collect();
    talk.done(&format!("{did} {moved}, made {}", counted(made, "folder", "folders")), result.clone(), &deeds)
}

fn errors(errors: &Value, out: &mut dyn Write) -> io::Result<()> {
    let errors: Vec<&Value> = errors.as_array().into_iter().flatten().collect();
    for error in errors.iter().take(ERRORS_TOLD) {
        let text = |key: &str| plain(error[key].as_str().unwrap_or_default());
        writeln!(out, "{}: {}", text("src"), text("error"))?;
    }
    match errors.len().saturating_sub(ERRORS_TOLD) {
        0 => Ok(()),
        more => writeln!(out, "and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::talk::Manner;
    use super::super::talk::tests::{Played, Stage, play};
    use super::super::{Args, Command};
    use super::*;
    use clap::Parser as _;

    fn typed(line: &str) -> OrganizeArgs {
        match Args::try_parse_from(line.split(' ')).unwrap().into_command() {
            Command::Organize(args) => *args,
            other => panic!("`{line}` organizes: {other:?}"),
        }
    }

    fn run(line: &str, agrees: Option<bool>, answers: &[(u16, Value)]) -> Played {
        let args = typed(line);
        let manner = Manner { command: "organize", is_json: args.asking.json, ..Manner::default() };
        play(&Stage { manner, agrees, answers, ..Stage::default() }, |talk| organize(&args, talk))
    }

    fn preview() -> Value {
        json!({ "status": "preview_ready", "preview": { "dest_folder": "/w/out", "total_files": 3, "errors": [],
            "clusters": [{ "suggested_folder_name": "Fox\u{1b}es", "size": 3, "keywords": ["fox", "red"] }],
            "noise": { "suggested_folder_name": "", "size": 2, "keywords": [] } } })
    }

    const READY: &str = "lumidex organize in --into out --recursive --noise leave --min-size 3";

    #[test]
    fn a_preview_is_shown_and_done_when_a_person_agrees() {
        let done = json!({ "status": "done", "result": { "moved_count": 3, "failed_count": 0, "operation": 12,
            "created_folders": ["/w/out/x"], "errors": [] } });
        let answers = [
            (200, json!({ "job_id": "j" })),
            (200, preview()),
            (200, json!({ "ok": true })),
            (200, done.clone()),
        ];
        let Played { outcome, asked, said, .. } = run(READY, Some(true), &answers);
        assert_eq!(outcome.unwrap(), Ended::Done);
        assert_eq!(
            asked[0].body,
            json!({ "folder_paths": ["/w/in"], "dest_folder": "/w/out", "recursive": true, "action": "move",
                "folder_naming": null, "template": null, "handle_noise": "leave", "min_cluster_size": 3 })
        );
        assert_eq!(asked[2].route, "/iib/db/organize_files_confirm");
        let want = "\
into /w/out
FOLDER                 PICTURES  ABOUT
Fox\u{fffd}es                 3         fox, red
(stay where they are)  2         of no topic
moved 3 pictures, made 1 folder
`lumidex undo 12` takes it back
";
        assert_eq!(said, want);
        let said = run(&format!("{READY} --yes --json"), None, &answers).said;
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!((&said["data"]["moved_count"], &said["data"]["undo"]), (&json!(3), &json!([12])));
    }

    #[test]
    fn without_consent_nothing_is_done() {
        let answers = [(200, json!({ "job_id": "j" })), (200, preview())];
        for agrees in [Some(false), None] {
            let played = run(READY, agrees, &answers);
            assert_eq!((played.outcome.unwrap_err().code(), played.asked.len()), (1, 2));
        }
        let played = run(&format!("{READY} --dry-run"), Some(true), &answers);
        assert_eq!((played.outcome.unwrap(), played.asked.len()), (Ended::Done, 2));
        assert!(played.said.contains("fox, red"), "{}", played.said);
        let answers = [(200, json!({ "job_id": "j" })), (200, preview()), (200, preview())];
        let played = run(&format!("{READY} --dry-run --json"), None, &answers);
        assert_eq!(played.asked[2].route, "/iib/db/organize_files_status?job_id=j");
        assert_eq!(serde_json::from_str::<Value>(&played.said).unwrap()["data"], preview()["preview"]);
    }

    #[test]
    fn refusals_are_told() {
        let refused = |answers: &[(u16, Value)]| run(READY, None, answers).outcome.unwrap_err().to_string();
        assert_eq!(refused(&[(400, json!({ "detail": "no folder" }))]), "no folder");
        let answers = [(200, json!({ "job_id": "j" })), (200, json!({ "status": "error", "error": "why" }))];
        assert_eq!(refused(&answers), "why");
    }

    #[test]
    fn a_template_names_the_naming() {
        let body = |line: &str| run(line, None, &[(400, Value::Null)]).asked[0].body.clone();
        let templated = body("lumidex organize a --template {model} --copy");
        assert_eq!(
            (&templated["folder_naming"], &templated["template"]),
            (&json!("template"), &json!("{model}"))
        );
        assert_eq!((&templated["action"], &templated["dest_folder"]), (&json!("copy"), &Value::Null));
        assert_eq!(body("lumidex organize a --by keywords")["folder_naming"], "keywords");
        assert!(Args::try_parse_from("lumidex organize a --by id --template x".split(' ')).is_err());
    }
}
