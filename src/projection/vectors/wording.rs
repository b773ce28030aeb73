//! The prompt of a generation text.

use crate::ledger::paid::PromptHash;
use crate::limits::vectors::PROMPT_CHARS_MAX;
use lumidex_schema::text;
use lumidex_topics::prompt;

/// Stands where images have values of their own: a text must read as one with a number there.
const ANY_VALUES: [u64; text::HOLES_MAX] = [1; text::HOLES_MAX];

/// The name under which the vectors of a whole generation text are kept; `None` where it has no prompt.
#[must_use]
pub fn prompt_hash(text: &str) -> Option<PromptHash> {
    prompt_of(text).map(|words| prompt::hash(&words))
}

/// The cleaned positive prompt; `None` where there is no recipe, as in a caption, or it has no positive.
pub(super) fn prompt_of(template: &str) -> Option<String> {
    let filled;
    let whole = if template.contains(text::HOLE) {
        filled = text::fill(template, &ANY_VALUES);
        filled.as_str()
    } else {
        template
    };
    let recipe = lumidex_metadata::recipe_of(whole)?;
    prompt::cleaned(&recipe.positive, PROMPT_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_has_a_prompt_whatever_its_seed_and_a_caption_has_none() {
        let template = "a red fox, snow\nNegative prompt: blurry\nSteps: 20, Seed: \0, Size: 64x64";
        let prompt = prompt_of(template);
        assert!(prompt.as_ref().is_some_and(|prompt| prompt.contains("red fox")), "{prompt:?}");
        assert_eq!(prompt_of(&template.replace('\0', "77")), prompt);
        assert!(!prompt.is_some_and(|prompt| prompt.contains("blurry")));
        assert_eq!(prompt_of("my holiday by the sea"), None);
        assert_eq!(prompt_of(""), None);
    }
}
