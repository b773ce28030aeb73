//! How a library grew, and what it was made with.

use crate::projection::tags::State;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use lumidex_schema::id::{ImageId, TagId, Timestamp};
use lumidex_schema::tag::TagKind;

/// A name and how many images it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// A tag's name, a day `YYYY-MM-DD` or a month `YYYY-MM`.
    pub name: String,
    /// Live images.
    pub count: u64,
}

/// See the module. Days and months are of modification times in the server's time zone,
/// ascending, only those with images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trend {
    /// Live images.
    pub total_images: u64,
    /// Their size in bytes.
    pub total_bytes: u64,
    /// Images by day.
    pub days: Vec<Counted>,
    /// Images by month.
    pub months: Vec<Counted>,
    /// Most used first.
    pub models: Vec<Counted>,
    /// Most used first.
    pub samplers: Vec<Counted>,
    /// Most used first.
    pub loras: Vec<Counted>,
    /// Most used first.
    pub sources: Vec<Counted>,
}

pub(super) fn trend(state: &State, tops_max: usize) -> Trend {
    let days = by_day(state);
    let mut months: Vec<Counted> = Vec::new();
    for (date, count) in &days {
        let name = date.strftime("%Y-%m").to_string();
        match months.last_mut() {
            Some(month) if month.name == name => month.count += count,
            _ => months.push(Counted { name, count: *count }),
        }
    }
    let named = |(date, count): (Date, u64)| Counted { name: date.strftime("%Y-%m-%d").to_string(), count };
    Trend {
        total_images: state.live.len(),
        total_bytes: state.total_bytes,
        days: days.into_iter().map(named).collect(),
        months,
        models: tops(state, TagKind::Model, tops_max),
        samplers: tops(state, TagKind::Sampler, tops_max),
        loras: tops(state, TagKind::Lora, tops_max),
        sources: tops(state, TagKind::SourceIdentifier, tops_max),
    }
}

/// The order is by date, so a day is a stretch of it: two searches find its ends, whatever the
/// number of images between.
fn by_day(state: &State) -> Vec<(Date, u64)> {
    let zone = TimeZone::system();
    let ids = state.order.ids();
    let mut days = Vec::new();
    let mut at = 0;
    while let Some(first) = ids.get(at) {
        let date = local_date(state.columns.date(ImageId(*first)), &zone);
        let end = match day_end(date, &zone) {
            Some(end) => state.order.before(&state.columns, end, ImageId(0)),
            None => ids.len(),
        };
        let end = end.max(at + 1);
        days.push((date, (end - at) as u64));
        at = end;
    }
    days
}

fn local_date(at: Timestamp, zone: &TimeZone) -> Date {
    let at = jiff::Timestamp::from_nanosecond(i128::from(at.0)).unwrap_or_default();
    at.to_zoned(zone.clone()).date()
}

fn day_end(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let next = date.tomorrow().ok()?.to_zoned(zone.clone()).ok()?;
    i64::try_from(next.timestamp().as_nanosecond()).ok().map(Timestamp)
}

fn tops(state: &State, kind: TagKind, max: usize) -> Vec<Counted> {
    let of_kind = state.tags().filter(|(_, entry)| entry.kind == kind);
    let mut counted: Vec<(u64, TagId)> =
        of_kind.map(|(id, _)| (state.posting(id).len(), id)).filter(|(count, _)| *count > 0).collect();
    counted.sort_unstable_by_key(|(count, id)| (std::cmp::Reverse(*count), *id));
    counted.truncate(max);
    let named = |(count, id)| {
        let name = state.tag(id)?.name.to_string();
        Some(Counted { name, count })
    };
    counted.into_iter().filter_map(named).collect()
}
