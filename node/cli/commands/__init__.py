"""The commands, one file for each group; `node.cli.app` loads only the file that is needed."""
