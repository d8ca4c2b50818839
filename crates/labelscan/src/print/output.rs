//! Where labels go: whole files or none. Each is written beside its place and renamed at the end, so
//! that a run that breaks leaves what was there before.

use super::arguments::Kind;
use super::label::Resolution;
use super::page::Page;
use super::pdf::Document;
use super::raster::Raster;
use super::zpl;
use anyhow::{Context as _, ensure};
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
    /// Pages that will come.
    pages: usize,
    writing: Writing,
}

enum Writing {
    Pdf(Box<Document>),
    /// Complete pictures that wait for their names.
    Png(Vec<(TempPath, PathBuf)>),
    /// `None` is standard output.
    Zpl(Option<NamedTempFile>),
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
            Kind::Zpl if to_stdout => Writing::Zpl(None),
            Kind::Zpl => Writing::Zpl(Some(beside(path)?)),
        };
        let output = Self { path: path.into(), overwrite, resolution, copies, pages, writing };
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
        if let Writing::Png(done) = &self.writing {
            let bytes = Raster::of_page(page).png(self.resolution)?;
            if self.to_stdout() {
                io::stdout().lock().write_all(&bytes)?;
                return Ok(());
            }
            let place = self.name(done.len());
            let mut file = beside(&place)?;
            file.write_all(&bytes)?;
            file.as_file().sync_all()?;
            if let Writing::Png(done) = &mut self.writing {
                done.push((file.into_temp_path(), place));
            }
            return Ok(());
        }
        match &mut self.writing {
            Writing::Pdf(document) => document.page(page),
            Writing::Zpl(file) => {
                let labels = page.labels.iter().map(|(_, label)| zpl::label(label, self.copies));
                let text: String = labels.collect();
                match file {
                    Some(file) => file.write_all(text.as_bytes())?,
                    None => io::stdout().lock().write_all(text.as_bytes())?,
                }
            }
            Writing::Png(_) => {}
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
                let mut file = beside(&self.path)?;
                file.write_all(&bytes)?;
                file.as_file().sync_all()?;
                keep(file.into_temp_path(), &self.path, overwrite)
            }
            Writing::Zpl(None) => Ok(io::stdout().lock().flush()?),
            Writing::Zpl(Some(file)) => {
                file.as_file().sync_all()?;
                keep(file.into_temp_path(), &self.path, overwrite)
            }
            Writing::Png(done) => {
                let all = done.len();
                for (at, (file, place)) in done.into_iter().enumerate() {
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

fn keep(file: TempPath, place: &Path, overwrite: bool) -> anyhow::Result<()> {
    let kept = if overwrite { file.persist(place) } else { file.persist_noclobber(place) };
    kept.map_err(|error| error.error).with_context(|| place.display().to_string())
}
