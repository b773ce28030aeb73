//! Which files a newer reader would read differently, told from how they were read before.

use crate::complaint::Complaint;
use crate::container::Container;
use crate::read::Reading;
use lumidex_schema::note::{Finding, Note};
use lumidex_schema::recipe::Source;

/// Version of this reader. Whoever changes what is read from files raises it, and says in `CHANGES` from
/// which files.
pub const VERSION: u8 = 4;

/// Whether a change concerns a file that was read so.
type Concerns = fn(&Note) -> bool;

/// Whose files hold graphs.
const GRAPHS: [Source; 5] =
    [Source::ComfyUi, Source::A1111, Source::StabilityMatrix, Source::TensorArt, Source::Civitai];

/// Of whose files something was read wrongly before version 4.
const MENDED: [Source; 4] = [Source::ComfyUi, Source::Fooocus, Source::Midjourney, Source::DrawThings];

/// Whose files may have no prompt, so that what stands beside them counts.
const PROMPTLESS: [Source; 5] =
    [Source::Camera, Source::Generic, Source::OpenAi, Source::Google, Source::Adobe];

/// Since which version which files are read differently, newest first.
const CHANGES: [(u8, Concerns); 3] = [
    // Groups whose nodes have one id, captions as objects beside files without a prompt, signs in Fooocus's logs,
    // prompts of Midjourney that name pictures, comments of Draw Things that were cut off.
    (4, |note| match note.writer {
        Some(writer) => MENDED.contains(&writer) || PROMPTLESS.contains(&writer),
        None => true,
    }),
    // Graphs: values of subgraphs, services, writers of texts. Where one was read or may be, or fills holes.
    (3, |note| match note.writer {
        Some(writer) => GRAPHS.contains(&writer),
        None => note.finding != Finding::NoText,
    }),
    // Every dialect and container of the catalogue; before it was not remembered how files were read.
    (2, |_| true),
];

/// Whether this reader would read a file differently than it was read.
#[must_use]
pub fn is_outdated(note: &Note) -> bool {
    CHANGES.iter().any(|(version, concerns)| note.reader < *version && concerns(note))
}

/// Of a file whose reader panicked.
#[must_use]
pub fn note_of_panic() -> Note {
    Note { reader: VERSION, finding: Finding::Broken, ..Note::default() }
}

impl Reading {
    /// How the file was read, for remembering; without the time it took.
    #[must_use]
    pub fn note(&self) -> Note {
        Note {
            reader: VERSION,
            writer: self.recipe.as_ref().map(|recipe| recipe.source),
            finding: self.finding,
            container: self.container.number(),
            complaints: self.complaints.iter().fold(0, |kinds, complaint| kinds | 1 << complaint.kind()),
            ..Note::default()
        }
    }
}

impl Container {
    /// Every container, in the order of their numbers.
    pub const ALL: [Self; 13] = [
        Self::Unknown,
        Self::Unreadable,
        Self::Png,
        Self::Jpeg,
        Self::WebP,
        Self::Gif,
        Self::Bmp,
        Self::Tiff,
        Self::Avif,
        Self::Heif,
        Self::Jxl,
        Self::Video,
        Self::Audio,
    ];

    /// The number it is remembered by.
    #[must_use]
    pub fn number(self) -> u8 {
        Self::ALL.iter().position(|known| *known == self).map_or(0, |nth| u8::try_from(nth).unwrap_or(0))
    }

    /// The container of a number.
    #[must_use]
    pub fn of_number(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Unknown)
    }

    /// One word in lower case.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::WebP => "webp",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
            Self::Tiff => "tiff",
            Self::Avif => "avif",
            Self::Heif => "heif",
            Self::Jxl => "jxl",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Complaint {
    /// What each kind is about, in the order of their numbers.
    pub const KINDS: [&'static str; 16] = [
        "empty",
        "unrecognised",
        "truncated",
        "damaged",
        "header-checksum",
        "too-many-chunks",
        "too-many-values",
        "value-too-long",
        "inflates-too-far",
        "inflate-damaged",
        "unread-compression",
        "too-much-metadata",
        "broken-graph",
        "generation-text-cut",
        "sidecar-unreadable",
        "cut-json",
    ];

    /// The number of its kind, at most 23: an index into [`Complaint::KINDS`].
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Empty => 0,
            Self::Unrecognised => 1,
            Self::Truncated { .. } => 2,
            Self::Damaged { .. } => 3,
            Self::HeaderChecksum => 4,
            Self::TooManyChunks { .. } => 5,
            Self::TooManyValues { .. } => 6,
            Self::ValueTooLong { .. } => 7,
            Self::InflatesTooFar { .. } => 8,
            Self::InflateDamaged { .. } => 9,
            Self::UnreadCompression { .. } => 10,
            Self::TooMuchMetadata { .. } => 11,
            Self::BrokenGraph { .. } => 12,
            Self::GenerationTextCut { .. } => 13,
            Self::SidecarUnreadable { .. } => 14,
            Self::CutJson { .. } => 15,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_by_an_older_reader_is_outdated_and_what_this_one_read_is_not() {
        assert!(is_outdated(&Note::default()));
        assert!(!is_outdated(&Note { reader: VERSION, ..Note::default() }));
        assert!(!is_outdated(&note_of_panic()));
        assert!(CHANGES.iter().all(|(version, _)| *version <= VERSION));
    }

    #[test]
    fn graphs_are_read_again_and_what_holds_none_is_not() {
        let of = |reader, writer, finding| is_outdated(&Note { reader, writer, finding, ..Note::default() });
        assert!(of(2, Some(Source::ComfyUi), Finding::Recipe));
        assert!(of(2, Some(Source::A1111), Finding::Recipe));
        assert!(of(2, None, Finding::UnknownText));
        assert!(!of(2, Some(Source::NovelAi), Finding::Recipe));
        // What stands beside a file may say more by now, where nothing in it does.
        assert!(of(3, None, Finding::NoText) && of(3, Some(Source::Camera), Finding::Recipe));
        assert!(of(3, Some(Source::Fooocus), Finding::Recipe));
        assert!(!of(3, Some(Source::A1111), Finding::Recipe));
    }

    #[test]
    fn numbers_of_containers_come_back() {
        for container in Container::ALL {
            assert_eq!(Container::of_number(container.number()), container);
        }
    }
}
