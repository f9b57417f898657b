"""The Endpoint Protocol in Python: a plain ASGI application that runs a bundle."""
