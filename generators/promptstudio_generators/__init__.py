"""Bundle in, project out: what turns compiled prompts into a complete project for a cloud."""
