//! Every bound of the metadata room, with its reason. What is beyond a bound is left out with a complaint;
//! the file stays.

/// Longest sidecar that is read; captions and infotexts are a few kilobytes. A longer one is a
/// complaint and is not used.
pub const SIDECAR_BYTES_MAX: u64 = 1024 * 1024;

/// Files beside one media file that are read; more than a text, two kinds of JSON and a log there are not.
pub const SIDECARS_MAX: usize = 8;

/// Longest generation text that is stored; the rest is cut and counted as a complaint.
pub const GENERATION_TEXT_BYTES_MAX: usize = 1024 * 1024;

/// Bytes read at once at the start of a file: most small pictures are whole in it, and the
/// metadata of most large ones.
pub const HEAD_BYTES: usize = 64 << 10;
/// Bytes of one value; prompts and graphs are far smaller, the rest is an attack or an embedded file.
pub const VALUE_BYTES_MAX: usize = 8 << 20;
/// Bytes that all compressed values of one file may inflate to.
pub const INFLATED_BYTES_PER_FILE_MAX: usize = 32 << 20;
/// Metadata bytes read from one file.
pub const BYTES_PER_FILE_MAX: u64 = 64 << 20;
/// Chunks, segments or boxes of one file; a film of 100,000 frames has one per frame.
pub const CHUNKS_PER_FILE_MAX: usize = 100_000;
/// Text values kept of one file.
pub const SLOTS_PER_FILE_MAX: usize = 256;
/// Bytes of a keyword; the standard says 79, writers exceed it.
pub const KEYWORD_BYTES_MAX: usize = 1 << 10;
/// Directories of one EXIF block; real ones have at most five.
pub const EXIF_DIRECTORIES_MAX: usize = 8;
/// Entries of one EXIF directory.
pub const EXIF_ENTRIES_MAX: usize = 1_000;
/// Bytes of a GIF walked block by block, since its frames can only be passed so; what is behind
/// counts as frames. Programs put comments before the first frame.
pub const GIF_BYTES_WALKED_MAX: u64 = 4 << 20;
/// Items of one AVIF or HEIF file; the largest photographs have some hundred tiles.
pub const ITEMS_PER_FILE_MAX: usize = 8_192;
/// Bytes searched for the next marker in a damaged JPEG.
pub const RESYNC_BYTES_MAX: usize = 64 << 10;
/// Elements of an XMP packet inside each other; real ones have ten.
pub const XML_DEPTH_MAX: usize = 64;
/// Properties kept of one XMP packet, so that they leave room for other texts.
pub const XMP_PROPERTIES_MAX: usize = 96;
/// Attributes of one element of an XMP packet, and items of one list; editors write some two hundred.
pub const XMP_PARTS_MAX: usize = 1_000;
/// Namespaces in force at one place of an XMP packet; editors declare some twenty.
pub const XMP_NAMESPACES_MAX: usize = 128;
/// Datasets of one block of IPTC records; keywords are repeated ones.
pub const IPTC_DATASETS_MAX: usize = 1_000;
/// Texts kept of one name or place, so that repeats leave room for other texts.
pub const REPEATS_MAX: usize = 16;
/// Bytes of a PNG text whose keyword no writer of recipes is known to use.
pub const UNKNOWN_TEXT_BYTES_MAX: usize = 1 << 20;
/// Tags looked at in one list of a film or of sound.
pub const FILM_TAGS_MAX: usize = 4_096;
/// Tags of a Matroska film inside each other.
pub const EBML_DEPTH_MAX: usize = 8;
/// Blocks walked in one Matroska file whose clusters do not state their length; an hour of film has more,
/// but its tags stand at its start.
pub const EBML_BLOCKS_MAX: usize = 200_000;
/// Pages of an Ogg file in which its comments may stand; long graphs take dozens.
pub const OGG_PAGES_MAX: usize = 1_000;
/// Streams of one Ogg file whose comments are read.
pub const OGG_STREAMS_MAX: usize = 8;
/// Nesting of CBOR; manifests reach eight.
pub const CBOR_DEPTH_MAX: usize = 32;
/// Values in one CBOR text.
pub const CBOR_VALUES_MAX: usize = 100_000;
/// Boxes looked at inside one box of content credentials: manifests, or assertions of one.
pub const CREDENTIAL_BOXES_MAX: usize = 1_000;
/// Bytes kept of what content credentials say of a program.
pub const CREDENTIAL_TEXT_BYTES_MAX: usize = 256;
/// Bytes of a row of pixels that is searched for hidden bits: 64 thousand pixels of four bytes.
pub const HIDDEN_ROW_BYTES_MAX: usize = 256 << 10;
/// Bytes of pixels that are inflated where a signature says that a text is hidden in them.
pub const HIDDEN_INFLATED_BYTES_MAX: usize = 128 << 20;
/// Pixels of a WebP that are decoded to look for hidden bits; four bytes each, and as much again meanwhile.
pub const HIDDEN_DECODED_PIXELS_MAX: usize = 16 << 20;
/// Nesting of JSON; the deepest real graphs reach 20.
pub const JSON_DEPTH_MAX: usize = 128;
/// Values in one JSON text; bounds what a short hostile text can make of memory.
pub const JSON_VALUES_MAX: usize = 400_000;
/// Steps of one walk over a graph, of which there are some dozens; the largest real graph has 124
/// nodes, and a walk takes several steps for each.
pub const GRAPH_STEPS_MAX: u32 = 20_000;
/// Nodes of an editor's graph, those within its subgraphs counted for every instance.
pub const EDITOR_NODES_MAX: usize = 20_000;
/// Subgraphs within one another.
pub const SUBGRAPH_DEPTH_MAX: usize = 16;
/// Inputs of one node; one with more is taken to have none.
pub const NODE_INPUTS_MAX: usize = 256;
/// Samplers and output nodes of one graph that are weighed against each other.
pub const GRAPH_CHOICES_MAX: usize = 64;
/// Nodes within one another that make one text of several; those that only hand on do not count.
pub const GRAPH_DEPTH_MAX: u32 = 64;
/// Bytes of the key of a setting.
pub const SETTING_KEY_BYTES_MAX: usize = 128;
/// Pictures of one page that Fooocus logs to; it starts a page each day.
pub const LOG_ENTRIES_MAX: usize = 100_000;
/// Bytes of the block of one picture on such a page; real ones have some kilobytes.
pub const LOG_BLOCK_BYTES_MAX: usize = 1 << 20;
/// Bytes of such a page that are read; a hundred thousand pictures take half of it.
pub const LOG_BYTES_MAX: u64 = 1 << 30;
/// Bytes of all texts kept of such a page.
pub const LOG_TEXT_BYTES_MAX: usize = 128 << 20;
/// Bytes of one setting made of another text, a caption for one; all of them share one line.
pub const SETTING_BYTES_MAX: usize = 64 << 10;
/// Bytes of a setting that only its own dialect knows; longer ones are states of programs, not settings.
pub const OWN_SETTING_BYTES_MAX: usize = 256;
/// Settings kept of one recipe.
pub const SETTINGS_MAX: usize = 1_000;
/// Adapters kept of one recipe.
pub const LORAS_MAX: usize = 1_000;
/// Tags taken from one prompt.
pub const PROMPT_TAGS_MAX: usize = 1_000;
/// Bytes of the name of a tag taken from a file.
pub const TAG_NAME_BYTES_MAX: usize = 1 << 10;
/// Blocks of the pixel payload that make a fingerprint.
pub const FINGERPRINT_BLOCKS: u64 = 8;
/// Bytes of each such block.
pub const FINGERPRINT_BLOCK_BYTES: usize = 512;
/// Tag rules of a person.
pub const TAG_RULES_MAX: usize = 1_000;
/// Bytes a compiled expression of a tag rule may take.
pub const TAG_RULE_REGEX_BYTES_MAX: usize = 1 << 20;
