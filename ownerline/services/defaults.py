"""Where processes listen when nobody says otherwise; apart, so that help is shown at once."""

LOOPBACK = "127.0.0.1"
PORT = 8080
