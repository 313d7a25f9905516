"""Stand between the socket and the routes: host and origin, password, token, rate limits, faults."""
