"""The domain of a watched community, pure: no input or output, no clock, no logger.

State machines are plain functions: ``(state, event, now) -> (state, domain events)``.
Times are Unix milliseconds, UTC (``int``), unless a name says otherwise.
"""
