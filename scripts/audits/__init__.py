"""What is installed: its locks, its licences, and what is known against it."""
