//! The two ways one answer is written down. Nothing else in the program knows there are two.
//!
//! The reference dialect is spoken below the base, the iib dialect below `/iib`; what the
//! contract does not know is written in the reference dialect.

use super::answer::Answer;
use jiff::tz::TimeZone;
use lumidex_schema::api;
use lumidex_schema::id::Timestamp;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Value, json};

/// How answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Dialect {
    /// Of the public API reference: float seconds, one decimal, `custom` or `auto`.
    Reference,
    /// Of the original server: local-time text, two decimals, specific tag types.
    Iib,
}

impl Dialect {
    /// The `detail` of a missing or wrong secret.
    pub(crate) fn secret_failure(self) -> Value {
        match self {
            Self::Reference => json!("the secret key is missing or wrong"),
            Self::Iib => json!({ "type": "secret_verification_failed" }),
        }
    }

    /// The bytes of an answer.
    ///
    /// # Errors
    /// Never for the answers there are; the encoder's error is passed on.
    pub(crate) fn write(self, answer: &Answer) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Spoken { answer, tongue: &Tongue { dialect: self, zone: TimeZone::system() } })
    }

    fn size(self, bytes: u64) -> String {
        if bytes == 0 {
            return "0B".to_owned();
        }
        let units = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];
        let mut size = bytes as f64;
        let mut unit = 0;
        while size >= 1024.0 && unit + 1 < units.len() {
            size /= 1024.0;
            unit += 1;
        }
        match self {
            Self::Reference => format!("{size:.1} {}", units[unit]),
            Self::Iib => format!("{size:.2} {}", units[unit]),
        }
    }
}

/// A dialect with what it needs to know of the place: the time zone.
struct Tongue {
    dialect: Dialect,
    zone: TimeZone,
}

impl Tongue {
    fn date<M: SerializeMap>(&self, map: &mut M, key: &str, nanos: i64) -> Result<(), M::Error> {
        match self.dialect {
            Dialect::Reference => map.serialize_entry(key, &Timestamp(nanos).as_seconds_f64()),
            Dialect::Iib => map.serialize_entry(key, &self.local(nanos)),
        }
    }

    fn local(&self, nanos: i64) -> String {
        let time = jiff::Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        time.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

/// A value that knows how it is to be written.
struct Spoken<'a, T: ?Sized> {
    answer: &'a T,
    tongue: &'a Tongue,
}

impl<'a, T: ?Sized> Spoken<'a, T> {
    fn of<U: ?Sized>(&self, answer: &'a U) -> Spoken<'a, U> {
        Spoken { answer, tongue: self.tongue }
    }
}

impl Serialize for Spoken<'_, Answer> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.answer {
            Answer::Null | Answer::Raw(_) => to.serialize_unit(),
            Answer::Json(value) => value.serialize(to),
            Answer::Apart(apart) => match self.tongue.dialect {
                Dialect::Reference => apart.reference.serialize(to),
                Dialect::Iib => apart.iib.serialize(to),
            },
            Answer::File(file) => self.of(file.as_ref()).serialize(to),
            Answer::Files(files) => self.of(files.as_slice()).serialize(to),
            Answer::Tag(tag) => self.of(tag).serialize(to),
            Answer::Tags(tags) => self.of(tags.as_slice()).serialize(to),
            Answer::SharedTags(tags) => self.of(tags.as_slice()).serialize(to),
            Answer::Object(entries) => {
                let mut map = to.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key.as_ref(), &self.of(value))?;
                }
                map.end()
            }
        }
    }
}

impl<'a, T> Serialize for Spoken<'a, [T]>
where
    Spoken<'a, T>: Serialize,
{
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut seq = to.serialize_seq(Some(self.answer.len()))?;
        for one in self.answer {
            seq.serialize_element(&self.of(one))?;
        }
        seq.end()
    }
}

