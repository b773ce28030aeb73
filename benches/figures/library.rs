//! The library measured: written once, found again by its name.

use std::path::{Path, PathBuf};
use std::time::Instant;

use lumidex_index_tools::synth::Library;

/// A synthetic library on disk.
pub(crate) struct OnDisk {
    pub(crate) synth: Library,
    pub(crate) folder: PathBuf,
}

/// Writes the library below `dir`, or finds the one an earlier run left.
pub(crate) fn prepare(dir: &Path, seed: u64, images: u32) -> anyhow::Result<OnDisk> {
    let synth = Library::new(seed, images);
    let folder = dir.join(format!("lumidex-synth-{seed}-{images}"));
    let complete = folder.with_extension("complete");
    if !complete.exists() {
        let started = Instant::now();
        eprintln!("writing {images} images to {} ...", folder.display());
        synth.write_to(&folder, 0..images, &|_| {})?;
        std::fs::write(&complete, [])?;
        eprintln!("  {:.1} s", started.elapsed().as_secs_f64());
    }
    Ok(OnDisk { synth, folder })
}
