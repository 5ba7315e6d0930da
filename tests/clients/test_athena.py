"""SQL over delivered records: PyAthena and awswrangler, each in its ways."""

import gzip

import awswrangler
import pandas
import pytest
from pyathena import connect
from pyathena.error import OperationalError
from pyathena.pandas.cursor import PandasCursor
from sqlalchemy import create_engine, inspect, text

RESULTS = "s3://lab/results/"
HEADER = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
RECORDS = ["2 123456789012 eni-0a 10.0.0.5 10.0.0.9 40000 443 6 10 6000 1600000000 1600000060 ACCEPT OK",
           "2 123456789012 eni-0a 10.0.0.6 10.0.0.9 40001 22 6 1 60 1600000000 1600000060 REJECT OK",
           "2 123456789012 eni-0a 10.0.0.6 10.0.0.9 40002 22 6 2 120 1600000000 1600000060 REJECT OK",
           "2 123456789012 eni-0a - - - - - - - 1600000060 1600000120 - NODATA"]
TABLE = """
CREATE EXTERNAL TABLE flows (
  version int, account_id string, interface_id string, srcaddr string, dstaddr string, srcport int, dstport int,
  protocol bigint, packets bigint, bytes bigint, start bigint, `end` bigint, action string, log_status string)
ROW FORMAT DELIMITED FIELDS TERMINATED BY ' '
LOCATION 's3://lab/flows/'
TBLPROPERTIES ("skip.header.line.count"="1")"""
REFUSED = "SELECT srcaddr, count(*) AS flows, sum(bytes) AS bytes FROM flows WHERE action = 'REJECT' GROUP BY srcaddr"


@pytest.fixture
def filled(client, variables):
    s3 = client("s3")
    s3.create_bucket(Bucket="lab")
    s3.put_object(Bucket="lab", Key="flows/one.log.gz", Body=gzip.compress("\n".join([HEADER, *RECORDS, ""]).encode()))
    with connect(s3_staging_dir=RESULTS).cursor() as cursor:
        cursor.execute(TABLE)
    return s3


def test_a_cursor(filled):
    with connect(s3_staging_dir=RESULTS).cursor() as cursor:
        cursor.execute(REFUSED)
        assert [column[0] for column in cursor.description] == ["srcaddr", "flows", "bytes"]
        assert cursor.fetchall() == [("10.0.0.6", 2, 180)]
        cursor.execute("SELECT dstport FROM flows WHERE srcaddr = %(source)s ORDER BY srcport", {"source": "10.0.0.6"})
        assert [port for port, in cursor] == [22, 22]
        cursor.execute("SELECT srcport FROM flows WHERE bytes > ?", ["1000"], paramstyle="qmark")
        assert cursor.fetchall() == [(40000,)]
        with pytest.raises(OperationalError, match="nowhere"):
            cursor.execute("SELECT * FROM nowhere")


def test_pandas(filled):
    with connect(s3_staging_dir=RESULTS, cursor_class=PandasCursor).cursor() as cursor:
        frame = cursor.execute(REFUSED).as_pandas()
    expected = pandas.DataFrame({"srcaddr": ["10.0.0.6"], "flows": [2], "bytes": [180]})
    pandas.testing.assert_frame_equal(frame, expected, check_dtype=False)


def test_sqlalchemy(weir, filled):
    url = f"awsathena+rest://@athena.us-east-1.amazonaws.com:443/default?s3_staging_dir={RESULTS}"
    engine = create_engine(url, connect_args={"endpoint_url": weir.url})
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM flows WHERE action = 'ACCEPT'")).scalar() == 1
    columns = inspect(engine).get_columns("flows")
    assert [column["name"] for column in columns][:3] == ["version", "account_id", "interface_id"]
    assert inspect(engine).has_table("flows") and not inspect(engine).has_table("nowhere")


@pytest.mark.parametrize("ctas", [True, False])
def test_awswrangler(filled, ctas):
    frame = awswrangler.athena.read_sql_query(REFUSED, database="default", s3_output=RESULTS, ctas_approach=ctas)
    assert frame.values.tolist() == [["10.0.0.6", 2, 180]]
    # The table that it made on the way is gone.
    assert list(awswrangler.catalog.tables(database="default")["Table"]) == ["flows"]


def test_awswrangler_on_objects(filled):
    frame = pandas.DataFrame({"port": [22, 443], "flows": [2, 1]})
    awswrangler.s3.to_parquet(frame, "s3://lab/made/ports.parquet")
    assert awswrangler.s3.list_objects("s3://lab/made/") == ["s3://lab/made/ports.parquet"]
    back = awswrangler.s3.read_parquet("s3://lab/made/")
    assert back.values.tolist() == [[22, 2], [443, 1]]
    awswrangler.s3.delete_objects("s3://lab/made/")
    assert awswrangler.s3.list_objects("s3://lab/made/") == []
