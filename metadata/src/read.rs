//! One file's bytes to everything the ledger wants to know of it.

use crate::claim::{Claim, Found};
use crate::complaint::Complaint;
use crate::container::Container;
use crate::dialects;
use crate::limits::{GENERATION_TEXT_BYTES_MAX, SIDECAR_BYTES_MAX, SIDECARS_MAX};
use crate::picture::Picture;
use crate::sheet::Sheet;
use crate::sidecar::{self, Beside, Sidecar};
use crate::slots::{Slot, Slots, Wanted};
use crate::source::{ReadAt, Window};
use crate::{
    bmp, comfyui, ebml, film, fingerprint, gif, heif, infotext, jpeg, json, jxl, normal, png, sound, stealth,
    stealth_webp, tiff, webp,
};
use lumidex_schema::note::Finding;
use lumidex_schema::recipe::Recipe;
use lumidex_schema::record::Fingerprint;
use std::collections::BTreeMap;
use std::io;

/// What a file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// By content.
    pub container: Container,
    /// Of the file itself; 0 when unknown.
    pub pixel_width: u32,
    /// Of the file itself; 0 when unknown.
    pub pixel_height: u32,
    /// Content identity; all zero for an empty file.
    pub fingerprint: Fingerprint,
    /// How the picture was made, if the file or what is beside it says so.
    pub recipe: Option<Recipe>,
    /// A caption that is not a prompt.
    pub description: Option<String>,
    /// What is stored and searched (design ruling 8): at most 1 MiB, without NUL.
    pub generation_text: String,
    /// Whether there is a recipe, and if not, why not.
    pub finding: Finding,
    /// Which text gave each field of the recipe: the field (`positive`, `negative`, `loras`, or the key of a
    /// setting) and the place, as `text:parameters` or `exif:UserComment`.
    pub provenance: Vec<(String, String)>,
    /// Every place where the file holds text, those included that nothing was taken from, and then the
    /// files beside it that were read.
    pub places: Vec<String>,
    /// What was wrong with the file.
    pub complaints: Vec<Complaint>,
}

/// What is read besides what costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Where the pixels of a picture without any text are searched for a hidden one.
    pub hidden: Hidden,
}

/// Which pixels are searched for hidden texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hidden {
    /// None.
    Never,
    /// Those of a PNG. Without a hidden text this inflates the first rows; with one, the picture.
    #[default]
    Cheap,
    /// Those of a lossless WebP too, and the lossless alpha of a lossy one, which are decoded for it.
    Always,
}

