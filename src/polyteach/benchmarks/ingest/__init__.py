"""Results that people already have: result files of evaluation libraries, read into records of one kind."""
