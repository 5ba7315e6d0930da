//! The countries of records: `src-geoip` and `dst-geoip` of all that this server keeps, whoever recorded it.
//!
//! Who records knows addresses only. The database files are the server's, and so records of agents say what its own say.

use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::{ArrayRef, AsArray as _, StringViewBuilder},
    record_batch::RecordBatch,
};
use weir_atlas::Atlas;
use weir_record::{Field, Format};

use crate::fresh::Fresh;

/// What tells the countries of records.
#[derive(Clone)]
pub struct Countries(Arc<Fresh<Atlas>>);

/// What records must say so that countries can be told: the format, and behind it the addresses that it lacks.
pub fn needed(format: &Format) -> Format {
    let addresses: Vec<Field> = format.fields().iter().filter_map(|field| address_of(*field)).collect();
    format.with(&addresses)
}

impl Countries {
    /// By these database files, as they are when records come.
    pub fn new(atlas: Arc<Fresh<Atlas>>) -> Self {
        Self(atlas)
    }

    /// Makes records of this format of such as are [`needed`] for it. What they say of countries before does not matter.
    pub fn tell(&self, records: Vec<RecordBatch>, format: &Format) -> Vec<RecordBatch> {
        if format.fields().iter().all(|field| address_of(*field).is_none()) {
            return records;
        }
        let atlas = self.0.now();
        records.iter().map(|batch| told(batch, format, &atlas)).collect()
    }
}

/// The address that a field says the country of.
fn address_of(field: Field) -> Option<Field> {
    match field {
        Field::SrcGeoip => Some(Field::SrcAddr),
        Field::DstGeoip => Some(Field::DstAddr),
        _ => None,
    }
}

fn told(batch: &RecordBatch, format: &Format, atlas: &Atlas) -> RecordBatch {
    let column = |(field, column): (&Field, &ArrayRef)| {
        let addresses = address_of(*field).and_then(|address| batch.column_by_name(address.column()));
        addresses.map_or_else(|| Arc::clone(column), |addresses| countries(addresses, atlas))
    };
    let columns = format.fields().iter().zip(batch.columns()).map(column).collect();
    #[allow(clippy::expect_used, reason = "the columns are the first of the needed ones, and as long")]
    RecordBatch::try_new(format.schema(), columns).expect("columns agree with the schema")
}

/// The countries of a column of addresses; `-` where there is no address, or nothing is known of it.
fn countries(addresses: &ArrayRef, atlas: &Atlas) -> ArrayRef {
    let mut known: HashMap<&str, Option<String>> = HashMap::new();
    let mut told = StringViewBuilder::with_capacity(addresses.len());
    for text in addresses.as_string_view() {
        let code = text.and_then(|text| known.entry(text).or_insert_with(|| country(text, atlas)).as_deref());
        told.append_value(code.unwrap_or("-"));
    }
    Arc::new(told.finish())
}

/// Of a file that is damaged at an address the console tells: here it would be said for each record.
fn country(address: &str, atlas: &Atlas) -> Option<String> {
    let place = atlas.look_up(address.parse().ok()?).ok().flatten()?;
    // Another text could shift the fields of a line.
    place.country_code.filter(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use arrow::util::display::array_value_to_string;
    use weir_record::{BatchBuilder, Value};

    use super::*;
    use crate::fixture::database;

    fn countries() -> Countries {
        let file = tempfile::NamedTempFile::new().unwrap();
        let entries = [
            ("203.0.113.0/24", r#"{"country": {"iso_code": "CH"}}"#),
            ("2001:db8::/32", r#"{"country": {"iso_code": "DE"}}"#),
            ("198.51.100.0/24", r#"{"country": {"iso_code": "F R"}}"#),
        ];
        std::fs::write(file.path(), database("Country", &entries)).unwrap();
        let files = vec![file.path().to_owned()];
        Countries::new(Arc::new(Fresh::open("the atlas", files.clone(), move || Ok(Atlas::open(&files)?)).unwrap()))
    }

    /// Records with these addresses, told, as lines.
    fn told(format: &str, addresses: &[(&str, &str)]) -> Vec<String> {
        let format: Format = format.parse().unwrap();
        let mut builder = BatchBuilder::new(needed(&format));
        for (source, destination) in addresses {
            builder.push(|field| match field {
                Field::SrcAddr => Value::Text(source),
                Field::DstAddr => Value::Text(destination),
                Field::Bytes => Value::Number(7),
                Field::SrcGeoip => Value::Text("ZZ"),
                _ => Value::Absent,
            });
        }
        let told = countries().tell(vec![builder.finish()], &format);
        assert_eq!(told[0].schema(), format.schema());
        let line = |row| {
            let cells = told[0].columns().iter().map(|column| array_value_to_string(column, row).unwrap());
            cells.collect::<Vec<_>>().join(" ")
        };
        (0..told[0].num_rows()).map(line).collect()
    }

    #[test]
    fn the_servers_files_say_the_countries_and_nobody_else() {
        let format = "${src-geoip} ${srcaddr} ${bytes} ${dstaddr} ${dst-geoip}";
        let addresses =
            [("203.0.113.9", "10.0.0.1"), ("10.0.0.1", "2001:db8::1"), ("-", "-"), ("198.51.100.1", "203.0.113.9")];
        let expected = [
            "CH 203.0.113.9 7 10.0.0.1 -",
            "- 10.0.0.1 7 2001:db8::1 DE",
            "- - 7 - -",
            "- 198.51.100.1 7 203.0.113.9 CH",
        ];
        assert_eq!(told(format, &addresses), expected);
    }

    #[test]
    fn addresses_that_the_format_lacks_are_needed_and_left_out_again() {
        let addresses = [("203.0.113.9", "2001:db8::1")];
        assert_eq!(told("${dst-geoip} ${bytes} ${src-geoip}", &addresses), ["DE 7 CH"]);
        assert_eq!(told("${bytes}", &addresses), ["7"]);
        let fields = |format: &str| needed(&format.parse().unwrap()).to_string();
        assert_eq!(fields("${dst-geoip} ${bytes}"), "${dst-geoip} ${bytes} ${dstaddr}");
        assert_eq!(fields("${srcaddr} ${src-geoip}"), "${srcaddr} ${src-geoip}");
    }
}
