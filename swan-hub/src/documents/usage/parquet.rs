//! Rows as Parquet: a row group at a time, so that an export is never in memory as a whole.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::{Row, UsageError};

/// The columns of the other formats, in the same order. Costs are exact: an amount has at most 27 digits.
const SCHEMA: &str = "message usage {
    optional binary time (STRING);
    optional binary request (STRING);
    optional binary key_id (STRING);
    optional binary model (STRING);
    required int64 requests;
    required int64 prompt_tokens;
    required int64 cached_tokens;
    required int64 completion_tokens;
    required int64 images;
    required int64 audio_ms;
    required binary currency (STRING);
    required fixed_len_byte_array(16) cost (DECIMAL(38, 12));
}";

/// Rows of a group, about: what is kept until a group is whole.
const GROUP: usize = 20_000;

/// Writes rows into groups, and hands on what is whole.
pub(super) struct ParquetWriter {
    /// `None` once the file is whole.
    file: Option<SerializedFileWriter<Sink>>,
    written: Sink,
    rows: Vec<Row>,
}

/// Where the file goes, until it is taken from there.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl std::fmt::Debug for ParquetWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetWriter")
            .field("rows", &self.rows.len())
            .finish_non_exhaustive()
    }
}

impl From<ParquetError> for UsageError {
    fn from(error: ParquetError) -> Self {
        Self::Unwritten(error.to_string())
    }
}

impl ParquetWriter {
    pub(super) fn new() -> Result<Self, UsageError> {
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let by = concat!("swan-hub ", env!("CARGO_PKG_VERSION")).to_owned();
        let properties = WriterProperties::builder().set_created_by(by).build();
        let written = Sink::default();
        let file = SerializedFileWriter::new(written.clone(), schema, Arc::new(properties))?;
        Ok(Self {
            file: Some(file),
            written,
            rows: Vec::new(),
        })
    }

    /// What is whole of the file with these rows; all of it at the end.
    pub(super) fn piece(&mut self, rows: Vec<Row>, is_end: bool) -> Result<Bytes, UsageError> {
        self.rows.extend(rows);
        if self.rows.len() >= GROUP || is_end && !self.rows.is_empty() {
            let rows = std::mem::take(&mut self.rows);
            if let Some(file) = &mut self.file {
                group(file.next_row_group()?, &rows)?;
            }
        }
        if is_end && let Some(file) = self.file.take() {
            file.close()?;
        }
        Ok(Bytes::from(std::mem::take(&mut *self.written.0.lock())))
    }
}

fn group(mut group: SerializedRowGroupWriter<'_, Sink>, rows: &[Row]) -> Result<(), ParquetError> {
    texts(&mut group, rows, |row| row.time.clone())?;
    texts(&mut group, rows, |row| row.request.map(|id| id.to_string()))?;
    texts(&mut group, rows, |row| row.key.map(|id| id.to_string()))?;
    texts(&mut group, rows, |row| {
        row.model.as_ref().map(ToString::to_string)
    })?;
    let counts: [fn(&Row) -> u64; 6] = [
        |row| row.requests,
        |row| row.prompt_tokens,
        |row| row.cached_tokens,
        |row| row.completion_tokens,
        |row| row.images,
        |row| row.audio_ms,
    ];
    for count in counts {
        let whole = |row| i64::try_from(count(row)).unwrap_or(i64::MAX);
        let values: Vec<i64> = rows.iter().map(whole).collect();
        column::<Int64Type>(&mut group, &values, None)?;
    }
    let currencies: Vec<ByteArray> = rows.iter().map(|row| row.currency.into()).collect();
    column::<ByteArrayType>(&mut group, &currencies, None)?;
    let costs: Vec<FixedLenByteArray> = rows
        .iter()
        .map(|row| ByteArray::from(row.cost.pico().to_be_bytes().to_vec()).into())
        .collect();
    column::<FixedLenByteArrayType>(&mut group, &costs, None)?;
    group.close().map(drop)
}

/// A column of texts, some of which may be missing.
fn texts(
    group: &mut SerializedRowGroupWriter<'_, Sink>,
    rows: &[Row],
    text: impl Fn(&Row) -> Option<String>,
) -> Result<(), ParquetError> {
    let all: Vec<Option<String>> = rows.iter().map(text).collect();
    let levels: Vec<i16> = all.iter().map(|text| i16::from(text.is_some())).collect();
    let there = all.into_iter().flatten();
    let values: Vec<ByteArray> = there.map(|text| text.into_bytes().into()).collect();
    column::<ByteArrayType>(group, &values, Some(&levels))
}

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Sink>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General(
            "there are more columns than the schema has".into(),
        ));
    };
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}

#[cfg(test)]
mod tests {
    use bytes::{BufMut as _, BytesMut};
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::{Field, RowAccessor as _};
    use proptest::prelude::*;
    use swan_core::Amount;

    use super::*;

    fn row(time: Option<String>, requests: u64, pico: i128) -> Row {
        Row {
            time,
            request: None,
            key: None,
            model: Some(swan_core::ModelId::new("a/b").unwrap()),
            requests,
            prompt_tokens: 1,
            cached_tokens: 2,
            completion_tokens: 3,
            images: 4,
            audio_ms: 5,
            currency: "USD",
            cost: Amount::from_pico(pico).unwrap(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// In whatever pieces rows come, the file has all of them, exactly.
        #[test]
        fn rows_come_back_as_they_were(
            pieces in prop::collection::vec(prop::collection::vec(
                (prop::option::of("[a-z:0-9]{0,12}"), any::<u32>(), -1_000_000_000_000_000_000_000_000_000_i128..=1_000_000_000_000_000_000_000_000_000),
                0..5), 0..5),
        ) {
            let mut writer = ParquetWriter::new().unwrap();
            let mut file = BytesMut::new();
            for piece in &pieces {
                let rows = piece.iter().map(|(time, requests, pico)| row(time.clone(), (*requests).into(), *pico));
                file.put(writer.piece(rows.collect(), false).unwrap());
            }
            file.put(writer.piece(Vec::new(), true).unwrap());
            let reader = SerializedFileReader::new(file.freeze()).unwrap();
            let found: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
            let all: Vec<_> = pieces.iter().flatten().collect();
            prop_assert_eq!(found.len(), all.len());
            for (found, (time, requests, pico)) in found.iter().zip(all) {
                let columns: Vec<_> = found.get_column_iter().collect();
                prop_assert_eq!(columns.len(), 12);
                let told = match columns[0].1 { Field::Str(text) => Some(text.clone()), _ => None };
                prop_assert_eq!(&told, time);
                prop_assert_eq!(found.get_long(4).unwrap(), i64::from(*requests));
                let cost = found.get_decimal(11).unwrap();
                let bytes: [u8; 16] = cost.data().try_into().unwrap();
                prop_assert_eq!((i128::from_be_bytes(bytes), cost.scale()), (*pico, 12));
            }
        }
    }
}
