"""The `promptstudio` command."""
