"""Times seven questions over the same objects: weir beside DuckDB, Polars and, over Parquet, ClickHouse, on two threads each.

Every engine answers a question in a process of its own, from nothing: start, open, inflate, decode, answer. The
engines take turns, so that a change in the machine's mood hits all of them. Printed: median seconds, and how many
times the first engine's time the others take. The answers are compared before anything is timed.
"""

import argparse
import csv
import io
import os
import statistics
import subprocess
import sys
import time

COLUMNS = {
    "version": "INTEGER", "account_id": "VARCHAR", "interface_id": "VARCHAR", "srcaddr": "VARCHAR", "dstaddr": "VARCHAR",
    "srcport": "INTEGER", "dstport": "INTEGER", "protocol": "INTEGER", "packets": "BIGINT", "bytes": "BIGINT",
    "start": "BIGINT", "end": "BIGINT", "action": "VARCHAR", "log_status": "VARCHAR",
}

# Ties are broken, so that every engine has one right answer.
QUESTIONS = {
    "count": "SELECT count(*) AS n FROM vpc_flow_logs",
    "rejected-sources": "SELECT srcaddr, count(*) AS n FROM vpc_flow_logs WHERE action = 'REJECT' GROUP BY srcaddr "
                        "ORDER BY n DESC, srcaddr LIMIT 20",
    "rejected-tcp": "SELECT srcaddr, dstaddr, dstport, start FROM vpc_flow_logs WHERE action = 'REJECT' AND protocol = 6 "
                    "ORDER BY srcaddr, dstaddr, dstport, start LIMIT 100",
    "top-bytes": "SELECT ip, sum(b) AS total FROM (SELECT dstaddr AS ip, sum(bytes) AS b FROM vpc_flow_logs GROUP BY 1 "
                 "UNION ALL SELECT srcaddr AS ip, sum(bytes) AS b FROM vpc_flow_logs GROUP BY 1) AS t "
                 "WHERE ip <> '-' GROUP BY ip ORDER BY total DESC, ip LIMIT 10",
    "ssh-rdp": "SELECT srcaddr, dstaddr, srcport, dstport, bytes, start FROM vpc_flow_logs WHERE srcport IN (22, 3389) "
               "OR dstport IN (22, 3389) ORDER BY start, srcaddr, dstaddr, srcport, dstport, bytes",
    "bytes-by-protocol": "SELECT protocol, sum(bytes) AS total FROM vpc_flow_logs WHERE bytes > 0 GROUP BY protocol "
                         "ORDER BY protocol",
    "longest": "SELECT srcaddr, dstaddr, start, \"end\", \"end\" - start AS duration FROM vpc_flow_logs "
               "WHERE srcaddr <> '-' ORDER BY duration DESC, srcaddr, dstaddr, start LIMIT 10",
}

DUCKDB = """
import sys, duckdb
folder, sql = sys.argv[1:3]
db = duckdb.connect(config={"threads": 2})
db.execute("SET enable_progress_bar = false")
columns = %(columns)r
db.execute(f"CREATE VIEW vpc_flow_logs AS SELECT * FROM read_csv('{folder}/**/*.log.gz', delim=' ', header=true, "
           f"nullstr='-', quote='', escape='', auto_detect=false, columns={columns})"
           if folder and not folder.endswith('parquet') else
           f"CREATE VIEW vpc_flow_logs AS SELECT * FROM read_parquet('{folder}/**/*.parquet')")
rows = db.execute(sql).fetchall()
sys.stdout.write("".join(",".join("" if v is None else str(v) for v in row) + "\\n" for row in rows))
"""

