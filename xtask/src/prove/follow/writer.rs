//! A program that writes a log, and what rotates it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::ensure;
use fastrand::Rng;
use nexmo_conversion::clock;

/// The log's name.
pub(super) const NAME: &str = "app.log";

/// How a log is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rotation {
    /// Renamed; the writer goes on with the old file for a while.
    Rename,
    /// Copied, and cut off.
    Copy,
    /// Renamed by logrotate, which makes the new file.
    Logrotate,
    /// Copied and cut off by logrotate.
    LogrotateCopy,
}

impl Rotation {
    pub(super) const ALL: [Self; 4] = [Self::Rename, Self::Copy, Self::Logrotate, Self::LogrotateCopy];

    /// Whether what does it is here.
    pub(super) fn is_possible(self) -> bool {
        match self {
            Self::Rename | Self::Copy => true,
            Self::Logrotate | Self::LogrotateCopy => logrotate().is_some(),
        }
    }
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rename => "renamed",
            Self::Copy => "copied and cut off",
            Self::Logrotate => "renamed by logrotate",
            Self::LogrotateCopy => "copied and cut off by logrotate",
        })
    }
}

fn logrotate() -> Option<&'static Path> {
    ["/usr/sbin/logrotate", "/usr/bin/logrotate"].into_iter().map(Path::new).find(|path| path.exists())
}

/// The id that a line is about.
pub(super) fn id(number: usize) -> String {
    format!("L{number:08}")
}

/// What was written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Written {
    pub(super) rotations: usize,
    /// Lines that were written to the old file after the new one was there.
    pub(super) late: usize,
}

/// Writes lines in bursts, of which some end within a line, and has the log rotated now and then.
pub(super) struct Writer {
    folder: PathBuf,
    rotation: Rotation,
    lines: usize,
    next: usize,
    chance: Rng,
    rotates: bool,
    written: Written,
}

impl Writer {
    /// The same with one file from the beginning to the end.
    pub(super) fn without_rotation(self) -> Self {
        Self { rotates: false, ..self }
    }

    /// The file is there, and empty.
    pub(super) fn begin(folder: &Path, rotation: Rotation, lines: usize, chance: Rng) -> anyhow::Result<Self> {
        let folder = folder.to_owned();
        let writer = Self { folder, rotation, lines, next: 0, chance, rotates: true, written: Written::default() };
        writer.open()?;
        Ok(writer)
    }

    pub(super) fn write(&mut self) -> anyhow::Result<Written> {
        let mut log = self.open()?;
        let between = (self.lines / 20).clamp(100, 10_000);
        let mut rotates_at = if self.rotates { between } else { usize::MAX };
        while self.next < self.lines {
            let burst = self.chance.usize(1..=200);
            self.burst(&mut log, burst)?;
            if self.next >= rotates_at {
                log = self.rotate(log)?;
                rotates_at = self.next + self.chance.usize(between / 2..=between);
            }
        }
        Ok(self.written)
    }

    fn open(&self) -> anyhow::Result<File> {
        Ok(OpenOptions::new().append(true).create(true).open(self.folder.join(NAME))?)
    }

    /// So many lines; half a line is written and rests for a moment.
    fn burst(&mut self, log: &mut File, lines: usize) -> anyhow::Result<usize> {
        let until = (self.next + lines).min(self.lines);
        let lines: Vec<_> = (self.next..until).map(|number| format!("{{\"id\":\"{}\"}}\n", id(number))).collect();
        let text = lines.concat();
        let cut = self.chance.usize(..=text.len());
        log.write_all(&text.as_bytes()[..cut])?;
        clock::sleep(Duration::from_micros(self.chance.u64(..3_000)));
        log.write_all(&text.as_bytes()[cut..])?;
        clock::sleep(Duration::from_micros(self.chance.u64(..3_000)));
        Ok(until - std::mem::replace(&mut self.next, until))
    }

    fn rotate(&mut self, mut log: File) -> anyhow::Result<File> {
        self.written.rotations += 1;
        let path = self.folder.join(NAME);
        match self.rotation {
            Rotation::Rename => {
                fs::rename(&path, self.folder.join(format!("{NAME}.{}", self.written.rotations)))?;
                // Before the new one is there, and after.
                self.burst(&mut log, 20)?;
                let new = self.open()?;
                self.written.late += self.burst(&mut log, 20)?;
                Ok(new)
            }
            Rotation::Copy => {
                fs::copy(&path, self.folder.join(format!("{NAME}.{}", self.written.rotations)))?;
                log.set_len(0)?;
                Ok(log)
            }
            Rotation::Logrotate => {
                self.logrotate("create")?;
                self.written.late += self.burst(&mut log, 20)?;
                self.open()
            }
            Rotation::LogrotateCopy => {
                self.logrotate("copytruncate")?;
                Ok(log)
            }
        }
    }

    /// As its timer does, but now.
    fn logrotate(&self, way: &str) -> anyhow::Result<()> {
        let Some(logrotate) = logrotate() else { return Ok(()) };
        let (log, configuration) = (self.folder.join(NAME), self.folder.join("logrotate.conf"));
        fs::write(
            &configuration,
            format!("\"{}\" {{\n  rotate 100000\n  nocompress\n  {way}\n}}\n", log.display()),
        )?;
        let mut command = Command::new(logrotate);
        command.arg("--force").arg("--state").arg(self.folder.join("logrotate.state")).arg(&configuration);
        let ran = command.output()?;
        ensure!(ran.status.success(), "logrotate: {}", String::from_utf8_lossy(&ran.stderr));
        Ok(())
    }
}
