//! Converts one object: `convert IN FORMAT OUT`, format such as `parquet`. For trying readers and
//! writers by hand and for measuring their memory.

use std::{error::Error, fs::File, io::BufWriter, path::Path};

use weir_record::{
    FileFormat,
    read::{ReadOptions, Reader},
    write::{Options, Writer},
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, format, output] = arguments.as_slice() else { return Err("usage: convert IN FORMAT OUT".into()) };
    let format = FileFormat::ALL.into_iter().find(|known| known.name() == format).ok_or("unknown format")?;
    let mut reader = Reader::from_path(Path::new(input), &ReadOptions { strict: true, ..ReadOptions::default() })?;
    let mut writer = Writer::new(BufWriter::new(File::create(output)?), &reader.schema(), &Options::of(format))?;
    for batch in reader.by_ref() {
        writer.write(&batch?)?;
    }
    let records = writer.rows();
    writer.finish()?;
    println!("{records} records written; read: {}", reader.refusals());
    Ok(())
}