POLARS = """
import os, sys, glob
os.environ["POLARS_MAX_THREADS"] = "2"
import polars as pl
folder, sql = sys.argv[1:3]
columns = %(columns)r
types = {"INTEGER": pl.Int32, "BIGINT": pl.Int64, "VARCHAR": pl.String}
if folder.endswith("parquet"):
    frame = pl.scan_parquet(f"{folder}/**/*.parquet")
else:
    frame = pl.scan_csv(sorted(glob.glob(f"{folder}/**/*.log.gz", recursive=True)), separator=" ", quote_char=None,
                        null_values="-", schema={k.replace("_", "-"): types[v] for k, v in columns.items()},
                        has_header=True).rename(lambda name: name.replace("-", "_"))
rows = pl.SQLContext(vpc_flow_logs=frame).execute(sql).collect(engine="streaming").rows()
sys.stdout.write("".join(",".join("" if v is None else str(v) for v in row) + "\\n" for row in rows))
"""

CLICKHOUSE = """
import sys
from chdb.session import Session
folder, sql = sys.argv[1:3]
session = Session()
session.query("SET max_threads = 2")
session.query(f"CREATE VIEW vpc_flow_logs AS SELECT * FROM file('{folder}/**/*.parquet', Parquet)")
sys.stdout.write(session.query(sql, "CSV").bytes().decode().replace("\\\\N", ""))
"""


def weir(arguments, sql, *further):
    return [arguments.weir, "query", "--threads", "2", "--from", arguments.data, "--output", "csv", *further, sql]


def weir_again(arguments, sql):
    """Weir that was asked before: with columnar copies of the text."""
    return weir(arguments, sql, "--data", "bench/data/weir", "--columnar-copies", "8GiB")


def weir_parquet(arguments, sql):
    """Weir over the same records as Parquet of its own."""
    return [arguments.weir, "query", "--threads", "2", "--from", "bench/data/parquet", "--output", "csv", sql]


def python(program):
    code = program % {"columns": COLUMNS}
    return lambda arguments, sql: [sys.executable, "-c", code, arguments.data, sql]


ENGINES = {
    "weir": weir, "weir-again": weir_again, "weir-parquet": weir_parquet,
    "duckdb": python(DUCKDB), "polars": python(POLARS), "clickhouse": python(CLICKHOUSE),
}


def answer(command):
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.strip()[-2000:]}")
    return seconds, done.stdout


def rows(engine, text):
    read = list(csv.reader(io.StringIO(text)))
    if engine.startswith("weir"):
        read = read[1:]
    # NODATA records: text columns hold `-` in weir and NULL in the others
    return [["" if cell == "-" else cell for cell in row] for row in read]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir", default="target/release/weir")
    parser.add_argument("--data", default="bench/data/text")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", nargs="*", default=["weir", "duckdb", "polars"])
    arguments = parser.parse_args()

    if "weir-again" in arguments.engines:
        answer(weir_again(arguments, QUESTIONS["count"]))
    first = arguments.engines[0]
    print(f"| question | {' | '.join(f'{e} s' for e in arguments.engines)} | "
          f"{' | '.join(f'{e} / {first}' for e in arguments.engines if e != first)} |")
    print("|" + "---|" * (2 * len(arguments.engines)))
    for name, sql in QUESTIONS.items():
        times = {engine: [] for engine in arguments.engines}
        answers = {}
        for _ in range(arguments.rounds):
            for engine in arguments.engines:
                seconds, text = answer(ENGINES[engine](arguments, sql))
                times[engine].append(seconds)
                answers[engine] = rows(engine, text)
        for engine in arguments.engines:
            if answers[engine] != answers[first]:
                print(f"{name}: {engine} and {first} disagree", file=sys.stderr)
                for mine, theirs in zip(answers[first], answers[engine]):
                    if mine != theirs:
                        print(f"  {mine}\n  {theirs}", file=sys.stderr)
                        break
                sys.exit(1)
        medians = {engine: statistics.median(times[engine]) for engine in arguments.engines}
        ratios = [f"{medians[e] / medians[first]:.1f}" for e in arguments.engines if e != first]
        print(f"| {name} | {' | '.join(f'{medians[e]:.2f}' for e in arguments.engines)} | {' | '.join(ratios)} |",
              flush=True)


if __name__ == "__main__":
    main()
