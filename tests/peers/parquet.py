"""Holds our Parquet against pyarrow and DuckDB, both ways.

    parquet.py <the example `convert` of crates/record>

Needs what requirements.txt names; `scripts/peers` installs it.
"""

import gzip
import itertools
import pathlib
import subprocess
import sys
import tempfile

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

CONVERT = sys.argv[1]
DATA = pathlib.Path(__file__).parents[2] / "crates/record/tests/data"
NUMBERS = {"version", "srcport", "dstport", "protocol", "packets", "bytes", "start", "end"}


def lines(name):
    records = [line.split(" ") for line in (DATA / f"{name}.log").read_text().splitlines()]
    return records[0], records[1:]


def shown(rows):
    return [["-" if value is None else str(value) for value in row] for row in rows]


def convert(source, form, target):
    subprocess.run([CONVERT, str(source), form, str(target)], check=True, stdout=subprocess.DEVNULL)


def theirs_read_ours(folder):
    for example in sorted(DATA.glob("*.log")):
        ours = folder / f"{example.stem}.parquet"
        convert(example, "parquet", ours)
        names, rows = lines(example.stem)
        table = pq.read_table(ours)
        assert table.column_names == [name.replace("-", "_") for name in names], example
        assert shown(row.values() for row in table.to_pylist()) == rows, example
        assert shown(duckdb.sql(f"SELECT * FROM '{ours}'").fetchall()) == rows, example


def table(number, text, hyphens):
    names, rows = lines("default")
    columns = {}
    for name, cells in zip(names, zip(*rows)):
        if name in NUMBERS:
            values = pa.array([None if cell == "-" else int(cell) for cell in cells], number)
        else:
            values = pa.array([None if cell == "-" and hyphens else cell for cell in cells]).cast(text)
        columns[name if hyphens else name.replace("-", "_")] = values
    return pa.table(columns)


def ours_read_theirs(folder):
    numbers = (pa.int32(), pa.int64(), pa.uint32(), pa.float64())
    texts = (pa.string(), pa.large_string(), pa.binary(), pa.dictionary(pa.int32(), pa.string()))
    codecs = ("none", "gzip", "snappy", "zstd")
    theirs, back = folder / "theirs.parquet", folder / "back.log.gz"
    for number, text, codec, hyphens in itertools.product(numbers, texts, codecs, (True, False)):
        page = "2.0" if hyphens else "1.0"
        pq.write_table(table(number, text, hyphens), theirs, compression=codec, data_page_version=page)
        convert(theirs, "plain-text", back)
        assert gzip.decompress(back.read_bytes()) == (DATA / "default.log").read_bytes(), (number, text, codec, hyphens)


with tempfile.TemporaryDirectory() as made:
    theirs_read_ours(pathlib.Path(made))
    ours_read_theirs(pathlib.Path(made))
print("Parquet of ours read by pyarrow and DuckDB, theirs by us: equal")
