"""`python -m benchmarks.fuzz`: damage real archives by the thousand and see what reader, sanitiser and writer say.

Only documented refusals may come out: never another exception, never memory beyond a bound, never a hang, never an
archive that cannot be read again. `corpus` makes the archives, `bytewise` and `structural` damage them, `drive` feeds
one to the product, `worker` does so for many in a process of its own, `watch` guards that process.
"""
