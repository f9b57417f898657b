"""A module for each prompt: its types and its calls."""
