//! Writes one table to its file as its rows come, so that no more of it is in memory than a row
//! group.

use std::io::{Read, Seek, Write};
use std::sync::Arc;

use anyhow::{Context, Result};
use polars_arrow::record_batch::RecordBatchT;
use polars_core::prelude::{ArrowSchema, CompatLevel, Schema, SchemaExt};
use polars_io::SerWriter;
use polars_io::csv::write::CsvWriter;
use polars_parquet::read::read_metadata;
use polars_parquet::write::{
    CompressionOptions, Encoding, FileWriter, KeyValue, StatisticsOptions, Version, WriteOptions,
    get_dtype_encoding, row_group_iter, schema_to_metadata_key,
};

use super::frame::Frame;
use crate::experiment::Format;

/// Under this a file of a part has the stamp of it in its metadata.
const STAMP: &str = "sysworld.stamp";

/// What is known of a table before its rows, and where they go.
pub(super) enum TableWriter<W: Write> {
    /// A row group for each frame.
    Parquet(Box<Parquet<W>>),
    /// A header, and the rows of each frame.
    Csv {
        /// Where they go.
        out: W,
        /// Whether the header was written.
        begun: bool,
    },
}

/// A Parquet file.
pub(super) struct Parquet<W: Write> {
    writer: FileWriter<W>,
    schema: Arc<ArrowSchema>,
    encodings: Vec<Vec<Encoding>>,
    metadata: Vec<KeyValue>,
}

/// The bytes of the file of a table: a function of the content alone.
///
/// # Errors
///
/// The table can't be encoded.
pub fn encode(table: &Frame, format: Format) -> Result<Vec<u8>> {
    let mut writer = TableWriter::begin(Vec::new(), format, table, None)?;
    writer.write(table)?;
    writer.finish()
}

impl<W: Write> TableWriter<W> {
    /// A table with the columns of `first`; that of a part has the stamp of it.
    pub(super) fn begin(
        out: W,
        format: Format,
        first: &Frame,
        stamp: Option<&str>,
    ) -> Result<Self> {
        Ok(match format {
            Format::Parquet => Self::Parquet(Box::new(Parquet::begin(out, first, stamp)?)),
            Format::Csv => Self::Csv { out, begun: false },
        })
    }

    /// Adds rows.
    pub(super) fn write(&mut self, rows: &Frame) -> Result<()> {
        match self {
            Self::Parquet(parquet) => parquet.write(rows),
            Self::Csv { out, begun } => {
                let header = !std::mem::replace(begun, true);
                CsvWriter::new(out)
                    .include_header(header)
                    .finish(&mut rows.data()?)
                    .context("can't encode CSV")
            }
        }
    }

    /// Ends the table; gives back where it went.
    pub(super) fn finish(self) -> Result<W> {
        match self {
            Self::Parquet(parquet) => parquet.finish(),
            Self::Csv { out, .. } => Ok(out),
        }
    }
}

impl<W: Write> Parquet<W> {
    fn begin(out: W, first: &Frame, stamp: Option<&str>) -> Result<Self> {
        let (schema, steps) = first.schema();
        let arrow = schema.to_arrow(CompatLevel::newest());
        let encodings = arrow.iter_values().zip(steps).map(|(field, steps)| {
            // Delta encoding makes next to nothing of numbers that grow by one.
            match steps {
                true => vec![Encoding::DeltaBinaryPacked],
                false => get_dtype_encoding(field.dtype()),
            }
        });
        let about = first.about().iter().map(|(name, text)| KeyValue {
            key: format!("sysworld.column.{name}"),
            value: Some(text.clone()),
        });
        let stamp = stamp.map(|stamp| KeyValue {
            key: STAMP.to_owned(),
            value: Some(stamp.to_owned()),
        });
        let options = WriteOptions {
            statistics: StatisticsOptions::default(),
            version: Version::V1,
            compression: CompressionOptions::Zstd(None),
            data_page_size: None,
        };
        Ok(Self {
            encodings: encodings.collect(),
            metadata: std::iter::once(plain_texts(&schema))
                .chain(stamp)
                .chain(about)
                .collect(),
            writer: FileWriter::try_new(out, arrow.clone(), options)
                .context("can't encode Parquet")?,
            schema: Arc::new(arrow),
        })
    }

    fn write(&mut self, rows: &Frame) -> Result<()> {
        let height = rows.height();
        if height == 0 {
            return Ok(());
        }
        let batch = RecordBatchT::try_new(height, Arc::clone(&self.schema), rows.arrays()?)
            .context("columns of different lengths")?;
        let group = row_group_iter(
            batch,
            self.encodings.iter().cloned().collect(),
            self.writer.parquet_schema().fields().to_vec(),
            self.writer.options(),
        );
        self.writer
            .write(height as u64, group)
            .context("can't encode Parquet")
    }

    fn finish(mut self) -> Result<W> {
        self.writer
            .end(Some(self.metadata))
            .context("can't encode Parquet")?;
        Ok(self.writer.into_inner())
    }
}

/// The Arrow schema that Parquet files carry, with plain texts in place of the view types that polars
/// would name: readers that follow it can't filter these (pyarrow) or not read them at all (R).
fn plain_texts(schema: &Schema) -> KeyValue {
    schema_to_metadata_key(&schema.to_arrow(CompatLevel::oldest()))
}

/// The stamp that a Parquet file has in its metadata.
pub(super) fn stamp_of(file: &mut (impl Read + Seek)) -> Result<Option<String>> {
    let metadata = read_metadata(file).context("not a readable Parquet file")?;
    let pairs = metadata.key_value_metadata().iter().flatten();
    let mut stamps = pairs.filter(|pair| pair.key == STAMP);
    Ok(stamps.next().and_then(|pair| pair.value.clone()))
}
