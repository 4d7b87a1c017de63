//! One table in memory: columns with their units and meanings, and its files.

use std::io::Cursor;

use anyhow::{Context, Result};
use polars::io::parquet::write::KeyValueMetadata;
use polars::prelude::{
    Column, CompatLevel, CsvWriter, DataFrame, IntoColumn, NamedFrom, ParquetReader, ParquetWriter,
    SchemaExt, SerReader, SerWriter, Series,
};
use polars_parquet::write::schema_to_metadata_key;

use crate::experiment::Format;

/// A table that is being put together, column by column.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    columns: Vec<Column>,
    about: Vec<(String, String)>,
}

impl Frame {
    /// A table without columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column with one value a row; `about` says its unit and meaning.
    pub fn column<'a, R, T, P: ?Sized>(
        &mut self,
        rows: &'a [R],
        name: &str,
        about: &str,
        value: impl Fn(&'a R) -> T,
    ) where
        Series: NamedFrom<Vec<T>, P>,
    {
        self.values(name, about, rows.iter().map(value).collect());
    }

    /// Adds a column of values.
    pub fn values<T, P: ?Sized>(&mut self, name: &str, about: &str, values: Vec<T>)
    where
        Series: NamedFrom<Vec<T>, P>,
    {
        self.series(name, about, Series::new(name.into(), values));
    }

    /// Adds a column that is already a series. A factor can be what a table has a column for (the
    /// `rounds` of the world): then they say the same, and the first stays.
    pub fn series(&mut self, name: &str, about: &str, values: Series) {
        if self.about.iter().any(|(known, _)| known == name) {
            return;
        }
        self.columns
            .push(values.with_name(name.into()).into_column());
        self.about.push((name.to_owned(), about.to_owned()));
    }

    /// Name and meaning of each column, in order.
    pub fn about(&self) -> &[(String, String)] {
        &self.about
    }

    /// The table as polars has it.
    pub fn data(&self) -> Result<DataFrame> {
        let height = self.columns.first().map_or(0, Column::len);
        DataFrame::new(height, self.columns.clone()).context("columns of different lengths")
    }

    /// The bytes of its file: a function of the content alone.
    pub fn encode(&self, format: Format) -> Result<Vec<u8>> {
        let mut data = self.data()?;
        let mut bytes = Vec::new();
        match format {
            Format::Parquet => {
                let about = self.about.iter().map(|(name, text)| {
                    let key = format!("sysworld.column.{name}");
                    (key, text.clone())
                });
                let metadata = arrow_schema(&data).into_iter().chain(about).collect();
                ParquetWriter::new(&mut bytes)
                    .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)))
                    .set_parallel(false)
                    .finish(&mut data)
                    .context("can't encode Parquet")?;
            }
            Format::Csv => CsvWriter::new(&mut bytes)
                .finish(&mut data)
                .context("can't encode CSV")?,
        }
        Ok(bytes)
    }
}

/// The Arrow schema that Parquet files carry, with plain texts in place of the view types that polars
/// would name: readers that follow it can't filter these (pyarrow) or not read them at all (R).
fn arrow_schema(data: &DataFrame) -> Option<(String, String)> {
    let schema = data.schema().to_arrow(CompatLevel::oldest());
    let entry = schema_to_metadata_key(&schema);
    Some((entry.key, entry.value?))
}

/// Reads a Parquet table from its bytes.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<DataFrame> {
    ParquetReader::new(Cursor::new(bytes))
        .finish()
        .context("not a readable Parquet file")
}

/// Reads some columns of a Parquet table from its bytes.
pub(super) fn decode_columns(bytes: Vec<u8>, columns: &[&str]) -> Result<DataFrame> {
    let columns = columns.iter().map(|name| (*name).to_owned()).collect();
    ParquetReader::new(Cursor::new(bytes))
        .with_columns(Some(columns))
        .finish()
        .context("not a readable Parquet file")
}
