//! What a disk can hold after its power was cut at some point of a run.
//!
//! What was synced is there. Of what a file was given since, there is nothing, a random half, or everything with writes
//! torn between sectors of 512 bytes; of the names that a folder got or lost since, a random half, each independently of
//! all others. That is more than most file systems forget.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use fastrand::Rng;

use super::trace::{Change, Contents, Event, Target, Trace};

/// The smallest piece that a disk writes at once.
const SECTOR: usize = 512;

/// What becomes of bytes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsynced {
    Gone,
    Half,
    Torn,
}

impl Unsynced {
    pub(super) const ALL: [Self; 3] = [Self::Gone, Self::Half, Self::Torn];
}

/// A disk after a cut.
pub(super) struct Image {
    contents: Contents,
    pub(super) lost: Lost,
}

/// What the cut took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lost {
    pub(super) writes: u64,
    pub(super) torn: u64,
    pub(super) names: u64,
}

impl Image {
    /// The disk after the first `cut` events of a run.
    pub(super) fn after(trace: &Trace, cut: usize, unsynced: Unsynced, random: &mut Rng) -> Self {
        let happened = &trace.events[..cut];
        let mut synced: HashMap<Target, usize> = HashMap::new();
        for event in happened {
            if let Event::Synced { target, begun } = event {
                let until = synced.entry(target.clone()).or_default();
                *until = (*until).max(*begun);
            }
        }
        let mut image = Self { contents: trace.before.clone(), lost: Lost::default() };
        for (number, event) in happened.iter().enumerate() {
            if let Event::Change(change) = event {
                if synced.get(&change.target()).is_some_and(|until| number < *until) {
                    image.apply(change);
                } else {
                    image.perhaps(change, unsynced, random);
                }
            }
        }
        image
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::MakeFolder(path) => {
                self.contents.folders.insert(path.clone());
            }
            Change::Name(path, file) => {
                self.file(*file);
                self.contents.names.insert(path.clone(), *file);
            }
            Change::Unname(path) => {
                self.contents.names.remove(path);
            }
            Change::Rename { from, to, file } => {
                self.contents.names.remove(from);
                self.file(*file);
                self.contents.names.insert(to.clone(), *file);
            }
            Change::Write { file, at, data } => self.write(*file, *at, data),
            Change::Truncate { file, length } => self.file(*file).resize(*length, 0),
        }
    }

    fn perhaps(&mut self, change: &Change, unsynced: Unsynced, random: &mut Rng) {
        match (change, unsynced) {
            (Change::MakeFolder(_) | Change::Name(..) | Change::Unname(_) | Change::Rename { .. }, _) => {
                if random.bool() {
                    self.apply(change);
                } else {
                    self.lost.names += 1;
                }
            }
            (Change::Write { file, at, data }, Unsynced::Torn) if random.bool() => {
                self.tear(*file, *at, data, random);
            }
            (_, Unsynced::Torn) => self.apply(change),
            (_, Unsynced::Half) if random.bool() => self.apply(change),
            (_, Unsynced::Gone | Unsynced::Half) => self.lost.writes += 1,
        }
    }

    /// Writes a random half of the sectors; what lies within one sector is written or not.
    fn tear(&mut self, file: usize, at: usize, data: &[u8], random: &mut Rng) {
        let mut from = 0;
        let mut torn = false;
        while from < data.len() {
            let to = (from + SECTOR - (at + from) % SECTOR).min(data.len());
            if random.bool() {
                self.write(file, at + from, &data[from..to]);
            } else {
                torn = true;
            }
            from = to;
        }
        self.lost.torn += u64::from(torn);
    }

    fn write(&mut self, file: usize, at: usize, data: &[u8]) {
        let bytes = self.file(file);
        let end = at + data.len();
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[at..end].copy_from_slice(data);
    }

    /// A file may have bytes before any of its names is on disk.
    fn file(&mut self, file: usize) -> &mut Vec<u8> {
        let files = self.contents.files.len().max(file + 1);
        self.contents.files.resize_with(files, Vec::new);
        &mut self.contents.files[file]
    }

    /// Puts what was under `root` under `place`. A name in a folder that is gone is gone, too.
    pub(super) fn lay_out(&self, root: &Path, place: &Path) -> anyhow::Result<()> {
        let moved = |path: &Path| anyhow::Ok(place.join(path.strip_prefix(root)?));
        let is_there = |path: &Path| {
            let mut above = path.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
            above.all(|folder| self.contents.folders.contains(folder))
        };
        for folder in self.contents.folders.iter().filter(|folder| is_there(folder)) {
            fs::create_dir_all(moved(folder)?)?;
        }
        for (path, file) in self.contents.names.iter().filter(|(path, _)| is_there(path)) {
            fs::write(moved(path)?, &self.contents.files[*file])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use fastrand::Rng;

    use super::super::trace::{Contents, Event, Trace};
    use super::{Image, Unsynced};

    /// A file is created, written, synced, and written again; another thread prints it while it is synced.
    const LOG: &str = r#"
7 openat(AT_FDCWD<\x2f>, "\x2f\x72\x2f\x61", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 3<\x2f\x72\x2f\x61>
7 pwrite64(3<\x2f\x72\x2f\x61>, "\x31\x32", 2, 0) = 2
7 fsync(3<\x2f\x72\x2f\x61> <unfinished ...>
8 write(1<\x2f\x6f>, "\x7b\x7d\x0a", 3) = 3
7 <... fsync resumed>) = 0
7 openat(AT_FDCWD<\x2f>, "\x2f\x72", O_RDONLY|O_CLOEXEC) = 4<\x2f\x72>
7 fsync(4<\x2f\x72>) = 0
7 pwrite64(3<\x2f\x72\x2f\x61>, "\x33", 1, 1) = 1
7 renameat2(AT_FDCWD<\x2f>, "\x2f\x72\x2f\x61", AT_FDCWD<\x2f>, "\x2f\x72\x2f\x62", RENAME_NOREPLACE) = 0
7 unlink("\x2f\x72\x2f\x62") = 0
"#;

    #[test]
    fn what_was_synced_is_on_every_disk_and_the_rest_on_some() {
        let root = PathBuf::from("/r");
        let before = Contents { folders: [root.clone()].into(), ..Contents::default() };
        let trace = Trace::read(LOG.trim(), &root, before).unwrap();
        assert_eq!(trace.events.len(), 7, "{trace:?}");
        assert!(matches!(trace.events[2], Event::Synced { begun: 2, .. }));
        let disks: Vec<_> = (0..100)
            .map(|seed| {
                let image = Image::after(&trace, 7, Unsynced::Half, &mut Rng::with_seed(seed));
                let names: Vec<_> = image.contents.names.into_keys().collect();
                (names, image.contents.files[0].clone())
            })
            .collect();
        let (old, new) = (vec![PathBuf::from("/r/a")], vec![PathBuf::from("/r/b")]);
        let possible = [old, new, Vec::new()]
            .into_iter()
            .flat_map(|names| [b"12", b"13"].map(|bytes| (names.clone(), bytes.to_vec())));
        let possible: Vec<_> = possible.collect();
        assert!(possible.iter().all(|one| disks.contains(one)), "{disks:?}");
        assert!(disks.iter().all(|disk| possible.contains(disk)), "{disks:?}");
        let before_the_sync = Image::after(&trace, 2, Unsynced::Gone, &mut Rng::with_seed(0));
        assert!(before_the_sync.contents.files.iter().all(Vec::is_empty));
    }
}
