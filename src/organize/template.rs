//! Names of folders by what each image says of itself: `{model}/{date:%Y-%m}`.
//!
//! A `/` divides folders that lie one in another; `{{` and `}}` are braces. What an image does not say is
//! `unknown`. Every component is a name that every file system takes, whatever the image says.

use super::names::sanitised_or_empty;
use crate::limits::organize as limits;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use lumidex_schema::id::Timestamp;

/// What stands for what an image does not say.
const UNKNOWN: &str = "unknown";

/// How a date is written where nothing else is asked for.
const DATE_FORMAT: &str = "%Y-%m-%d";

/// A template that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    levels: Vec<Vec<Part>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
    /// With its format.
    Date(String),
}

/// What can be asked of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Model,
    Sampler,
    Scheduler,
    Source,
    Seed,
    Steps,
    Cfg,
    Width,
    Height,
    Topic,
    Media,
    Ext,
    Folder,
}

const FIELDS: [(&str, Field); 13] = [
    ("model", Field::Model),
    ("sampler", Field::Sampler),
    ("scheduler", Field::Scheduler),
    ("source", Field::Source),
    ("seed", Field::Seed),
    ("steps", Field::Steps),
    ("cfg", Field::Cfg),
    ("width", Field::Width),
    ("height", Field::Height),
    ("topic", Field::Topic),
    ("media", Field::Media),
    ("ext", Field::Ext),
    ("folder", Field::Folder),
];

/// Shorter names of parts of the date.
const DATES: [(&str, &str); 4] = [("year", "%Y"), ("month", "%m"), ("day", "%d"), ("date", DATE_FORMAT)];

/// Why a template was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the template cannot be understood at character {at}: {why}")]
pub struct BadTemplate {
    /// Counted from 1.
    pub at: usize,
    /// In words.
    pub why: String,
}

/// What an image says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Model name.
    pub model: Option<String>,
    /// Sampler as stored.
    pub sampler: Option<String>,
    /// Scheduler as stored.
    pub scheduler: Option<String>,
    /// Which program made it.
    pub source: Option<String>,
    /// Seed as stored.
    pub seed: Option<String>,
    /// Steps.
    pub steps: Option<String>,
    /// Guidance.
    pub cfg: Option<String>,
    /// Pixels.
    pub width: Option<String>,
    /// Pixels.
    pub height: Option<String>,
    /// Title of its topic.
    pub topic: Option<String>,
    /// `image`, `video` or `audio`.
    pub media: Option<String>,
    /// Ending of its name, lower case, without a dot.
    pub ext: Option<String>,
    /// Name of the folder it lies in.
    pub folder: Option<String>,
    /// When its file was changed last.
    pub date: Option<Timestamp>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`BadTemplate`], with the place.
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        if text.len() > limits::TEMPLATE_BYTES_MAX {
            let why = format!("it is longer than {} bytes", limits::TEMPLATE_BYTES_MAX);
            return Err(BadTemplate { at: 1, why });
        }
        let letters: Vec<char> = text.chars().collect();
        let mut levels = vec![Vec::new()];
        let mut from = 0;
        while from < letters.len() {
            from = part(&letters, from, &mut levels)?;
        }
        if let Some(empty) = levels.iter().position(Vec::is_empty) {
            return Err(bad(end_of_level(&letters, empty), "a folder has no name here"));
        }
        if levels.len() > limits::TEMPLATE_LEVELS_MAX {
            let why = format!("it makes more than {} folders one in another", limits::TEMPLATE_LEVELS_MAX);
            return Err(bad(end_of_level(&letters, limits::TEMPLATE_LEVELS_MAX - 1), &why));
        }
        Ok(Self { text: text.to_owned(), levels })
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it asks for topics.
    #[must_use]
    pub fn needs_topics(&self) -> bool {
        self.levels.iter().flatten().any(|part| *part == Part::Field(Field::Topic))
    }

    /// Whether it asks for what only the generation text says.
    #[must_use]
    pub fn needs_recipe(&self) -> bool {
        let is_plain =
            |field: &Field| matches!(field, Field::Topic | Field::Media | Field::Ext | Field::Folder);
        self.levels.iter().flatten().any(|part| matches!(part, Part::Field(field) if !is_plain(field)))
    }

    /// The folders for an image, the outermost first; none is empty.
    #[must_use]
    pub fn folders(&self, facts: &Facts, zone: &TimeZone, chars_max: usize) -> Vec<String> {
        let level = |parts: &Vec<Part>| {
            let said: String = parts.iter().map(|part| part.said(facts, zone)).collect();
            let name = sanitised_or_empty(&said, chars_max);
            if name.is_empty() { UNKNOWN.to_owned() } else { name }
        };
        self.levels.iter().map(level).collect()
    }
}

