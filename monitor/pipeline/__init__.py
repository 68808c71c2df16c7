"""Know the order of the rooms: what comes in, what becomes of it, what goes out."""
