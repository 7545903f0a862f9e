"""From examinations and intrinsic metrics to a ranking with intervals: gain, PGR, PG-Scores, verdict."""
