//! File systems beside the one of temporary folders: one that is there anyway, and such as an
//! administrator may mount. What cannot be had is left out and said so; with `LUMIDEX_TEST_ALL=1` it has
//! to be had.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// In memory, on nearly every Linux, and open to everybody.
const MEMORY: &str = "/dev/shm";

/// A folder on another file system than that of temporary folders; removed when dropped.
pub struct Elsewhere {
    folder: TempDir,
    /// Below the folder, when it had to be mounted.
    mounted: Option<Mounted>,
}

impl Elsewhere {
    /// Nothing, and why, when there is none.
    pub fn new() -> Option<Self> {
        let device = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.dev());
        let here = device(&std::env::temp_dir()).unwrap();
        if device(Path::new(MEMORY)).is_ok_and(|there| there != here)
            && let Ok(folder) = TempDir::new_in(MEMORY)
        {
            return Some(Self { folder, mounted: None });
        }
        let folder = TempDir::new().unwrap();
        let mounted = Mounted::tmpfs(folder.path(), "")?;
        Some(Self { folder, mounted: Some(mounted) })
    }

    pub fn path(&self) -> &Path {
        self.mounted.as_ref().map_or(self.folder.path(), |mounted| &mounted.0)
    }
}

/// What is mounted, until dropped.
pub struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

impl Mounted {
    /// A file system in memory, with these options; nothing where that is refused, as only an administrator
    /// may.
    pub fn tmpfs(path: &Path, options: &str) -> Option<Self> {
        let mut args = vec!["-t", "tmpfs", "lumidex-test"];
        if !options.is_empty() {
            args.extend(["-o", options]);
        }
        Self::mount(&args, path)
    }

    /// The folder itself once more, as a mount of its own that cannot be written.
    pub fn read_only(path: &Path) -> Option<Self> {
        let own = path.to_str().unwrap();
        let mounted = Self::mount(&["--bind", own], path)?;
        mounted.remount("bind,ro");
        Some(mounted)
    }

    fn mount(args: &[&str], path: &Path) -> Option<Self> {
        let output = Command::new("mount").args(args).arg(path).output();
        match output {
            Ok(output) if output.status.success() => Some(Self(path.to_owned())),
            refused => {
                left_out(&format!("nothing can be mounted: {refused:?}"));
                None
            }
        }
    }

    /// Changes its options.
    pub fn remount(&self, options: &str) {
        let output =
            Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

/// Says what is not tested, and why; that is a failure where everything must be.
pub fn left_out(why: &str) {
    assert!(std::env::var_os("LUMIDEX_TEST_ALL").is_none_or(|all| all != "1"), "{why}");
    println!("left out: {why}");
}