impl Part {
    fn said(&self, facts: &Facts, zone: &TimeZone) -> String {
        let said = match self {
            Self::Text(text) => Some(text.clone()),
            Self::Field(field) => field.of(facts).map(str::trim).map(str::to_owned),
            Self::Date(format) => facts.date.and_then(|date| written(date, zone, format)),
        };
        said.filter(|said| !said.is_empty()).unwrap_or_else(|| UNKNOWN.to_owned())
    }
}

impl Field {
    fn of(self, facts: &Facts) -> Option<&str> {
        let Facts {
            model,
            sampler,
            scheduler,
            source,
            seed,
            steps,
            cfg,
            width,
            height,
            topic,
            media,
            ext,
            folder,
            date: _,
        } = facts;
        let said = match self {
            Self::Model => model,
            Self::Sampler => sampler,
            Self::Scheduler => scheduler,
            Self::Source => source,
            Self::Seed => seed,
            Self::Steps => steps,
            Self::Cfg => cfg,
            Self::Width => width,
            Self::Height => height,
            Self::Topic => topic,
            Self::Media => media,
            Self::Ext => ext,
            Self::Folder => folder,
        };
        said.as_deref()
    }
}

fn written(date: Timestamp, zone: &TimeZone, format: &str) -> Option<String> {
    let at = jiff::Timestamp::from_nanosecond(i128::from(date.0)).ok()?;
    strtime::format(format, &at.to_zoned(zone.clone())).ok()
}

fn bad(at: usize, why: &str) -> BadTemplate {
    BadTemplate { at: at + 1, why: why.to_owned() }
}

/// Where the nth folder ends.
fn end_of_level(letters: &[char], nth: usize) -> usize {
    let mut ends = Vec::new();
    let mut depth: usize = 0;
    for (at, letter) in letters.iter().enumerate() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '/' if depth == 0 => ends.push(at),
            _ => {}
        }
    }
    ends.get(nth).copied().unwrap_or(letters.len())
}

/// Reads one part; gives where the next begins.
fn part(letters: &[char], from: usize, levels: &mut Vec<Vec<Part>>) -> Result<usize, BadTemplate> {
    let next = letters.get(from + 1).copied();
    let (part, end) = match letters[from] {
        '/' => {
            levels.push(Vec::new());
            return Ok(from + 1);
        }
        '{' if next == Some('{') => (Part::Text("{".to_owned()), from + 2),
        '}' if next == Some('}') => (Part::Text("}".to_owned()), from + 2),
        '}' => return Err(bad(from, "a `}` without a `{`; `}}` is a brace")),
        '{' => field(letters, from)?,
        letter => (Part::Text(letter.to_string()), from + 1),
    };
    if let Some(level) = levels.last_mut() {
        match (level.last_mut(), part) {
            (Some(Part::Text(text)), Part::Text(more)) => text.push_str(&more),
            (_, part) => level.push(part),
        }
    }
    Ok(end)
}

/// `{name}` or `{date:format}`, and where the next part begins.
fn field(letters: &[char], from: usize) -> Result<(Part, usize), BadTemplate> {
    let rest = &letters[from + 1..];
    let end = rest.iter().position(|letter| *letter == '}');
    let end = end.ok_or_else(|| bad(from, "a `{` without a `}`; `{{` is a brace"))?;
    let inside: String = rest[..end].iter().collect();
    let (name, format) = match inside.split_once(':') {
        Some((name, format)) => (name.trim(), Some(format)),
        None => (inside.trim(), None),
    };
    let name = name.to_lowercase();
    if let Some((_, default)) = DATES.iter().find(|(known, _)| *known == name) {
        if format.is_some() && name != "date" {
            return Err(bad(from, "only `date` takes a format"));
        }
        let format = format.unwrap_or(default);
        if written(Timestamp::default(), &TimeZone::UTC, format).is_none() {
            return Err(bad(from, "the format of the date is not understood"));
        }
        return Ok((Part::Date(format.to_owned()), from + end + 2));
    }
    match FIELDS.iter().find(|(known, _)| *known == name) {
        Some(_) if format.is_some() => Err(bad(from, "only `date` takes a format")),
        Some((_, field)) => Ok((Part::Field(*field), from + end + 2)),
        None => {
            let known: Vec<&str> =
                FIELDS.iter().map(|(name, _)| *name).chain(DATES.iter().map(|(name, _)| *name)).collect();
            Err(bad(from, &format!("there is no field `{name}`; there are {}", known.join(", "))))
        }
    }
}

impl serde::Serialize for Template {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> serde::Deserialize<'de> for Template {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
