"""The commands of `scripts/harness`: each module has its own in `COMMANDS`."""
