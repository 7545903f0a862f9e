"""The command line: one file a command, each thin. Nothing heavy is imported before a command needs it."""
