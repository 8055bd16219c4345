//! The archives: the program with everything that goes with it, for whoever has no package manager of ours; and the root file system of
//! a container.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use super::{Release, licences};

/// A file of an archive, by its place in it.
struct Entry {
    place: String,
    mode: u32,
    content: Content,
}

enum Content {
    File(Vec<u8>),
    /// Of the container's user.
    Folder,
}

/// The container's user, who has no entry anywhere.
const USER: u64 = 65532;

/// Writes it, and says where it is.
pub(super) fn write(
    release: &Release<'_>,
    program: &Path,
    sbom: Option<&Path>,
    out: &Path,
) -> anyhow::Result<PathBuf> {
    let mut entries = vec![entry("nexmo-conversion".to_owned(), 0o755, program)?];
    for name in ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        entries.push(entry(name.to_owned(), 0o644, &release.root.join(name))?);
    }
    entries.push(entry(licences::FILE.to_owned(), 0o644, &release.built().join(licences::FILE))?);
    if let Some(sbom) = sbom {
        entries.push(entry("sbom.cdx.json".to_owned(), 0o644, sbom)?);
    }
    for (folder, place) in [("completions", "completions"), ("contrib/systemd", "systemd")] {
        for file in files(&release.root.join(folder))? {
            entries.push(entry(format!("{place}/{}", name(&file)), 0o644, &file)?);
        }
    }
    for page in files(&release.root.join("man"))? {
        let section = page.extension().and_then(|section| section.to_str()).unwrap_or("1");
        entries.push(entry(format!("man/man{section}/{}", name(&page)), 0o644, &page)?);
    }
    let path = out.join(format!("{}.tar.gz", release.name()));
    fs::write(&path, packed(&format!("{}/", release.name()), entries, release.epoch)?)?;
    Ok(path)
}

/// Writes what an image made from scratch has in it.
pub(super) fn write_root(release: &Release<'_>, program: &Path, out: &Path) -> anyhow::Result<()> {
    let mut entries = vec![
        entry("nexmo-conversion".to_owned(), 0o755, program)?,
        Entry { place: "ledger".to_owned(), mode: 0o700, content: Content::Folder },
    ];
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        entries.push(entry(format!("licenses/{name}"), 0o644, &release.root.join(name))?);
    }
    entries.push(entry(format!("licenses/{}", licences::FILE), 0o644, &release.built().join(licences::FILE))?);
    fs::write(out.join(format!("{}-rootfs.tar.gz", release.name())), packed("", entries, release.epoch)?)?;
    Ok(())
}

fn entry(place: String, mode: u32, file: &Path) -> anyhow::Result<Entry> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Entry { place, mode, content: Content::File(bytes) })
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The same entries give the same bytes: in the order of their names, and as old as the commit.
fn packed(top: &str, mut entries: Vec<Entry>, epoch: u64) -> anyhow::Result<Vec<u8>> {
    entries.sort_by(|a, b| a.place.cmp(&b.place));
    let gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    let mut builder = Builder::new(gzip);
    for Entry { place, mode, content } in entries {
        let (kind, owner, bytes) = match content {
            Content::File(bytes) => (EntryType::Regular, 0, bytes),
            Content::Folder => (EntryType::Directory, USER, Vec::new()),
        };
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(u64::try_from(bytes.len())?);
        header.set_mtime(epoch);
        header.set_uid(owner);
        header.set_gid(owner);
        builder.append_data(&mut header, format!("{top}{place}"), bytes.as_slice())?;
    }
    Ok(builder.into_inner()?.finish()?)
}

#[cfg(test)]
mod tests {
    use super::{Content, Entry, packed};

    fn archive(order: [&str; 2], epoch: u64) -> Vec<u8> {
        let entry =
            |place: &str| Entry { place: place.to_owned(), mode: 0o644, content: Content::File(place.into()) };
        packed("top/", order.map(entry).into(), epoch).unwrap()
    }

    #[test]
    fn the_same_files_give_the_same_bytes_in_whatever_order_they_are_found() {
        assert_eq!(archive(["a", "b"], 1), archive(["b", "a"], 1));
        assert_ne!(archive(["a", "b"], 1), archive(["a", "b"], 2));
    }
}