/// Reads a file with the default [`Options`], see [`read_with`].
///
/// # Errors
/// Only what the source fails with; content never makes it fail.
pub fn read(source: &dyn ReadAt, name: &[u8], beside: &[Beside<'_>]) -> io::Result<Reading> {
    read_with(source, name, beside, &Options::default())
}

/// Reads a file of that name, and what stands beside it: `dir/a.txt` and `dir/a.json` beside `dir/a.png`
/// for instance, in the order in which they are to be believed. They speak where the file has no prompt.
/// Reads the head, headers and metadata, a few blocks of the picture's data, and decodes no pixels but
/// those of [`Options::hidden`].
///
/// # Errors
/// Only what the source fails with; content never makes it fail.
pub fn read_with(
    source: &dyn ReadAt,
    name: &[u8],
    beside: &[Beside<'_>],
    options: &Options,
) -> io::Result<Reading> {
    let mut window = Window::open(source)?;
    let mut slots = Slots::new(Wanted::Recipe);
    let (container, picture) = scan(&mut window, name, &mut slots)?;
    match container {
        Container::Png | Container::WebP if slots.may_hold_a_recipe() => {}
        Container::Png if options.hidden != Hidden::Never => stealth::probe(&window, &picture, &mut slots)?,
        Container::WebP if options.hidden == Hidden::Always => {
            stealth_webp::probe(&window, (picture.width, picture.height), &mut slots)?;
        }
        _ => {}
    }
    let fingerprint = fingerprint::of(&window, container, &picture)?;
    let name = String::from_utf8_lossy(name);
    let mut around = Around::of(beside, &mut slots);
    let sheet = Sheet::new(&slots, &name);
    let found = dialects::find(&sheet, std::mem::take(&mut around.claims));
    let has_prompt = found.as_ref().is_some_and(|found| !found.recipe.positive.is_empty());
    let unrecognised = if has_prompt { None } else { dialects::unrecognised(&sheet, found.is_some()) };
    let complaints = sheet.into_complaints();
    let mut places: Vec<_> = slots.all().iter().map(|slot| slot.place.label()).collect();
    let n_embedded = places.len();
    places.extend(around.places);
    complaints.into_iter().for_each(|complaint| slots.complain(complaint));
    let own = unrecognised.as_ref().filter(|unrecognised| unrecognised.is_caption);
    let description = own.map(|unrecognised| unrecognised.text.clone()).or(around.caption.clone());
    let mut texts = match found {
        Some(found) => Texts::of(found, around.caption.filter(|_| !has_prompt)),
        None => Texts {
            recipe: None,
            generation_text: unrecognised.map(|own| own.text).or(around.caption).unwrap_or_default(),
            provenance: Vec::new(),
        },
    };
    let finding = finding(&texts, description.is_some(), slots.all(), &slots.complaints, n_embedded);
    texts.fit(&mut slots.complaints);
    Ok(Reading {
        container,
        pixel_width: picture.width,
        pixel_height: picture.height,
        fingerprint,
        recipe: texts.recipe,
        description,
        generation_text: texts.generation_text,
        finding,
        provenance: texts.provenance,
        places,
        complaints: slots.complaints,
    })
}

fn finding(
    texts: &Texts,
    is_caption: bool,
    slots: &[Slot],
    complaints: &[Complaint],
    n_places: usize,
) -> Finding {
    let is_broken = |complaint: &Complaint| {
        matches!(complaint, Complaint::BrokenGraph { .. } | Complaint::CutJson { .. })
    };
    let is_broken_text = |slot: &Slot| {
        let text = slot.text.trim_start();
        text.starts_with('{') && normal::is_json(text) && json::len(text).is_none()
    };
    if texts.recipe.is_some() {
        Finding::Recipe
    } else if is_caption {
        Finding::Caption
    } else if complaints.iter().any(is_broken) || slots.iter().any(is_broken_text) {
        Finding::Broken
    } else if !texts.generation_text.is_empty() || slots.iter().any(|slot| comfyui::is_graph(&slot.text)) {
        Finding::UnknownText
    } else if n_places > 0 {
        Finding::OnlyRemarks
    } else {
        Finding::NoText
    }
}

/// The recipe of a generation text that [`read`] gave; `None` for captions and raw texts.
#[must_use]
pub fn recipe_of(generation_text: &str) -> Option<Recipe> {
    infotext::parse(generation_text)
}

/// The generation text of a recipe: an infotext that [`recipe_of`] reads back.
#[must_use]
pub fn text_of(recipe: &Recipe) -> String {
    infotext::render(recipe)
}

/// A text that a person wrote as generation text, in the form in which [`recipe_of`] knows it again: a
/// prompt without settings gets an identifier behind it. JSON and blanks stay as they are.
#[must_use]
pub fn as_generation_text(text: &str) -> String {
    match (infotext::parse(text), infotext::parse_prompt(text)) {
        (None, Some(recipe)) => infotext::complete(text, recipe.source, &[]),
        _ => text.to_owned(),
    }
}

/// Every text of a file by its name (PNG keyword, EXIF tag number, what a container says of itself),
/// as contract 3.3 shows them. Of texts with the same name the first is given, of infotexts the last;
/// names that start with `exif` are left out. Empty for films, sound and unknown content.
///
/// # Errors
/// Only what the source fails with.
pub fn slots_as_text(source: &dyn ReadAt) -> io::Result<BTreeMap<String, String>> {
    let mut window = Window::open(source)?;
    let mut slots = Slots::new(Wanted::Everything);
    scan(&mut window, b"", &mut slots)?;
    let mut texts = BTreeMap::new();
    for slot in slots.all() {
        let name = slot.place.name();
        if !name.starts_with("exif") {
            texts.entry(name).or_insert_with(|| slot.text.clone());
        }
    }
    Ok(texts)
}

pub(super) fn scan(
    window: &mut Window<'_>,
    name: &[u8],
    slots: &mut Slots,
) -> io::Result<(Container, Picture)> {
    let container = Container::of(window.head(), name);
    let picture = match container {
        Container::Png => png::scan(window, slots)?,
        Container::Jpeg => jpeg::scan(window, slots)?,
        Container::WebP => webp::scan(window, slots)?,
        Container::Gif => gif::scan(window, slots)?,
        Container::Bmp => bmp::scan(window, slots)?,
        Container::Tiff => tiff::scan(window, slots)?,
        Container::Avif | Container::Heif => heif::scan(window, slots)?,
        Container::Jxl => jxl::scan(window, slots)?,
        Container::Unreadable => {
            let is_empty = window.len() == 0;
            slots.complain(if is_empty { Complaint::Empty } else { Complaint::Unrecognised });
            Picture::default()
        }
        // Clients are shown nothing of films and sound.
        Container::Video | Container::Audio if slots.wanted == Wanted::Recipe => film(window, slots)?,
        Container::Video | Container::Audio | Container::Unknown => Picture::default(),
    };
    // What no picture has is not a size.
    let is_sane = [picture.width, picture.height].iter().all(|side| (1..=i32::MAX as u32).contains(side));
    let (width, height) = if is_sane { (picture.width, picture.height) } else { (0, 0) };
    Ok((container, Picture { width, height, ..picture }))
}

/// What stands beside a file.
#[derive(Default)]
struct Around {
    claims: Vec<Claim>,
    caption: Option<String>,
    places: Vec<String>,
}

impl Around {
    fn of(beside: &[Beside<'_>], slots: &mut Slots) -> Self {
        let mut around = Self::default();
        for one in beside.iter().take(SIDECARS_MAX) {
            let place = match sidecar::read(*one) {
                Sidecar::Silent => continue,
                Sidecar::Unreadable => {
                    slots.complain(Complaint::SidecarUnreadable { limit: SIDECAR_BYTES_MAX as usize });
                    continue;
                }
                Sidecar::Caption(place, text) => {
                    around.caption.get_or_insert(text);
                    place
                }
                Sidecar::Recipe(place, claims) => {
                    around.claims.extend(claims);
                    place
                }
            };
            around.places.push(place.label());
        }
        around
    }
}

/// Tags and size of a film or of sound. It has no payload: the whole file is its identity.
fn film(window: &mut Window<'_>, slots: &mut Slots) -> io::Result<Picture> {
    let (width, height) = match window.head() {
        [0x1a, 0x45, 0xdf, 0xa3, ..] => ebml::scan(window, slots)?,
        [b'I', b'D', b'3', ..] | [b'f', b'L', b'a', b'C', ..] | [b'O', b'g', b'g', b'S', ..] => {
            sound::scan(window, slots)?;
            (0, 0)
        }
        [_, _, _, _, k0, k1, k2, k3, ..] if film::begins_with(&[*k0, *k1, *k2, *k3]) => {
            film::scan(window, slots)?
        }
        _ => (0, 0),
    };
    Ok(Picture { width, height, ..Picture::default() })
}

struct Texts {
    recipe: Option<Recipe>,
    generation_text: String,
    provenance: Vec<(String, String)>,
}

impl Texts {
    /// Of what was found, with a caption beside a picture that has no prompt.
    fn of(found: Found, caption: Option<String>) -> Self {
        let Found { mut recipe, mut generation_text, provenance } = found;
        let is_new = !recipe.extra.iter().any(|(key, _)| key == "Description");
        if let Some(caption) = caption.filter(|_| is_new) {
            recipe.extra.push(("Description".to_owned(), normal::text(&caption)));
            generation_text = infotext::render(&recipe);
        }
        Self { recipe: Some(recipe), generation_text, provenance }
    }

    /// NUL means something else in stored texts; what is too long loses its middle, so that the
    /// settings at its end stay.
    fn fit(&mut self, complaints: &mut Vec<Complaint>) {
        const TAIL_BYTES_MAX: usize = 16 << 10;
        let text = &mut self.generation_text;
        if text.contains('\0') {
            text.retain(|letter| letter != '\0');
        }
        if text.len() <= GENERATION_TEXT_BYTES_MAX {
            return;
        }
        complaints.push(Complaint::GenerationTextCut { limit: GENERATION_TEXT_BYTES_MAX });
        let last_line = text.rfind('\n').filter(|at| text.len() - at <= TAIL_BYTES_MAX);
        let tail = text.split_off(last_line.unwrap_or(text.len()));
        text.truncate(text.floor_char_boundary(GENERATION_TEXT_BYTES_MAX - tail.len()));
        text.push_str(&tail);
    }
}
