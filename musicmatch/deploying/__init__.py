"""From one release to the next without a closed door: see docs/scaling.md."""
