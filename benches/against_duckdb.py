"""Times `trueup reconcile --from` against DuckDB on the same files, in one interleaved run, and prints the ratios.

  pip install duckdb
  cargo build --release
  python3 benches/against_duckdb.py DIR [--period 2026-10] [--rounds 5]

DIR holds the exports of a month and ground_truth_mappings.csv. Two peers: DuckDB as one would write it (read both long files
into tables, then query) and DuckDB at its best (typed columns, streaming aggregation, order of rows given up). Wall time, CPU
time and peak resident memory are those of the whole process, read from the kernel; medians of the rounds. Both results are
compared cell by cell first: a figure for a wrong result would mean nothing.
"""
import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
from decimal import Decimal

HERE = os.path.dirname(os.path.abspath(__file__))


def table(path):
    with open(path, encoding="utf-8", newline="") as f:
        rows = csv.DictReader(f)
        names = ["class", "flags"]
        numbers = ["vendorQuantity", "psaQuantity", "quantityVariance", "vendorAmount", "psaAmount", "psaIncludedAmount",
                   "amountVariance", "vendorCost", "psaCost"]
        return {(r["currencyCode"], r["companyKey"], r["productKey"]): tuple(r[n] for n in names) + tuple(Decimal(r[n]) for n in numbers)
                for r in rows}


def run(command):
    """Wall seconds, CPU seconds and peak memory in MiB of one process."""
    started = os.times().elapsed
    with open(os.devnull, "w", encoding="utf-8") as null:
        process = subprocess.Popen(command, stdout=null, stderr=subprocess.PIPE)
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
    wall = os.times().elapsed - started
    if status != 0:
        sys.exit(f"{' '.join(command)}: status {status}: {said.decode(errors='replace')}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("dir")
    ap.add_argument("--period", default="2026-10")
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--trueup", default=os.path.join(HERE, "..", "target", "release", "trueup"))
    a = ap.parse_args()
    with tempfile.TemporaryDirectory() as out:
        place = {name: os.path.join(out, name) for name in ("trueup", "duckdb loaded", "duckdb streamed")}
        duckdb = [sys.executable, os.path.join(HERE, "duckdb_reconcile.py"), a.dir, a.period]
        commands = {
            "trueup": [a.trueup, "reconcile", "--quiet", "--from", a.dir, "--period", a.period, "--links",
                       os.path.join(a.dir, "ground_truth_mappings.csv"), "--out", place["trueup"]],
            "duckdb loaded": duckdb + [place["duckdb loaded"], "--load"],
            "duckdb streamed": duckdb + [place["duckdb streamed"]],
        }
        results = {name: [] for name in commands}
        for turn in range(a.rounds + 1):  # the first turn fills the page cache and is not counted
            for name, command in commands.items():
                measured = run(command)
                if turn > 0:
                    results[name].append(measured)
        tables = {name: table(os.path.join(path, "variances.csv")) for name, path in place.items()}
        for name, found in tables.items():
            if found != tables["trueup"]:
                sys.exit(f"{name} and trueup differ: {len(found)} and {len(tables['trueup'])} rows")
        print(f"{len(tables['trueup'])} rows, the same in all three; medians of {a.rounds} rounds")
        medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in results.items()}
        for name, (wall, cpu, memory) in medians.items():
            spread = [row[0] for row in results[name]]
            print(f"{name:16} wall {wall:6.2f} s ({min(spread):.2f} to {max(spread):.2f})  cpu {cpu:6.2f} s  peak {memory:7.1f} MiB")
        for name in ("duckdb loaded", "duckdb streamed"):
            ratio = [mine / theirs for mine, theirs in zip(medians["trueup"], medians[name])]
            print(f"trueup / {name:16} wall {ratio[0]:.2f}  cpu {ratio[1]:.2f}  peak memory {ratio[2]:.2f}")


if __name__ == "__main__":
    main()
