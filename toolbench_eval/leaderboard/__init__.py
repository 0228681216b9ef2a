"""Boards: folders of results that anybody can prove again."""
