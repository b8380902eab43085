"""A made-up organisation on real techniques: pure, deterministic by seed, reference date and loaded map.

`organisation.invent()` yields rows; `data/repositories/demo.py` brings them into the database. The same generator, told
another `Size`, makes the data of the benchmark.
"""
