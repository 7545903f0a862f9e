"""What people read: the leaderboard in the terminal, a CSV, and one self-contained page."""
