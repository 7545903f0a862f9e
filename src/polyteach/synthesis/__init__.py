"""Teachers write training data: three methods, prompts as files, answers checked."""
