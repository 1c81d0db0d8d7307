"""The summary of a run: its head, its sections, and the page as Markdown and HTML."""
