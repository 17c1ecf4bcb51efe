"""What the site says of itself: log lines, metrics, reports of errors, its status."""
