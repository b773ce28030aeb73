//! What a client sent, taken apart leniently: a body is JSON whatever its type says, unknown keys
//! are ignored, `null` means absent. What cannot be understood is a 400 that says why.

use super::limits::{NAME_BYTES_MAX, PATHS_MAX};
use super::problem::Problem;
use super::proxied::Way;
use axum::body::Bytes;
use axum::http::HeaderMap;
use lumidex_schema::id::TagId;
use lumidex_schema::path::display_unmarked;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _, Visitor};
use std::borrow::Cow;
use std::sync::Arc;

/// A request that passed the door.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Headers.
    pub(crate) headers: HeaderMap,
    /// Only the head of the answer is wanted.
    pub(crate) is_head: bool,
    /// How it came here.
    pub(crate) way: Way,
    /// The prefix its route stands under.
    pub(crate) mount: Arc<str>,
    /// The whole path, as sent.
    pub(crate) path: String,
    /// The query string, as sent.
    pub(crate) raw_query: Option<String>,
    /// Last component of the path, decoded once.
    pub(crate) tail: String,
    /// Decoded query parameters, in order.
    pub(crate) query: Vec<(String, String)>,
    /// Body, bounded.
    pub(crate) body: Bytes,
}

impl Asked {
    /// A query parameter; the last one counts.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter that must be there.
    ///
    /// # Errors
    /// 400 when it is not.
    pub(crate) fn required_param(&self, name: &str) -> Result<&str, Problem> {
        self.param(name).ok_or_else(|| missing(name))
    }

    /// The body. An empty one counts as `{}`.
    ///
    /// # Errors
    /// 400 when it is no JSON object of this shape.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let body = self.body.trim_ascii();
        let body = if body.is_empty() { &b"{}"[..] } else { body };
        // A struct could also be read from an array, which nobody means.
        if !body.starts_with(b"{") {
            return Err(Problem::bad("the body must be a JSON object"));
        }
        serde_json::from_slice(body)
            .map_err(|error| Problem::bad(format!("the body cannot be read: {error}")))
    }
}

/// Takes a query string apart. Bytes that are not UTF-8 take the form paths are shown in, so that
/// a raw `%FF` names the same file.
pub(crate) fn query_of(text: Option<&str>) -> Vec<(String, String)> {
    let decoded = |part: &str| decoded(&part.replace('+', " "));
    let pairs = text.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key), decoded(value))
        })
        .collect()
}

/// Percent signs taken out, once. Bytes that are not UTF-8 take the form paths are shown in; what has it
/// already is left as it is, for a client sends back what it was shown.
pub(crate) fn decoded(part: &str) -> String {
    display_unmarked(&percent_encoding::percent_decode_str(part).collect::<Vec<u8>>())
}

/// 400 for a parameter that must be there.
pub(crate) fn missing(name: &str) -> Problem {
    Problem::bad(format!("`{name}` is missing"))
}

/// The value of a field that must be there.
///
/// # Errors
/// 400 when it is not.
pub(crate) fn required<T>(value: Option<T>, name: &str) -> Result<T, Problem> {
    value.ok_or_else(|| missing(name))
}

/// A short text: not beyond `NAME_BYTES_MAX`.
///
/// # Errors
/// 400 when it is longer.
pub(crate) fn short<'a>(text: &'a str, name: &str) -> Result<&'a str, Problem> {
    if text.len() > NAME_BYTES_MAX {
        return Err(Problem::bad(format!("`{name}` is longer than {NAME_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// Not more paths than one request may name.
///
/// # Errors
/// 400 when there are more.
pub(crate) fn not_too_many(paths: Vec<String>) -> Result<Vec<String>, Problem> {
    if paths.len() > PATHS_MAX {
        return Err(Problem::bad(format!(
            "{} paths are more than the {PATHS_MAX} of one request",
            paths.len()
        )));
    }
    Ok(paths)
}

/// For `#[serde(default, deserialize_with)]`: `null` is the default.
///
/// # Errors
/// When the value has another type.
pub(crate) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

/// An id as clients write it: a number, or a text of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WireId(i128);

impl JsonSchema for WireId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "WireId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["integer", "string"], "pattern": "^[0-9]+$", "minimum": 1, "maximum": u32::MAX })
    }
}

impl WireId {
    /// As the id of a tag.
    ///
    /// # Errors
    /// 404 when no tag can have it.
    pub(crate) fn tag(self) -> Result<TagId, Problem> {
        self.number()
            .map(TagId)
            .ok_or_else(|| Problem::not_found(format!("there is no tag with the id `{}`", self.0)))
    }

    /// As an id of anything; `None` when nothing can have it.
    pub(crate) fn number(self) -> Option<u32> {
        u32::try_from(self.0).ok().filter(|id| *id > 0)
    }
}

impl<'de> Deserialize<'de> for WireId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = WireId;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an integer, or a text of digits")
            }
            fn visit_i64<E>(self, value: i64) -> Result<WireId, E> {
                Ok(WireId(value.into()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<WireId, E> {
                Ok(WireId(value.into()))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<WireId, E> {
                text.trim()
                    .parse::<i64>()
                    .map(|id| WireId(id.into()))
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        from.deserialize_any(Either).map_err(D::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Body {
        #[serde(default, deserialize_with = "nullable")]
        text: String,
        tag: Option<WireId>,
    }

    fn read(body: &str) -> Result<Body, Problem> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        Asked { body, ..Asked::default() }.json()
    }

    #[test]
    fn a_body_is_read_leniently() {
        let body = |text: &str, tag: Option<i128>| Body { text: text.into(), tag: tag.map(WireId) };
        assert_eq!(read("").unwrap(), body("", None));
        assert_eq!(read(r#"{"text":null,"tag":null,"more":[{}]}"#).unwrap(), body("", None));
        assert_eq!(read(r#" {"text":"x","tag":7}"#).unwrap(), body("x", Some(7)));
        assert_eq!(read(r#"{"tag":" 7 "}"#).unwrap(), body("", Some(7)));
        for bad in [
            "[]",
            "[\"x\",1]",
            "1",
            "null",
            "{",
            "{}x",
            r#"{"text":1}"#,
            r#"{"tag":"x"}"#,
            r#"{"tag":1.5}"#,
            "\u{feff}{}",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_id_nothing_can_have_is_no_tag() {
        for id in [0, -1, 1 << 32] {
            assert!(WireId(id).tag().is_err());
        }
        assert_eq!(WireId(5).tag().unwrap(), TagId(5));
    }

    #[test]
    fn a_query_is_decoded_once() {
        let pairs = query_of(Some("path=%2Fa%2520b+c&t&x=%FF=&path=2"));
        let text = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            pairs,
            [text("path", "/a%20b c"), text("t", ""), text("x", "\u{fffd}FF="), text("path", "2")]
        );
    }
}
