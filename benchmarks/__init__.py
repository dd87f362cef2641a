"""What `make bench` runs: the bars that the design sets, measured on a production made for the purpose.

One module a matter: `history` (years of page revisions, as rows), `production` (the database and its archives), `work`
(a process that sanitises and proves one archive), `refresh` (the product's whole way), `rivals` and `birdbath` (other
ways), `sampled` and `stages` (where the time goes), `orchestration` and `server` (Dagster), `codec`, `media`,
`resources` (processor time and memory), `figures` (what is measured, against which bar), `page` (the table and
docs/benchmarks.md). Linux only: servers are measured from /proc.
"""
