//! Where labels go: whole files or none. Each is written beside its place and renamed at the end, so
//! that a run that breaks leaves what was there before.

use super::arguments::Kind;
use anyhow::{Context as _, ensure};
use labels::label::Resolution;
use labels::page::Page;
use labels::pdf::Document;
use labels::raster::Raster;
use labels::zpl;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile, TempPath};

/// Digits in the names of pictures: as many as the most labels of a run need.
const NUMBER_DIGITS: usize = 6;

/// What is being written.
pub(super) struct Output {
    path: PathBuf,
    overwrite: bool,
    resolution: Resolution,
    copies: u32,
    /// Pages that will come, and that have come.
    pages: usize,
    done: usize,
    writing: Writing,
}

enum Writing {
    Pdf(Box<Document>),
    /// Complete pictures that wait for their names.
    Png(Vec<(TempPath, PathBuf)>),
    Zpl(NamedTempFile),
}

impl Output {
    /// Begins to write `pages` pages to `path`.
    ///
    /// # Errors
    /// If the place is taken or cannot be written to.
    pub(super) fn new(
        path: &Path,
        kind: Kind,
        resolution: Resolution,
        copies: u32,
        pages: usize,
        overwrite: bool,
    ) -> anyhow::Result<Self> {
        let to_stdout = path == Path::new("-");
        ensure!(
            !to_stdout || kind != Kind::Png || pages == 1,
            "{pages} pictures do not go through standard output: give --out a file"
        );
        let writing = match kind {
            Kind::Pdf => Writing::Pdf(Box::new(Document::new(resolution))),
            Kind::Png => Writing::Png(Vec::new()),
            // Standard output may be a printer: it gets all or nothing too.
            Kind::Zpl if to_stdout => Writing::Zpl(NamedTempFile::new()?),
            Kind::Zpl => Writing::Zpl(beside(path)?),
        };
        let output =
            Self { path: path.into(), overwrite, resolution, copies, pages, done: 0, writing };
        for page in 0..if kind == Kind::Png { pages } else { 1 } {
            let place = output.name(page);
            ensure!(
                overwrite || to_stdout || !place.exists(),
                "{} is there already: --overwrite replaces it",
                place.display()
            );
        }
        Ok(output)
    }

    /// The name of a page's file; pictures are numbered if there are several.
    fn name(&self, page: usize) -> PathBuf {
        if !matches!(self.writing, Writing::Png(_)) || self.pages == 1 {
            return self.path.clone();
        }
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        self.path.with_file_name(format!("{stem}-{:0NUMBER_DIGITS$}.png", page + 1))
    }

    fn to_stdout(&self) -> bool {
        self.path == Path::new("-")
    }

    /// Adds a page.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn page(&mut self, page: &Page) -> anyhow::Result<()> {
        let to_stdout = self.to_stdout();
        let place = self.name(self.done);
        self.done += 1;
        match &mut self.writing {
            Writing::Pdf(document) => document.page(page),
            Writing::Zpl(file) => {
                for (_, label) in &page.labels {
                    file.write_all(zpl::label(label, self.copies).as_bytes())?;
                }
            }
            Writing::Png(waiting) => {
                let bytes = Raster::of_page(page).png(self.resolution)?;
                if to_stdout {
                    io::stdout().lock().write_all(&bytes)?;
                } else {
                    waiting.push((complete(&place, &bytes)?, place));
                }
            }
        }
        Ok(())
    }

    /// Gives the files their names.
    ///
    /// # Errors
    /// If a place was taken meanwhile; the message says what is written already.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        let (overwrite, to_stdout) = (self.overwrite, self.to_stdout());
        match self.writing {
            Writing::Pdf(document) => {
                let bytes = document.finish();
                if to_stdout {
                    return Ok(io::stdout().lock().write_all(&bytes)?);
                }
                keep(complete(&self.path, &bytes)?, &self.path, overwrite)
            }
            Writing::Zpl(file) if to_stdout => {
                io::copy(&mut file.reopen()?, &mut io::stdout().lock())?;
                Ok(())
            }
            Writing::Zpl(file) => {
                file.as_file().sync_all()?;
                keep(file.into_temp_path(), &self.path, overwrite)
            }
            Writing::Png(waiting) => {
                let all = waiting.len();
                for (at, (file, place)) in waiting.into_iter().enumerate() {
                    keep(file, &place, overwrite)
                        .with_context(|| format!("{at} of {all} pictures were written"))?;
                }
                Ok(())
            }
        }
    }
}

/// A file that will stand at `place` once it is complete.
fn beside(place: &Path) -> anyhow::Result<NamedTempFile> {
    let folder = match place.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut builder = Builder::new();
    // As any new file: who may read it is the umask's business.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
        .prefix(".labels-")
        .tempfile_in(folder)
        .with_context(|| format!("cannot write into {}", folder.display()))
}

/// A complete file beside `place`.
fn complete(place: &Path, bytes: &[u8]) -> anyhow::Result<TempPath> {
    let mut file = beside(place)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file.into_temp_path())
}

fn keep(file: TempPath, place: &Path, overwrite: bool) -> anyhow::Result<()> {
    let kept = if overwrite { file.persist(place) } else { file.persist_noclobber(place) };
    kept.map_err(|error| error.error).with_context(|| place.display().to_string())
}
