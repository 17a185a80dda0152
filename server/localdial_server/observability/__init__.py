"""What a server shows of itself: logs and metrics."""
