"""The search of every parser that a stranger can reach; see docs/fuzzing.md."""
