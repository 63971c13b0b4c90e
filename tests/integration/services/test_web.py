"""Sockets of the web servers."""

import socket

import pytest

from ownerline.services.web import AddressTakenError, listen


def test_what_is_answered_waits_for_no_acknowledgement() -> None:
    with (
        listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_an_address_that_is_taken_is_named() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(AddressTakenError, match=str(port)):
            listen("127.0.0.1", port)
