"""The data files: found, fingerprinted, checked.

`folders` finds the files. `checks` has them read in pieces: `scan` reads one (`csv_header`, `csv_rows`) and answers
`Findings`; those of all pieces make a `Summary`, and `verdict` puts it into words. What is too much for one call is
read by several (`spread`), which keep what they found (`memory`).
"""
