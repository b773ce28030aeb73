//! A person's rules that put custom tags on images as they are read (contract 15.8).

use crate::limits::{TAG_RULE_REGEX_BYTES_MAX, TAG_RULES_MAX};
use crate::{prompt, tags};
use lumidex_schema::recipe::Recipe;
use lumidex_schema::tag::is_valid_name;
use regex::RegexBuilder;
use serde_json::Value;

/// The setting does not hold rules.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// Not JSON.
    #[error("tag rules are not JSON")]
    Json(#[from] serde_json::Error),
    /// JSON of another shape.
    #[error("tag rules are not a list")]
    NotAList,
    /// More than are applied.
    #[error("more than `{limit}` tag rules")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
}

/// Compiled rules.
#[derive(Debug, Default)]
pub struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    tag: String,
    /// Never empty.
    filters: Vec<Filter>,
}

#[derive(Debug)]
struct Filter {
    field: String,
    test: Test,
}

#[derive(Debug)]
enum Test {
    /// In lower case.
    Contains(String),
    /// In lower case.
    Equals(String),
    Regex(regex::Regex),
    /// An unknown operator or an invalid expression.
    Never,
}

impl Rules {
    /// Reads the setting `auto_tag_rules`; blank means no rules. An entry that is no rule, has no
    /// filters or gives an invalid tag name is one that never applies, and is left out.
    ///
    /// # Errors
    /// [`RulesError`] when it is not a list of at most 1,000 entries.
    pub fn parse(json: &str) -> Result<Self, RulesError> {
        if json.trim().is_empty() {
            return Ok(Self::default());
        }
        let entries = match serde_json::from_str(json)? {
            Value::Null => return Ok(Self::default()),
            Value::Array(entries) => entries,
            _ => return Err(RulesError::NotAList),
        };
        if entries.len() > TAG_RULES_MAX {
            return Err(RulesError::TooMany { limit: TAG_RULES_MAX });
        }
        Ok(Self(entries.iter().filter_map(Rule::of).collect()))
    }

    /// Whether no rule can apply.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tags of all rules that a recipe matches, in the order of the rules, no repeats.
    #[must_use]
    pub fn tags_for(&self, recipe: &Recipe) -> Vec<String> {
        let mut tags: Vec<String> = Vec::new();
        for rule in &self.0 {
            if !tags.contains(&rule.tag) && rule.filters.iter().all(|filter| filter.matches(recipe)) {
                tags.push(rule.tag.clone());
            }
        }
        tags
    }
}

impl Rule {
    fn of(entry: &Value) -> Option<Self> {
        let tag = entry.get("tag")?.as_str()?.trim();
        let filters: Vec<_> =
            entry.get("filters")?.as_array()?.iter().map(Filter::of).collect::<Option<_>>()?;
        (is_valid_name(tag) && !filters.is_empty()).then(|| Self { tag: tag.to_owned(), filters })
    }
}

impl Filter {
    fn of(filter: &Value) -> Option<Self> {
        let value = match filter.get("value")? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let test = match filter.get("operator")?.as_str()? {
            "contains" => Test::Contains(value.to_lowercase()),
            "equals" => Test::Equals(value.to_lowercase()),
            "regex" => RegexBuilder::new(&value)
                .case_insensitive(true)
                .size_limit(TAG_RULE_REGEX_BYTES_MAX)
                .build()
                .map_or(Test::Never, Test::Regex),
            _ => Test::Never,
        };
        Some(Self { field: filter.get("field")?.as_str()?.to_owned(), test })
    }

    fn matches(&self, recipe: &Recipe) -> bool {
        let Some(value) = field(recipe, &self.field) else { return false };
        match &self.test {
            Test::Contains(part) => value.to_lowercase().contains(part),
            Test::Equals(whole) => value.to_lowercase() == *whole,
            Test::Regex(regex) => regex.is_match(&value),
            Test::Never => false,
        }
    }
}

