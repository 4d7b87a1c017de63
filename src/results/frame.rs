//! One table in memory: columns with their units and meanings, and its files.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use polars_arrow::array::{Array, DictionaryArray};
use polars_core::prelude::{
    Column, CompatLevel, DataFrame, DataType, Field, IdxCa, IntoColumn, IntoSeries, NamedFrom,
    NewChunkedArray, Schema, Series, UInt64Chunked,
};
use polars_io::SerReader;
use polars_io::parquet::metadata::FileMetadataRef;
use polars_io::parquet::read::{ParallelStrategy, ParquetReader};

use crate::experiment::Format;

/// Rows of a table as polars has them.
pub type Rows = DataFrame;

const UNREADABLE: &str = "not a readable Parquet file";

/// A table, or some of its rows, that is being put together column by column.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    columns: Vec<Values>,
    about: Vec<(String, String)>,
}

/// The values of a column, so that what is known of them makes the file small and the writing of
/// it cheap.
#[derive(Debug, Clone)]
enum Values {
    /// One a row.
    Each(Series),
    /// Whole numbers that mostly grow by one.
    Steps(Series),
    /// Few of them, and for each row the number of its own.
    Coded { values: Series, codes: IdxCa },
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
        self.values(name, about, rows.iter().map(value).collect::<Vec<T>>());
    }

    /// Adds a column of values.
    pub fn values<T, P: ?Sized>(&mut self, name: &str, about: &str, values: T)
    where
        Series: NamedFrom<T, P>,
    {
        self.series(name, about, Series::new(name.into(), values));
    }

    /// Adds a column that is already a series.
    pub fn series(&mut self, name: &str, about: &str, values: Series) {
        self.add(name, about, Values::Each(values.with_name(name.into())));
    }

    /// Adds a column of whole numbers that mostly grow by one.
    pub fn steps(&mut self, name: &str, about: &str, numbers: impl Iterator<Item = u64>) {
        let series = UInt64Chunked::from_iter_values(name.into(), numbers).into_series();
        self.add(name, about, Values::Steps(series));
    }

    /// Adds a column whose rows say by a code which of `values` they have.
    pub fn coded(&mut self, name: &str, about: &str, values: Series, codes: IdxCa) {
        let values = values.with_name(name.into());
        self.add(name, about, Values::Coded { values, codes });
    }

    /// A factor may share the name of a built-in column (the `rounds` of the world); they then hold
    /// the same values, and the first wins.
    fn add(&mut self, name: &str, about: &str, values: Values) {
        if self.about.iter().any(|(known, _)| known == name) {
            return;
        }
        self.columns.push(match values {
            Values::Each(series) => Values::Each(signed(series)),
            Values::Steps(series) => Values::Steps(signed(series)),
            Values::Coded { values, codes } => Values::Coded {
                values: signed(values),
                codes,
            },
        });
        self.about.push((name.to_owned(), about.to_owned()));
    }

    /// Name and meaning of each column, in order.
    pub fn about(&self) -> &[(String, String)] {
        &self.about
    }

    /// How many rows.
    pub(super) fn height(&self) -> usize {
        self.columns.first().map_or(0, Values::len)
    }

    /// The table as polars has it.
    ///
    /// # Errors
    ///
    /// The columns differ in length.
    pub fn data(&self) -> Result<DataFrame> {
        let columns = self.columns.iter();
        let columns: Result<Vec<Column>> = columns
            .map(|values| Ok(values.series()?.into_column()))
            .collect();
        DataFrame::new(self.height(), columns?).context("columns of different lengths")
    }

    /// Names and types of the columns, and whether each is written as steps.
    pub(super) fn schema(&self) -> (Schema, Vec<bool>) {
        let fields = self.columns.iter().map(Values::field);
        let steps = self.columns.iter().map(|c| matches!(c, Values::Steps(_)));
        (Schema::from_iter(fields), steps.collect())
    }

    /// The columns as Arrow has them.
    pub(super) fn arrays(&self) -> Result<Vec<Box<dyn Array>>> {
        self.columns.iter().map(Values::array).collect()
    }
}

