"""Reads a Parquet file with DuckDB: prints the names and types of its columns, and its rows as texts."""

import json
import sys

import duckdb

rows = duckdb.connect().execute("SELECT * FROM read_parquet(?)", [sys.argv[1]])
columns = [[name, str(kind)] for name, kind, *_ in rows.description]
text = lambda value: value if value is None else format(value, "f") if hasattr(value, "as_tuple") else str(value)
print(json.dumps({"columns": columns, "rows": [[text(value) for value in row] for row in rows.fetchall()]}))
