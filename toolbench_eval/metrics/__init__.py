"""Measures as pure functions of integer-indexed arrays, and the small language that names them."""
