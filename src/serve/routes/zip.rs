//! Contract section 1.9: several files as one archive, sent while it is made or kept on the server.

use super::media::{attachment, open_shown, set};
use crate::files::archive::{Item, PackError, Packing, Seen, pack, told_apart};
use crate::serve::access::Place;
use crate::serve::answer::{Answer, Outcome};
use crate::serve::extract::{not_too_many, nullable, required};
use crate::serve::limits::{KEPT_BYTES_MAX, KEPT_ROOM_LEFT, POUR_STALL};
use crate::serve::pouring::pour;
use crate::serve::problem::Problem;
use crate::serve::server::Call;
use crate::sys::space::free_bytes;
use axum::http::{Response, header};
use lumidex_schema::problem::Code;
use schemars::JsonSchema;
use serde::Deserialize;
use std::io::BufWriter;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Wish {
    paths: Option<Vec<String>>,
    #[serde(default, deserialize_with = "nullable")]
    compress: bool,
    #[serde(default, deserialize_with = "nullable")]
    pack_only: bool,
}

/// 1.9
pub(crate) fn zip(call: &Call<'_>) -> Outcome {
    let Wish { paths, compress, pack_only } = call.asked.json()?;
    let given = not_too_many(required(paths, "paths")?)?;
    let places = given.iter().map(|path| call.place(path)).collect::<Result<Vec<_>, _>>()?;
    let turn = call.server.archive_turn()?;
    let items = items(places)?;
    let packing = if compress { Packing::Deflated } else { Packing::Stored };
    if pack_only {
        keep(call, &items, packing)?;
        return Ok(Answer::Null);
    }
    let (out, body) = pour(call.server.stop.subscribe(), POUR_STALL);
    tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let packed = pack(&items, packing, out).and_then(|out| out.end().map_err(PackError::Write));
        if let Err(error) = packed {
            tracing::warn!(error = &error as &dyn std::error::Error, "an archive broke off");
        }
    });
    let mut response = Response::new(body);
    set(&mut response, header::CONTENT_TYPE, "application/zip");
    set(&mut response, header::CONTENT_DISPOSITION, &attachment(&call.server.kept.name()));
    set(&mut response, header::CACHE_CONTROL, "no-store");
    Ok(Answer::raw(response))
}

/// Every file is looked at before the first is sent, for after that nothing can be refused in words.
fn items(places: Vec<Place>) -> Result<Vec<Item>, Problem> {
    let names = told_apart(places.iter().map(|place| name_bytes(&place.path)));
    let mut items = Vec::with_capacity(places.len());
    for (place, name) in places.into_iter().zip(names) {
        let (_, metadata) = open_shown(&place).map_err(Problem::bad_if_missing)?;
        items.push(Item { name, file: place.file, seen: Seen::of(&metadata) });
    }
    Ok(items)
}

fn name_bytes(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or_default()
}

fn keep(call: &Call<'_>, items: &[Item], packing: Packing) -> Result<(), Problem> {
    let bytes = items.iter().fold(0_u64, |sum, item| sum.saturating_add(item.seen.bytes));
    if bytes > KEPT_BYTES_MAX {
        return Err(Problem::bad(format!(
            "{bytes} bytes are more than the {KEPT_BYTES_MAX} that are kept on the server"
        )));
    }
    let free = free_bytes(&call.server.settings.data_dir)
        .map_err(|error| Problem::internal("asking for free space", &error))?;
    if free < bytes.saturating_add(KEPT_ROOM_LEFT) {
        return Err(Problem::busy(Code::Unavailable, "the disk has no room for this archive", 60));
    }
    let write = |file| {
        let file = pack(items, packing, BufWriter::new(file))?;
        file.into_inner().map_err(|error| PackError::Write(error.into_error()))?;
        Ok(())
    };
    call.server.kept.keep(bytes, write).map_err(|error: PackError| match error {
        PackError::Changed(_) => Problem::bad("a file changed while it was packed"),
        error => Problem::internal("keeping an archive", &error),
    })
}
