"""The rules of the field: pure Python, no I/O, no framework, no SQL."""
