"""Measuring Aegis at size: `python -m bench` builds the large data set and prints every figure beside its target."""
