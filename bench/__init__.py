"""Benchmarks: what the program costs against the bare work, measured in one run."""
