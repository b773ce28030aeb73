//! Content credentials, in which a service says that it made the picture, and never how (catalogue 5.17).

use crate::claim::Claim;
use crate::members::put;
use crate::normal;
use crate::sheet::Sheet;
use crate::slots::Place;
use lumidex_schema::recipe::{Recipe, Source};

/// How the ends of the addresses are called that mean: a machine made it.
const MADE: [&str; 4] = [
    "trainedAlgorithmicMedia",
    "compositeWithTrainedAlgorithmicMedia",
    "algorithmicMedia",
    "compositeSynthetic",
];

/// What a generator or an agent is called, and whose it is.
const VENDORS: [(&str, Source); 13] = [
    ("openai", Source::OpenAi),
    ("chatgpt", Source::OpenAi),
    ("dall", Source::OpenAi),
    ("gpt-", Source::OpenAi),
    ("sora", Source::OpenAi),
    ("google", Source::Google),
    ("gemini", Source::Google),
    ("imagen", Source::Google),
    ("adobe", Source::Adobe),
    ("firefly", Source::Adobe),
    ("photoshop", Source::Adobe),
    ("midjourney", Source::Midjourney),
    ("invokeai", Source::InvokeAi),
];

/// Whether an address of a kind of source means that a machine made the picture.
pub(super) fn is_made(source_type: &str) -> bool {
    let source_type = source_type.trim().trim_end_matches('/');
    let last = source_type.rsplit(['/', ':']).next().unwrap_or(source_type);
    MADE.contains(&last)
}

/// Whose a generator or an agent is.
pub(super) fn vendor(name: &str) -> Option<Source> {
    let name = name.to_lowercase();
    VENDORS.iter().find(|(start, _)| name.contains(start)).map(|(_, source)| *source)
}

/// The vendor, where the credentials say that a machine made the picture.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    let mut types = sheet.slots().iter().filter(|slot| slot.place == Place::Credential("source type"));
    let made = types.find(|slot| is_made(&slot.text));
    let [generator, agent] = ["generator", "agent"].map(|name| sheet.credential(name));
    let named = [generator, agent].into_iter().flatten().find_map(vendor);
    if made.is_none() && named != Some(Source::OpenAi) {
        return None;
    }
    let speaker = [generator, agent, made.map(|slot| slot.text.as_str())].into_iter().flatten().next()?;
    let source = named.unwrap_or(Source::Generic);
    let mut recipe = Recipe { source, raw: speaker.to_owned(), ..Recipe::default() };
    recipe.model = agent.and_then(normal::model);
    put(&mut recipe, "AI generated", Some("true"));
    put(&mut recipe, "Credits", generator);
    Some(Claim::rendered(recipe, sheet.place_of(speaker)))
}
