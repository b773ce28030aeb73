//! Contract sections 8 and 11.10: the tag graph, and the images of one of its topics.

use crate::serve::answer::{Answer, Outcome};
use crate::serve::extract::{not_too_many, nullable, required, short};
use crate::serve::problem::Problem;
use crate::serve::reach::is_readonly;
use crate::serve::server::Call;
use crate::topics::{GraphFound, Node, NodeKind};
use lumidex_schema::id::ImageId;
use lumidex_schema::path::display;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Wanted {
    #[serde(default, deserialize_with = "nullable")]
    folder_paths: Vec<String>,
    lang: Option<String>,
}

/// 8
pub(crate) fn graph(call: &Call<'_>) -> Outcome {
    let Wanted { folder_paths, lang } = call.asked.json()?;
    if folder_paths.is_empty() {
        return Err(Problem::bad("`folder_paths` names no folder"));
    }
    let folders = not_too_many(folder_paths)?;
    let folders =
        folders.iter().map(|path| Ok(call.place(path)?.path)).collect::<Result<Vec<_>, Problem>>()?;
    let lang = lang.unwrap_or_else(|| "en".to_owned());
    // In read-only mode nobody is paid, and keywords are grouped by their own vectors.
    let may_pay = !is_readonly(call.server.settings.permission);
    let found = call.engine().tag_graph(&folders, short(&lang, "lang")?, may_pay, &call.stop)?;
    Ok(Answer::Json(as_json(&found)))
}

fn as_json(found: &GraphFound) -> Value {
    let GraphFound { set, graph } = found;
    let layers = graph.layers.iter().enumerate().map(|(level, layer)| {
        let nodes: Vec<Value> = layer.nodes.iter().map(node_json).collect();
        json!({ "level": level, "name": layer.name, "nodes": nodes })
    });
    let layers: Vec<Value> = layers.collect();
    let links: Vec<Value> = graph
        .links
        .iter()
        .map(|link| json!({ "source": link.source, "target": link.target, "weight": link.weight as f64 }))
        .collect();
    let n_shown = |level: usize| graph.layers.get(level).map_or(0, |layer| layer.nodes.len());
    json!({
        "layers": layers,
        "links": links,
        "stats": {
            "total_clusters": set.topics.len(), "selected_clusters": n_shown(0), "total_tags": graph.total_tags,
            "selected_tags": n_shown(1), "abstraction_layers": graph.layers.len().saturating_sub(2),
            "total_links": graph.links.len(), "topic_cluster_cache_key": set.key,
        },
    })
}

fn node_json(node: &Node) -> Value {
    let metadata = match &node.kind {
        NodeKind::Topic(id) => json!({ "type": "cluster", "image_count": node.size, "cluster_id": id }),
        NodeKind::Tag(topics) => json!({ "type": "tag", "cluster_count": topics, "image_count": node.size }),
        NodeKind::Group(level) => json!({ "type": "abstract", "level": level }),
    };
    json!({ "id": node.id, "label": node.label, "size": node.size as f64, "metadata": metadata })
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Opened {
    topic_cluster_cache_key: Option<String>,
    cluster_id: Option<String>,
}

/// 11.10
pub(crate) fn paths(call: &Call<'_>) -> Outcome {
    let Opened { topic_cluster_cache_key, cluster_id } = call.asked.json()?;
    let filled =
        |text: Option<String>, name: &str| required(text.filter(|text| !text.trim().is_empty()), name);
    let key = filled(topic_cluster_cache_key, "topic_cluster_cache_key")?;
    let id = filled(cluster_id, "cluster_id")?;
    let unknown = || Problem::not_found("no such topic is kept; find the topics again");
    let topic = call.engine().topic(&key, &id).ok_or_else(unknown)?;
    let ids: Vec<ImageId> = topic.images.iter().map(|id| ImageId(*id)).collect();
    let access = call.access()?;
    let hits = call.engine().hits(&ids)?;
    let shown = hits.iter().filter(|hit| access.may_show(&hit.path));
    Ok(Answer::Json(json!({ "paths": shown.map(|hit| display(&hit.path)).collect::<Vec<_>>() })))
}
