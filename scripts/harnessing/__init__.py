"""The operators' harness: cities under load and faults, checked from what they kept."""