/// A field by the name that rules use: normalised prompts, or a setting in its exact spelling.
fn field(recipe: &Recipe, name: &str) -> Option<String> {
    let side = |side: Option<u32>| side.map(|side| side.to_string());
    match name {
        "pos_prompt" => Some(prompt::tags(&recipe.positive).pos.join(",")),
        "neg_prompt" => Some(recipe.negative.clone()),
        "Model" => recipe.model.clone(),
        "Model hash" => recipe.model_hash.clone(),
        "Sampler" => recipe.sampler.clone(),
        "Schedule type" | "Scheduler" => recipe.scheduler.clone(),
        "CFG scale" => recipe.cfg.map(|cfg| cfg.to_string()),
        "Steps" => side(recipe.steps),
        "Seed" => recipe.seed.clone(),
        "Size" => recipe.width.zip(recipe.height).map(|(width, height)| format!("{width}x{height}")),
        "final_width" | "Size-1" => side(recipe.width),
        "final_height" | "Size-2" => side(recipe.height),
        "Lora hashes" if recipe.loras.iter().any(|lora| lora.hash.is_some()) => {
            let hashed = recipe
                .loras
                .iter()
                .filter_map(|lora| Some(format!("{}: {}", lora.name, lora.hash.as_ref()?)));
            Some(hashed.collect::<Vec<_>>().join(", "))
        }
        "Source Identifier" => {
            Some(tags::setting(recipe, name).unwrap_or(recipe.source.identifier()).to_owned())
        }
        _ => recipe.extra.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn recipe() -> Recipe {
        let text = "Red_Hat, cat\nNegative prompt: Blurry sky\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x768, Model: Tin, VAE: x";
        crate::recipe_of(text).unwrap()
    }

    #[track_caller]
    fn check(field: &str, operator: &str, value: &str, expected: bool) {
        let rules = serde_json::json!([{"tag": "t", "filters": [{"field": field, "operator": operator, "value": value}]}]);
        assert_eq!(!Rules::parse(&rules.to_string()).unwrap().tags_for(&recipe()).is_empty(), expected);
    }

    #[test]
    fn operators_ignore_case_and_unknown_ones_never_match() {
        check("pos_prompt", "contains", "RED HAT,CAT", true);
        check("neg_prompt", "contains", "blurry", true);
        check("Model", "equals", "tin", true);
        check("Model", "equals", "ti", false);
        check("Sampler", "regex", "^euler", true);
        check("Sampler", "regex", "(unclosed", false);
        check("Model", "starts", "Tin", false);
    }

    #[test]
    fn fields_are_settings_in_their_exact_spelling() {
        for (field, value) in [
            ("Size", "512x768"),
            ("Steps", "20"),
            ("Seed", "5"),
            ("CFG scale", "7"),
            ("VAE", "x"),
            ("final_width", "512"),
        ] {
            check(field, "equals", value, true);
        }
        check("vae", "equals", "x", false);
        check("Absent", "contains", "", false);
    }

    #[test]
    fn all_filters_must_match_and_none_is_never() {
        let rules =
            |filters: &str| Rules::parse(&format!("[{{\"tag\": \"t\", \"filters\": [{filters}]}}]")).unwrap();
        let matching = r#"{"field": "Model", "operator": "equals", "value": "Tin"}"#;
        let other = r#"{"field": "Model", "operator": "equals", "value": "x"}"#;
        assert_eq!(rules(&format!("{matching}, {matching}")).tags_for(&recipe()), ["t"]);
        assert_eq!(rules(&format!("{matching}, {other}")).tags_for(&recipe()), Vec::<String>::new());
        assert!(rules("").is_empty());
    }

    #[test]
    fn what_is_no_list_is_an_error_and_what_is_no_rule_never_applies() {
        assert!(Rules::parse(" ").unwrap().is_empty());
        assert!(Rules::parse("null").unwrap().is_empty());
        assert!(Rules::parse("[1, {}, {\"tag\": 5}, {\"tag\": \"x\", \"filters\": 1}]").unwrap().is_empty());
        assert!(matches!(Rules::parse("{"), Err(RulesError::Json(_))));
        assert!(matches!(Rules::parse("{}"), Err(RulesError::NotAList)));
        let many = format!("[{}1]", "1,".repeat(TAG_RULES_MAX));
        assert!(matches!(Rules::parse(&many), Err(RulesError::TooMany { limit: TAG_RULES_MAX })));
    }
}