/// Whole numbers as tables have them: signed and of 64 bits, since in the libraries that read them a
/// difference of unsigned ones wraps, and so does a sum of many of 32 bits.
fn signed(series: Series) -> Series {
    match series.dtype() {
        DataType::UInt32 | DataType::UInt64 => series.cast(&DataType::Int64).unwrap_or(series),
        _ => series,
    }
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Each(series) | Self::Steps(series) => series.len(),
            Self::Coded { codes, .. } => codes.len(),
        }
    }

    fn field(&self) -> Field {
        match self {
            Self::Each(series) | Self::Steps(series) => series.field().into_owned(),
            Self::Coded { values, .. } => values.field().into_owned(),
        }
    }

    /// The value of each row.
    fn series(&self) -> Result<Series> {
        match self {
            Self::Each(series) | Self::Steps(series) => Ok(series.clone()),
            Self::Coded { values, codes } => values.take(codes).context("a code without a value"),
        }
    }

    fn array(&self) -> Result<Box<dyn Array>> {
        let array = |series: &Series| series.rechunk().to_arrow(0, CompatLevel::newest());
        match self {
            // Each value once, and codes that need few bits; flags need no more as they are.
            Self::Coded { values, codes }
                if 2 * values.len() <= codes.len() && *values.dtype() != DataType::Boolean =>
            {
                let codes = codes.rechunk().downcast_as_array().clone();
                let coded = DictionaryArray::try_from_keys(codes, array(values), false);
                Ok(coded.context("a code without a value")?.boxed())
            }
            values => Ok(array(&values.series()?)),
        }
    }
}

/// A Parquet table, read a row group at a time.
pub struct RowGroups {
    bytes: Arc<[u8]>,
    metadata: FileMetadataRef,
    next: usize,
}

impl RowGroups {
    /// That of a file with these bytes.
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self> {
        let bytes: Arc<[u8]> = bytes.into();
        let mut reader = ParquetReader::new(Cursor::new(Arc::clone(&bytes)));
        let metadata = reader.get_metadata().context(UNREADABLE)?;
        Ok(Self {
            metadata: Arc::clone(metadata),
            bytes,
            next: 0,
        })
    }
}

impl Iterator for RowGroups {
    type Item = Result<DataFrame>;

    fn next(&mut self) -> Option<Self::Item> {
        let groups = &self.metadata.row_groups;
        let rows = groups.get(self.next)?.num_rows();
        let before = groups[..self.next].iter().map(|group| group.num_rows());
        let slice = (before.sum(), rows);
        self.next += 1;
        let mut reader = ParquetReader::new(Cursor::new(Arc::clone(&self.bytes)))
            .with_slice(Some(slice))
            // The other ways also look at the groups before.
            .read_parallel(ParallelStrategy::RowGroups);
        reader.set_metadata(Arc::clone(&self.metadata));
        Some(reader.finish().context(UNREADABLE))
    }
}

/// Reads a summary table of a results folder.
///
/// # Errors
///
/// The table is missing, or can't be read.
pub fn read_table(path: &Path, name: &str) -> Result<RowGroups> {
    let target = path.join(format!("{name}.{}", Format::Parquet.extension()));
    let bytes = fs::read(&target).with_context(|| format!("can't read {}", target.display()))?;
    RowGroups::new(bytes)
}

/// Reads some columns of a Parquet table from its bytes.
pub(super) fn decode_columns(bytes: Vec<u8>, columns: &[&str]) -> Result<DataFrame> {
    let columns = columns.iter().map(|name| (*name).to_owned()).collect();
    ParquetReader::new(Cursor::new(bytes))
        .with_columns(Some(columns))
        .finish()
        .context(UNREADABLE)
}
