"""The little of an exchange that a browser's phone needs to sign in."""

from playwright.async_api import WebSocketRoute

URL = "wss://exchange.example/ws"


class Registrar:
    """Lets every phone in; keeps what each said, as first lines of requests and answers."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._socket: WebSocketRoute | None = None

    def take(self, socket: WebSocketRoute) -> None:
        """Take a connection of a phone."""
        self._socket = socket
        socket.on_message(lambda message: self._heard(str(message)))

    def _heard(self, message: str) -> None:
        first, *lines = message.split("\r\n")
        if not first:
            return  # it shows that it lives
        self.said.append(first)
        if not first.startswith("REGISTER") or self._socket is None:
            return
        fields = dict(line.split(": ", 1) for line in lines if ": " in line)
        kept = ("Via", "From", "Call-ID", "CSeq", "Contact")
        self._socket.send(
            "\r\n".join(
                [
                    "SIP/2.0 200 OK",
                    *(f"{name}: {fields[name]}" for name in kept),
                    f"To: {fields['To']};tag=exchange",
                    "Expires: 120",
                    "Content-Length: 0",
                    "",
                    "",
                ]
            )
        )
