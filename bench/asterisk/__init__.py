"""The Asterisk bridge under load: a real Asterisk between the dialer and an exchange of phones."""
