"""Metrics and intervals: NumPy arrays in, numbers out."""
