//! The tag graph (contract 8, 16.5): topics, their keywords, and groups of keywords, in layers. A pure function
//! of topics and groups.

use super::kept::TopicSet;
use lumidex_topics::groups::Abstraction;
use std::collections::BTreeMap;

/// Keywords in the graph at most; the largest count.
pub(super) const TAGS_MAX: usize = 500;
/// Fewer keywords than these are not grouped.
pub(super) const TAGS_GROUPED_MIN: usize = 4;

/// A keyword with the images of the topics that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyword {
    /// The word.
    pub word: String,
    /// Images of the topics that have it.
    pub images: u64,
    /// Topics that have it.
    pub topics: u64,
}

/// The keywords of all topics, those of the most images first; words of as many by themselves.
#[must_use]
pub(super) fn keywords(set: &TopicSet) -> Vec<Keyword> {
    let mut known: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for topic in &set.topics {
        let mut words: Vec<&str> = topic.keywords.iter().map(String::as_str).collect();
        words.sort_unstable();
        words.dedup();
        for word in words {
            let (images, topics) = known.entry(word).or_default();
            *images += topic.images.len() as u64;
            *topics += 1;
        }
    }
    let mut all: Vec<_> = known
        .into_iter()
        .map(|(word, (images, topics))| Keyword { word: word.to_owned(), images, topics })
        .collect();
    all.sort_by(|a, b| b.images.cmp(&a.images).then_with(|| a.word.cmp(&b.word)));
    all
}

/// A layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// What it is called.
    pub name: &'static str,
    /// The largest first, but groups in their own order.
    pub nodes: Vec<Node>,
}

/// Something in a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Unique in the graph.
    pub id: String,
    /// What is shown.
    pub label: String,
    /// Images.
    pub size: u64,
    /// What it is.
    pub kind: NodeKind,
}

/// See [`Node`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A topic, by its id.
    Topic(String),
    /// A keyword of so many topics.
    Tag(u64),
    /// A group of keywords (1), or of groups (2).
    Group(u8),
}

/// From one layer to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// A node of the lower layer.
    pub source: String,
    /// A node of the upper one.
    pub target: String,
    /// Images.
    pub weight: u64,
}

/// The graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// From topics up.
    pub layers: Vec<Layer>,
    /// Each between two layers that follow each other.
    pub links: Vec<Link>,
    /// Keywords there are, shown or not.
    pub total_tags: usize,
}

/// The graph of these topics, whose keywords are grouped like this; groups name `tags` by their number.
#[must_use]
pub(super) fn graph(set: &TopicSet, tags: &[Keyword], groups: Option<&Abstraction>) -> Graph {
    let topic_node = |topic: &super::Topic| Node {
        id: format!("cluster_{}", topic.id),
        label: topic.title.clone(),
        size: topic.images.len() as u64,
        kind: NodeKind::Topic(topic.id.clone()),
    };
    let total_tags = tags.len();
    let tags = &tags[..tags.len().min(TAGS_MAX)];
    let tag_id = |word: &str| format!("tag_{word}");
    let mut layers = vec![
        Layer { name: "Clusters", nodes: set.topics.iter().map(topic_node).collect() },
        Layer {
            name: "Tags",
            nodes: tags
                .iter()
                .map(|tag| Node {
                    id: tag_id(&tag.word),
                    label: tag.word.clone(),
                    size: tag.images,
                    kind: NodeKind::Tag(tag.topics),
                })
                .collect(),
        },
    ];
    let mut links = Vec::new();
    for topic in &set.topics {
        let mut shown: Vec<&str> = topic.keywords.iter().map(String::as_str).collect();
        shown.sort_unstable();
        shown.dedup();
        shown.retain(|word| tags.iter().any(|tag| tag.word == *word));
        links.extend(shown.into_iter().map(|word| Link {
            source: format!("cluster_{}", topic.id),
            target: tag_id(word),
            weight: topic.images.len() as u64,
        }));
    }
    if let Some(groups) = groups {
        group(groups, tags, &mut layers, &mut links);
    }
    Graph { layers, links, total_tags }
}

/// Adds the layers of groups. What names a keyword or group that is not there is left out.
fn group(groups: &Abstraction, tags: &[Keyword], layers: &mut Vec<Layer>, links: &mut Vec<Link>) {
    let id = |level: u8, id: &str| format!("abstract_l{level}_{id}");
    let mut first = Vec::new();
    let mut sizes = Vec::new();
    for group in &groups.level1 {
        let members: Vec<&Keyword> = group.parts.iter().filter_map(|nth| tags.get(*nth)).collect();
        let size = members.iter().map(|tag| tag.images).sum();
        sizes.push(if members.is_empty() { 0 } else { size });
        if members.is_empty() {
            continue;
        }
        first.push(Node { id: id(1, &group.id), label: group.label.clone(), size, kind: NodeKind::Group(1) });
        links.extend(members.into_iter().map(|tag| Link {
            source: format!("tag_{}", tag.word),
            target: id(1, &group.id),
            weight: tag.images,
        }));
    }
    let mut second = Vec::new();
    for group in &groups.level2 {
        let members: Vec<usize> =
            group.parts.iter().copied().filter(|nth| sizes.get(*nth).is_some_and(|size| *size > 0)).collect();
        if members.is_empty() {
            continue;
        }
        let size = members.iter().map(|nth| sizes[*nth]).sum();
        second.push(Node {
            id: id(2, &group.id),
            label: group.label.clone(),
            size,
            kind: NodeKind::Group(2),
        });
        links.extend(members.into_iter().map(|nth| Link {
            source: id(1, &groups.level1[nth].id),
            target: id(2, &group.id),
            weight: size,
        }));
    }
    if !first.is_empty() {
        layers.push(Layer { name: "Abstract-1", nodes: first });
    }
    if !second.is_empty() {
        layers.push(Layer { name: "Abstract-2", nodes: second });
    }
}
