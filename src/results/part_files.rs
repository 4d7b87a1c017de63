//! The files of one part, written as its rows come.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::file_record::FileRecord;
use super::files::WholeFile;
use super::frame::Frame;
use super::ledger::PartRecord;
use super::lock::Held;
use super::names::{PartTable, part_name, tag};
use super::stamp::stamp;
use super::tables::{formats_of, part_tables, row_tables};
use super::writer::TableWriter;
use crate::design::Design;
use crate::sweep::{Part, RowGroup};

/// The files of a part that is being made. They get their names when it is finished; of one that is
/// not, nothing stays.
pub struct PartFiles<'a> {
    held: &'a Held,
    design: &'a Design,
    part: &'a Part,
    stamp: String,
    /// By table, a file a format.
    tables: BTreeMap<PartTable, Vec<TableWriter<WholeFile>>>,
}

impl<'a> PartFiles<'a> {
    pub(super) fn new(held: &'a Held, design: &'a Design, part: &'a Part) -> Self {
        Self {
            stamp: stamp(design, part),
            held,
            design,
            part,
            tables: BTreeMap::new(),
        }
    }

    /// Writes rows to the tables that have them.
    ///
    /// # Errors
    ///
    /// A file can't be written.
    pub fn write(&mut self, rows: RowGroup<'_>) -> Result<()> {
        let tables = row_tables(self.design, rows);
        tables
            .iter()
            .try_for_each(|(table, frame)| self.append(*table, frame))
    }

    fn append(&mut self, table: PartTable, rows: &Frame) -> Result<()> {
        if !self.tables.contains_key(&table) {
            let files = self.begin(table, rows)?;
            self.tables.insert(table, files);
        }
        let mut files = self.tables.get_mut(&table).into_iter().flatten();
        files
            .try_for_each(|file| file.write(rows))
            .with_context(|| self.trouble(table))
    }

    /// Begins the files of a table that has the columns of `first`.
    fn begin(&self, table: PartTable, first: &Frame) -> Result<Vec<TableWriter<WholeFile>>> {
        let target = self.held.subfolder(table.name())?;
        let tag = tag(self.held.shard());
        let formats = formats_of(self.design, table).iter();
        let files = formats.map(|format| {
            let file = WholeFile::create(&target, &part_name(self.part.id, *format), &tag)?;
            TableWriter::begin(file, *format, first, Some(&self.stamp))
        });
        files.collect()
    }

    /// Puts the files in their places. The part counts once its record is entered in the ledger.
    ///
    /// # Errors
    ///
    /// A file can't be written, or the folder was moved.
    pub fn finish(mut self) -> Result<PartRecord> {
        // No file of ours goes into a folder that took the place of this one.
        self.held.still_there()?;
        let mut files = Vec::new();
        for table in part_tables(self.design) {
            let writers = self.tables.remove(&table).into_iter().flatten();
            for (format, writer) in formats_of(self.design, table).iter().zip(writers) {
                let file = writer.finish().with_context(|| self.trouble(table))?;
                let (bytes, sum) = file.keep()?;
                files.push(FileRecord {
                    path: format!("{}/{}", table.name(), part_name(self.part.id, *format)),
                    bytes,
                    blake3: sum.to_string(),
                });
            }
        }
        Ok(PartRecord {
            id: self.part.id,
            stamp: self.stamp,
            replications: self.part.replications(),
            files,
        })
    }

    fn trouble(&self, table: PartTable) -> String {
        let target = self.held.path().join(table.name());
        format!("can't write part {} to {}", self.part.id, target.display())
    }
}
