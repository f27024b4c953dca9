"""The whole city's standings at once, over a columnar copy of the store; nothing here serves."""
