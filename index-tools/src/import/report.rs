//! The plan in words for a person: what comes, what waits for its file, what is here already, what stays behind.

use std::fmt::Write;

use lumidex_schema::path::display;

use super::complaints::one_line;
use super::database::Database;
use super::plan::Lies;
use super::settings::named;
use super::{Done, From, Import};

/// Lines shown of a list that may be long.
const LINES_MAX: usize = 12;

pub(super) fn of(import: &Import) -> String {
    let Import { source, plan, vectors, from, lock, folder, .. } = import;
    let counts = plan.counts;
    let mut text = String::new();
    let images = source.images.map(|n| format!("{} in the database, and ", counted(n, "image", "images")));
    let _ = writeln!(
        text,
        "{}{} of a person; {} got some of them, or a text",
        images.unwrap_or_default(),
        counted(source.tags.len() as u64, "tag", "tags"),
        counted(source.files.len() as u64, "image", "images")
    );

    let mut comes = Vec::new();
    if lock.is_none() {
        comes.push(format!("a new library in {}", folder.display()));
    }
    let n_colored = plan.tags.len() as u64 - plan.tags_made;
    comes.extend(some(plan.tags_made, "new tag", "new tags"));
    comes.extend(some(n_colored, "colour of a tag", "colours of tags"));
    if counts.images > 0 {
        let how = if source.has_shown_paths { "by their content" } else { "by name and size" };
        let elsewhere = match counts.elsewhere {
            0 => String::new(),
            n => format!("; {n} of them lie elsewhere and were found {how}"),
        };
        let covers = some(counts.covers, "cover", "covers").map(|covers| format!(", {covers}"));
        comes.push(format!(
            "{}{} and {} for {} that are known here{elsewhere}",
            counted(counts.links, "tag", "tags"),
            covers.unwrap_or_default(),
            counted(counts.texts, "text given by hand", "texts given by hand"),
            counted(counts.images, "image", "images")
        ));
    }
    for wanted in plan.folders.iter().take(LINES_MAX) {
        let types: Vec<&str> = wanted.types.iter().map(|known| known.word()).collect();
        let types = if types.is_empty() { String::new() } else { format!(" as {}", types.join(" and ")) };
        let alias =
            wanted.alias.as_ref().map(|alias| format!(", called `{}`", one_line(alias))).unwrap_or_default();
        let away = if wanted.is_there { "" } else { "; it is not there at the moment" };
        comes.push(format!("the folder {}{types}{alias}{away}", one_line(&display(&wanted.path))));
    }
    comes.extend(more(plan.folders.len(), "folders"));
    let settings: Vec<_> = named(&plan.settings)
        .into_iter()
        .map(|(name, n)| if n > 1 { format!("{name} ({n})") } else { name })
        .collect();
    if !settings.is_empty() {
        comes.push(format!("settings: {}", settings.join(", ")));
    }
    comes.extend(some(plan.settings.iter().map(|wish| wish.rules).sum(), "rule for tags", "rules for tags"));
    comes.extend(some(vectors.kept, "title or group of tags", "titles and groups of tags"));
    for (model, found) in &vectors.models {
        if found.new > 0 {
            let n = counted(found.new, "vector", "vectors");
            comes.push(format!("{n} of prompts by `{}`, which need not be paid for again", one_line(model)));
        }
    }
    part(&mut text, "Comes:", &comes);

    let mut waits = Vec::new();
    if counts.waiting > 0 {
        waits.push(format!(
            "{} that lumidex has not seen yet, with {} and {}: they come when their files are found, by path, or {} \
             where only one file has them",
            counted(counts.waiting, "file", "files"),
            counted(counts.waiting_links, "tag", "tags"),
            counted(counts.waiting_texts, "text", "texts"),
            if source.has_shown_paths { "by content" } else { "by name and size" }
        ));
        let mut below: Vec<_> = plan.waiting_below.iter().collect();
        below.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        for ((place, lies), n) in below.iter().take(LINES_MAX) {
            let place = one_line(place);
            let hint = match lies {
                Lies::Inside => String::new(),
                Lies::Outside => {
                    "; no folder of the library holds them: `lumidex FOLDER` adds one, `--map` says where \
                                  they are else"
                        .to_owned()
                }
                Lies::Elsewhere => {
                    format!("; that is no path of this machine: `--map '{place}=...'` says where it is")
                }
            };
            waits.push(format!("  {n} below {place}{hint}"));
        }
        waits.extend(more(below.len(), "places"));
    }
    if counts.ambiguous > 0 {
        let what = if source.has_shown_paths { "the content" } else { "the name and size" };
        waits.push(format!("{} of which several images here have {what}", counts.ambiguous));
    }
    part(&mut text, "Waits for its file:", &waits);

    let mut here = Vec::new();
    here.extend(some(counts.links_here, "tag on an image", "tags on images"));
    here.extend(some(counts.texts_here, "text", "texts"));
    here.extend(some(counts.waiting_here, "file that is waited for", "files that are waited for"));
    here.extend(some(counts.covers_here, "cover", "covers"));
    let n_vectors = vectors.models.values().map(|found| found.here).sum();
    here.extend(some(
        n_vectors,
        "vector, or of a prompt that has one",
        "vectors, or of prompts that have one",
    ));
    part(&mut text, "Is here already:", &here);

    let mut left: Vec<String> = Vec::new();
    if counts.refused > 0 {
        left.push(format!(
            "{} on images: you decided about them otherwise here",
            counted(counts.refused, "tag", "tags")
        ));
    }
    if counts.texts_kept > 0 {
        left.push(format!(
            "{}: you gave those images others here",
            counted(counts.texts_kept, "text", "texts")
        ));
    }
    if counts.covers_kept > 0 {
        left.push(format!("{}: you chose others here", counted(counts.covers_kept, "cover", "covers")));
    }
    left.extend(plan.left.iter().take(LINES_MAX).cloned());
    left.extend(more(plan.left.len(), "things"));
    for (model, found) in &vectors.models {
        let model = one_line(model);
        if found.without_prompt > 0 {
            left.push(format!("{} vectors by `{model}`: their images have no prompt", found.without_prompt));
        }
        if found.odd > 0 {
            left.push(format!(
                "{} vectors by `{model}`: they have more or fewer numbers than others",
                found.odd
            ));
        }
    }
    if let From::Database(database) = from {
        left.extend(caches(database));
    }
    part(&mut text, "Stays behind:", &left);
    part(&mut text, "Cannot be read:", &source.complaints.lines());
    text
}

