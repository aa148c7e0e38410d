"""What the benchmarks' RESULT lines come to: a table, and plots."""
