"""A cluster in simulated time: the project's own graphs and schedule, seconds from elsewhere."""
