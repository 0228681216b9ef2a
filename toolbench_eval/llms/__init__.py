"""The one door to language models: messages in, text and usage out."""
