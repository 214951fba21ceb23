"""Rules tried before they are trusted: on recorded readings, and on cases somebody has written down."""
