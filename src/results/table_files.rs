//! A table in both formats, written as its rows come.

use std::io::Write;

use anyhow::Result;

use super::frame::Frame;
use super::writer::TableWriter;
use crate::design::Design;
use crate::experiment::Format;
use crate::sweep::ROW_GROUP;

/// The files of a summary table, of which no more than a row group is in memory. `R` is what makes
/// one row.
pub struct TableFiles<'a, R, W: Write> {
    design: &'a Design,
    frame: fn(&Design, &[R]) -> Frame,
    rows: Vec<R>,
    files: Vec<File<W>>,
}

struct File<W: Write> {
    name: String,
    format: Format,
    /// Where it goes, until it has begun.
    out: Option<W>,
    writer: Option<TableWriter<W>>,
}

impl<'a, R, W: Write> TableFiles<'a, R, W> {
    /// The files of the table `name`, which go where `create` says for the name of each.
    ///
    /// # Errors
    ///
    /// Those of `create`.
    pub fn new(
        design: &'a Design,
        name: &str,
        frame: fn(&Design, &[R]) -> Frame,
        mut create: impl FnMut(&str) -> Result<W>,
    ) -> Result<Self> {
        let mut files = Vec::new();
        for format in [Format::Parquet, Format::Csv] {
            let name = format!("{name}.{}", format.extension());
            let out = Some(create(&name)?);
            files.push(File {
                name,
                format,
                out,
                writer: None,
            });
        }
        Ok(Self {
            design,
            frame,
            rows: Vec::new(),
            files,
        })
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// A file can't be written.
    pub fn push(&mut self, row: R) -> Result<()> {
        if self.rows.len() == ROW_GROUP {
            self.write()?;
        }
        self.rows.push(row);
        Ok(())
    }

    /// Writes what is left; returns the name of each file and where it went.
    ///
    /// # Errors
    ///
    /// A file can't be written.
    pub fn finish(mut self) -> Result<Vec<(String, W)>> {
        self.write()?;
        let writers = self.files.into_iter();
        let finished = writers.filter_map(|file| Some((file.name, file.writer?)));
        finished
            .map(|(name, writer)| Ok((name, writer.finish()?)))
            .collect()
    }

    fn write(&mut self) -> Result<()> {
        let frame = (self.frame)(self.design, &self.rows);
        self.rows.clear();
        for file in &mut self.files {
            if let Some(out) = file.out.take() {
                file.writer = Some(TableWriter::begin(out, file.format, &frame, None)?);
            }
            if let Some(writer) = &mut file.writer {
                writer.write(&frame)?;
            }
        }
        Ok(())
    }
}