/// What of a database is of no use here.
fn caches(database: &Database) -> Vec<String> {
    let mut left = Vec::new();
    for (table, what) in [
        (
            "topic_cluster_cache",
            "results of topics: they name images by paths and by settings of the original's own way \
                                 of finding topics, and would be found stale; topics are found anew, from the vectors",
        ),
        ("topic_title_cache", "titles of topics: they are kept under numbers of images in that database"),
        ("image_embedding_fail", "notes of vectors that could not be had: it may be tried again"),
    ] {
        let n = database.count(table);
        if n > 0 {
            left.push(format!("{n} {what}"));
        }
    }
    left
}

/// What was done, on one line.
pub(super) fn said(done: &Done) -> String {
    let Done { files, tags, folders, settings, vectors, waiting } = *done;
    let parts: Vec<String> = [
        some(files.linked, "tag on an image", "tags on images"),
        some(files.worded, "text", "texts"),
        some(files.covered, "cover", "covers"),
        some(tags, "tag or colour", "tags or colours"),
        some(folders, "folder", "folders"),
        some(settings, "setting", "settings"),
        some(vectors, "thing that was paid for", "things that were paid for"),
        some(files.waiting, "file to wait for", "files to wait for"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let brought = if parts.is_empty() { "nothing new".to_owned() } else { parts.join(", ") };
    format!("brought {brought}; {} waited for by now", counted(waiting, "file is", "files are"))
}

fn part(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "{title}");
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}

fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn some(n: u64, one: &str, many: &str) -> Option<String> {
    (n > 0).then(|| counted(n, one, many))
}

fn more(n: usize, what: &str) -> Option<String> {
    n.checked_sub(LINES_MAX).filter(|n| *n > 0).map(|n| format!("and {n} more {what}"))
}
