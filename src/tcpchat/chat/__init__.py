"""The chat itself: rules decide, effects change, the fan-out tells. It has no socket and never waits."""