impl Serialize for Spoken<'_, api::FileInfo> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let api::FileInfo {
            kind,
            id,
            date_ns,
            created_ns,
            bytes,
            name,
            fullpath,
            is_under_scanned_path,
            media_type,
            offline,
        } = self.answer;
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("type", kind)?;
        if let Some(id) = id {
            map.serialize_entry("id", id)?;
        }
        self.tongue.date(&mut map, "date", *date_ns)?;
        self.tongue.date(&mut map, "created_time", *created_ns)?;
        self.tongue.date(&mut map, "created_date", *date_ns)?;
        if *kind == "dir" {
            map.serialize_entry("size", "-")?;
        } else {
            map.serialize_entry("size", &self.tongue.dialect.size(*bytes))?;
        }
        map.serialize_entry("bytes", bytes)?;
        map.serialize_entry("name", name)?;
        map.serialize_entry("fullpath", fullpath)?;
        map.serialize_entry("is_under_scanned_path", is_under_scanned_path)?;
        if let Some(media_type) = media_type {
            map.serialize_entry("media_type", media_type)?;
        }
        if *offline {
            map.serialize_entry("offline", &true)?;
        }
        map.end()
    }
}

impl Serialize for Spoken<'_, api::Tag> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let api::Tag { id, name, kind, color, count, display_name } = self.answer;
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("id", id)?;
        map.serialize_entry("name", name)?;
        match self.tongue.dialect {
            Dialect::Reference => {
                map.serialize_entry("type", if *kind == "custom" { "custom" } else { "auto" })?;
                map.serialize_entry("kind", kind)?;
            }
            Dialect::Iib => map.serialize_entry("type", kind)?,
        }
        map.serialize_entry("color", color)?;
        map.serialize_entry("count", count)?;
        map.serialize_entry("score", &0)?;
        map.serialize_entry("display_name", display_name)?;
        map.end()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(dialect: Dialect, answer: Answer) -> Value {
        let tongue = Tongue { dialect, zone: TimeZone::UTC };
        serde_json::to_value(Spoken { answer: &answer, tongue: &tongue }).unwrap()
    }

    fn file() -> Answer {
        Answer::File(Box::new(api::FileInfo {
            kind: "file",
            id: Some(7),
            date_ns: 1_795_363_958_250_000_000,
            created_ns: 1_795_363_950_000_000_000,
            bytes: 1_258_291,
            name: "a.png".into(),
            fullpath: "/p/a.png".into(),
            is_under_scanned_path: true,
            media_type: Some("image"),
            offline: false,
        }))
    }

    #[test]
    fn a_file_differs_only_in_dates_and_size() {
        assert_eq!(
            written(Dialect::Reference, file()),
            json!({"type":"file","id":7,"date":1_795_363_958.25,"created_time":1_795_363_950.0,"created_date":1_795_363_958.25,
                "size":"1.2 MB","bytes":1_258_291,"name":"a.png","fullpath":"/p/a.png","is_under_scanned_path":true,"media_type":"image"})
        );
        assert_eq!(
            written(Dialect::Iib, file()),
            json!({"type":"file","id":7,"date":"2026-11-22 16:12:38","created_time":"2026-11-22 16:12:30","created_date":"2026-11-22 16:12:38",
                "size":"1.20 MB","bytes":1_258_291,"name":"a.png","fullpath":"/p/a.png","is_under_scanned_path":true,"media_type":"image"})
        );
    }

    #[test]
    fn a_tag_is_custom_or_auto_in_one_dialect_and_specific_in_the_other() {
        let tag = |kind| {
            Answer::Tag(api::Tag {
                id: 3,
                name: "x".into(),
                kind,
                color: String::new(),
                count: 2,
                display_name: None,
            })
        };
        let reference = written(Dialect::Reference, tag("Model"));
        assert_eq!((&reference["type"], &reference["kind"]), (&json!("auto"), &json!("Model")));
        assert_eq!(
            written(Dialect::Iib, tag("Model")),
            json!({"id":3,"name":"x","type":"Model","color":"","count":2,"score":0,"display_name":null})
        );
        assert_eq!(written(Dialect::Reference, tag("custom"))["type"], "custom");
    }

    #[test]
    fn sizes_read_as_each_dialect_wants_them() {
        for (bytes, reference, iib) in [
            (0, "0B", "0B"),
            (850, "850.0 B", "850.00 B"),
            (7618, "7.4 KB", "7.44 KB"),
            (u64::MAX, "16.0 EB", "16.00 EB"),
        ] {
            assert_eq!(Dialect::Reference.size(bytes), reference);
            assert_eq!(Dialect::Iib.size(bytes), iib);
        }
    }
}
