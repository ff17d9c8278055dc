//! Small disks that fill up, and servers of a test's own on them.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// A file system of a few MiB in memory; unmounted when it goes out of scope.
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// `None`, and a word about it, where this user may not mount one.
    pub fn new(mebibytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m,mode=711"), "tmpfs"])
            .arg(folder.path())
            .output()
            .unwrap();
        if !mount.status.success() {
            eprintln!(
                "skipped: a small disk needs the right to mount one: {}",
                String::from_utf8_lossy(&mount.stderr)
            );
            return None;
        }
        Some(Self { folder })
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file until nothing more fits.
    pub fn fill(&self) {
        let mut file = File::create(self.ballast()).unwrap();
        for size in [64 * 1024, 512, 1] {
            while file.write_all(&vec![b'x'; size]).is_ok() {}
        }
    }

    /// Makes room again.
    pub fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    /// Takes no more writes from now on, or takes them again.
    pub fn set_read_only(&self, read_only: bool) {
        let how = if read_only { "remount,ro" } else { "remount,rw" };
        let done = Command::new("mount").args(["-o", how]).arg(self.path()).status().unwrap();
        assert!(done.success());
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

/// A database server with its data in a folder; stopped when it goes out of scope.
pub struct Server {
    /// Where its data lies.
    pub folder: PathBuf,
    pub url: String,
}

impl Server {
    /// `name` as `scripts/servers` knows it.
    pub fn start(folder: &Path, name: &str) -> Self {
        Self::run(folder, name, &mut script())
    }

    /// Likewise, with the certificates of a folder.
    pub fn start_with_tls(folder: &Path, name: &str, certificates: &Path) -> Self {
        Self::run(folder, name, script().env("OPSCTL_TEST_TLS", certificates))
    }

    fn run(folder: &Path, name: &str, script: &mut Command) -> Self {
        let folder = folder.join("server");
        let output = script.arg("start").arg(&folder).arg(name).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let exports = String::from_utf8(output.stdout).unwrap();
        let url = exports.split('\'').nth(1).unwrap().to_owned();
        Self { folder, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = script().arg("stop").arg(&self.folder).status();
    }
}

fn script() -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/servers"))
}
