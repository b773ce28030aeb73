//! Which image goes to which folder (contract 16.6): pure functions of topics, names and choices. Every image
//! is mapped once.

use super::ask::{FolderNaming, NoiseMode, OrganizeAsk};
use super::job::{Choice, Preview};
use super::names::{Spellings, folded, sanitised, sanitised_or_empty};
use super::template::Facts;
use crate::topics::TopicSet;
use jiff::tz::TimeZone;
use lumidex_schema::id::ImageId;
use std::collections::{HashMap, HashSet};

/// The id of the images of no topic.
pub const NOISE: &str = "__noise__";

/// Images that go to one folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Of its topics, joined with `_`.
    pub id: String,
    /// Below the destination, components divided by `/`; empty where the images stay.
    pub folder: String,
    /// Of its first topic.
    pub title: String,
    /// Of all its topics.
    pub keywords: Vec<String>,
    /// Each once, and in no other group.
    pub images: Vec<ImageId>,
}

/// All groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// The largest first where topics say so.
    pub groups: Vec<Group>,
    /// Images of no topic.
    pub noise: Group,
}

/// Groups by topic, and what is of none.
#[must_use]
pub fn by_topic(ask: &OrganizeAsk, set: &TopicSet) -> (Vec<Group>, Vec<ImageId>) {
    let group = |topic: &crate::topics::Topic| {
        let by_id = || format!("cluster_{}", topic.id);
        let base = match &ask.naming {
            FolderNaming::Title => topic.title.clone(),
            FolderNaming::Keywords => topic.keywords[..topic.keywords.len().min(3)].join("_"),
            FolderNaming::Id | FolderNaming::Template(_) => by_id(),
        };
        let base = if base.trim().is_empty() { by_id() } else { base };
        Group {
            id: topic.id.clone(),
            folder: sanitised(&base, ask.name_chars_max),
            title: topic.title.clone(),
            keywords: topic.keywords.clone(),
            images: topic.images.iter().map(|id| ImageId(*id)).collect(),
        }
    };
    (set.topics.iter().map(group).collect(), set.noise.iter().map(|id| ImageId(*id)).collect())
}

/// Groups by what each image says of itself, those of one folder together, by the folder's name.
#[must_use]
pub fn by_template(ask: &OrganizeAsk, images: &[(ImageId, Facts)], zone: &TimeZone) -> Vec<Group> {
    let FolderNaming::Template(template) = &ask.naming else { return Vec::new() };
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (image, facts) in images {
        let folder = template.folders(facts, zone, ask.name_chars_max).join("/");
        let nth = *known.entry(folder.clone()).or_insert_with(|| {
            groups.push(Group { title: folder.clone(), folder, ..Group::default() });
            groups.len() - 1
        });
        groups[nth].images.push(*image);
    }
    groups.sort_by(|one, other| one.folder.cmp(&other.folder));
    for (nth, group) in groups.iter_mut().enumerate() {
        group.id = format!("template_{nth}");
    }
    groups
}

/// Joins groups whose folders are one, spells folders as those that exist, and finds a folder for the rest.
#[must_use]
pub fn arrange(
    ask: &OrganizeAsk,
    groups: Vec<Group>,
    noise: Vec<ImageId>,
    existing: &Spellings,
) -> Arrangement {
    let mut spellings = existing.clone();
    let mut seen: HashSet<ImageId> = HashSet::new();
    let mut joined: Vec<Group> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for mut group in groups {
        group.images.retain(|image| seen.insert(*image));
        group.folder = spellings.spelled(&group.folder);
        match known.get(&group.folder) {
            Some(nth) => join(&mut joined[*nth], group),
            None => {
                known.insert(group.folder.clone(), joined.len());
                joined.push(group);
            }
        }
    }
    joined.retain(|group| !group.images.is_empty());
    let images: Vec<ImageId> = noise.into_iter().filter(|image| seen.insert(*image)).collect();
    let folder = match ask.noise {
        NoiseMode::Unsorted if !images.is_empty() => noise_folder(ask, &joined, existing),
        _ => String::new(),
    };
    let title = ask.noise_name.clone();
    let noise = Group { id: NOISE.to_owned(), folder, title, keywords: Vec::new(), images };
    Arrangement { groups: joined, noise }
}

fn join(first: &mut Group, other: Group) {
    let Group { id, folder: _, title: _, keywords, images } = other;
    if images.is_empty() {
        return;
    }
    first.id = format!("{}_{id}", first.id);
    for keyword in keywords {
        if !first.keywords.contains(&keyword) {
            first.keywords.push(keyword);
        }
    }
    first.images.extend(images);
}

/// One that no topic has.
fn noise_folder(ask: &OrganizeAsk, groups: &[Group], existing: &Spellings) -> String {
    let wanted = sanitised(&ask.noise_name, ask.name_chars_max);
    let taken: HashSet<String> = groups.iter().map(|group| folded(&group.folder)).collect();
    let mut name = wanted.clone();
    for nth in 1..=taken.len() {
        if !taken.contains(&folded(&name)) {
            break;
        }
        name = format!("{wanted}_{nth}");
    }
    existing.clone().spelled(&name)
}

/// What is left of a preview after a person's choice: each folder once, below the destination, with the
/// numbers of its mappings among all mappings ([`Preview::mappings`]).
#[must_use]
pub fn chosen(
    ask: &OrganizeAsk,
    preview: &Preview,
    choice: &Choice,
    existing: &Spellings,
) -> Vec<(String, Vec<usize>)> {
    let mut spellings = existing.clone();
    let mut folders: Vec<(String, Vec<usize>)> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut next = 0;
    for cluster in preview.moved() {
        let numbers = next..next + cluster.mappings.len();
        next = numbers.end;
        if choice.skips.contains(&cluster.id) || numbers.is_empty() {
            continue;
        }
        let edit = choice.edits.iter().rev().find(|(id, _)| *id == cluster.id);
        let edited = edit.map(|(_, name)| edited(ask, name)).filter(|name| !name.is_empty());
        let folder = spellings.spelled(&edited.unwrap_or_else(|| cluster.folder.clone()));
        let nth = *known.entry(folder.clone()).or_insert_with(|| {
            folders.push((folder, Vec::new()));
            folders.len() - 1
        });
        folders[nth].1.extend(numbers);
    }
    folders
}

/// A name that a person gave; empty when it leaves nothing to call a folder.
fn edited(ask: &OrganizeAsk, name: &str) -> String {
    if !ask.is_deep() {
        return sanitised_or_empty(name, ask.name_chars_max);
    }
    let levels = name.split('/').map(|level| sanitised_or_empty(level, ask.name_chars_max));
    let levels = levels.filter(|level| !level.is_empty());
    levels.take(crate::limits::organize::TEMPLATE_LEVELS_MAX).collect::<Vec<_>>().join("/")
}
