"""Boards as a static web page: no server, no request to anywhere, opened from a folder."""
