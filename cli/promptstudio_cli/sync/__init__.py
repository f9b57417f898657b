"""A Git folder of .prompt files and a workspace, kept in step by `push` and `pull`."""
